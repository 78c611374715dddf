"""EIP-2612: allowances by signature. Every misuse is refused; what is granted is an allowance like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from eth_account import Account
from eth_utils.crypto import keccak

from lab.accounts import KEYS
from lab.chain import Receipt, Reverted
from lab.interface import CHAIN_ID
from lab.world import World
from vyper_target.modes import strategy
from vyper_target.vaults import USDC, Deployed, deploy

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1."""

NOBODY = "0x" + "00" * 20
UNLIMITED = 2**256 - 1
HOUR = 3_600

TYPES = {
    "Permit": [
        {"name": name, "type": kind}
        for name, kind in (
            ("owner", "address"),
            ("spender", "address"),
            ("value", "uint256"),
            ("nonce", "uint256"),
            ("deadline", "uint256"),
        )
    ]
}


@dataclass(frozen=True)
class Permit:
    """What is signed, by whom, and for which contract on which chain."""

    vault: Deployed
    owner: str
    spender: str
    value: int
    deadline: int
    nonce: int = 0
    signer: str = ""
    chain_id: int = CHAIN_ID
    version: str = "1"

    def signature(self) -> tuple[int, bytes, bytes]:
        """(v, r, s), by the wallet's own reading of EIP-712."""
        domain = {
            "name": self.vault.call("name"),
            "version": self.version,
            "chainId": self.chain_id,
            "verifyingContract": self.vault.address,
        }
        fields = ("owner", "spender", "value", "nonce", "deadline")
        message = {name: getattr(self, name) for name in fields}
        signed = Account.sign_typed_data(KEYS[self.signer or self.owner], domain, TYPES, message)
        return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")

    def send(self, signature: tuple[int, bytes, bytes] | None = None, to: Deployed | None = None) -> Receipt:
        """Anybody may: it is sent by an account that has nothing to do with it."""
        arguments = (self.owner, self.spender, self.value, self.deadline, *(signature or self.signature()))
        contract = (to or self.vault).contract
        return contract.send("permit", *arguments, sender=contract.chain.accounts[8])

    def refusal(self, signature: tuple[int, bytes, bytes] | None = None, to: Deployed | None = None) -> str:
        with pytest.raises(Reverted) as caught:
            self.send(signature, to)
        assert self.vault.call("allowance", self.owner, self.spender) == 0
        return caught.value.reason


@pytest.fixture
def vault(revm_world: World) -> Deployed:
    deployed = deploy(revm_world, strategy("idle only"))
    deployed.deposit(revm_world.users[0], 1_000 * USDC)
    return deployed


@pytest.fixture
def permit(vault: Deployed) -> Permit:
    alice, bob = vault.world.users[:2]
    return Permit(vault, alice, bob, 100 * 10**18, vault.world.chain.timestamp() + HOUR)


def test_the_domain_is_that_of_the_standard(vault: Deployed) -> None:
    kind = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    name, version = keccak(text=vault.call("name")), keccak(text="1")
    words = (kind, name, version, CHAIN_ID.to_bytes(32, "big"), bytes(12) + bytes.fromhex(vault.address[2:]))
    assert vault.call("DOMAIN_SEPARATOR") == keccak(b"".join(words))


def test_a_permit_is_an_approval_by_its_owner(permit: Permit) -> None:
    receipt = permit.send()
    assert receipt.event("Approval").args == {
        "owner": permit.owner, "spender": permit.spender, "value": permit.value,
    }  # fmt: skip
    assert permit.vault.call("allowance", permit.owner, permit.spender) == permit.value
    assert permit.vault.call("nonces", permit.owner) == 1
    replace(permit, nonce=1, value=7).send()
    assert permit.vault.call("allowance", permit.owner, permit.spender) == 7


def test_its_allowance_moves_and_redeems_shares(permit: Permit) -> None:
    permit.send()
    vault, alice, bob = permit.vault, permit.owner, permit.spender
    vault.contract.send("transferFrom", alice, bob, 10 * 10**18, sender=bob)
    before = vault.world.usdc.balance(bob)
    vault.contract.send("redeem", 90 * 10**18, bob, alice, sender=bob)
    assert vault.world.usdc.balance(bob) == before + 90 * USDC
    assert vault.call("allowance", alice, bob) == 0
    with pytest.raises(Reverted, match="allowance too low"):
        vault.contract.send("redeem", 1, bob, alice, sender=bob)


def test_a_permit_without_limit_is_never_used_up(permit: Permit) -> None:
    vault, alice, bob = permit.vault, permit.owner, permit.spender
    replace(permit, value=UNLIMITED).send()
    vault.contract.send("transferFrom", alice, bob, 10**18, sender=bob)
    assert vault.call("allowance", alice, bob) == UNLIMITED


def test_a_permit_is_good_until_its_deadline_and_not_a_second_longer(permit: Permit) -> None:
    chain = permit.vault.world.chain
    chain.warp(HOUR + 1)
    assert permit.refusal() == "permit: expired"
    replace(permit, deadline=chain.timestamp()).send()


def test_a_permit_is_used_once(permit: Permit) -> None:
    permit.send()
    permit.vault.contract.send("approve", permit.spender, 0, sender=permit.owner)
    assert permit.refusal() == "permit: not signed"


WRONG: dict[str, Callable[[Permit], Permit]] = {
    "another signer": lambda one: replace(one, signer=one.spender),
    "a nonce that comes later": lambda one: replace(one, nonce=1),
    "another chain": lambda one: replace(one, chain_id=1),
    "another version": lambda one: replace(one, version="2"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_signature_of_something_else_is_refused(permit: Permit, what: str) -> None:
    assert WRONG[what](permit).refusal() == "permit: not signed"


@pytest.mark.parametrize("field", ["owner", "spender", "value", "deadline"])
def test_a_permit_with_a_word_changed_is_refused(permit: Permit, field: str) -> None:
    changed = {"owner": permit.vault.world.users[2], "spender": permit.vault.world.users[2]}
    other = replace(permit, **{field: changed.get(field, permit.value + permit.deadline)})
    assert other.refusal(permit.signature()) == "permit: not signed"


def test_a_permit_for_another_vault_is_refused(permit: Permit) -> None:
    twin = deploy(permit.vault.world, strategy("idle only"))
    assert twin.call("DOMAIN_SEPARATOR") != permit.vault.call("DOMAIN_SEPARATOR")
    assert permit.refusal(to=twin) == "permit: not signed"


def test_the_twin_of_a_signature_is_refused(permit: Permit) -> None:
    """The same r with the other s and v is by the same signer: with it a signature would not be one of a kind."""
    v, r, s = permit.signature()
    twin = (55 - v, r, (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big"))
    assert permit.refusal(twin) == "permit: not signed"
    permit.send((v, r, s))


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_no_signature_is_nobodys(permit: Permit, v: int) -> None:
    """What nobody signed recovers to the zero address, which holds no shares and allows nothing."""
    _, r, s = permit.signature()
    assert permit.refusal((v, r, s)) == "permit: not signed"
    assert replace(permit, owner=NOBODY, signer=permit.owner).refusal((v, r, s)) == "permit: not signed"


def test_who_sends_a_permit_first_does_no_harm(permit: Permit) -> None:
    """Front run, the owner's own transaction fails, but the allowance is there: that is what he signed."""
    signature = permit.signature()
    permit.send(signature)
    with pytest.raises(Reverted, match="permit: not signed"):
        permit.send(signature)
    assert permit.vault.call("allowance", permit.owner, permit.spender) == permit.value
