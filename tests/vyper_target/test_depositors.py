"""Shares for those who are attested, with the Ethereum Attestation Service's own contracts: call by call.

Who is admitted, by which attestations, until when, and that the way out needs none is told in the stories of
`tests/differential`; here is what they do not tell.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.artifacts import vyper_artifact
from lab.chain import Reverted
from lab.eas import deploy_eas
from lab.world import World
from vyper_target.vaults import MEMBERSHIP, USDC, Deployed, deploy, example, proved

PROXY = Path(__file__).with_name("failing_proxy.vy")
RESOLVER = "0x" + "00" * 19 + "07"


@pytest.fixture
def members(revm_world: World) -> Deployed:
    """Members, with the first user admitted and 1,000 USDC of theirs in it."""
    return joined(deploy(revm_world, example("members")))


def joined(vault: Deployed, data: bytes = b"") -> Deployed:
    user = vault.world.users[0]
    vault.contract.send("admit", attested(vault, user, data))
    vault.deposit(user, 1_000 * USDC)
    return vault


def attested(vault: Deployed, user: str, data: bytes = b"") -> bytes:
    """A membership's uid."""
    return vault.eas.attest(vault.attester, vault.call("SCHEMA"), user, data=data)


def refused(vault: Deployed, fn: str, *args: object, sender: str) -> str:
    with pytest.raises(Reverted) as caught:
        vault.contract.send(fn, *args, sender=sender)
    return caught.value.reason


def test_the_schema_is_the_one_of_the_strategy(members: Deployed) -> None:
    uid, resolver, revocable, text = members.eas.registry.call("getSchema", members.call("SCHEMA"))
    assert (uid, resolver, revocable, text) == (members.call("SCHEMA"), "0x" + "00" * 20, True, MEMBERSHIP)


@pytest.mark.parametrize(
    ("text", "resolver", "revocable"),
    [("bool isGuest", None, True), (MEMBERSHIP, RESOLVER, True), (MEMBERSHIP, None, False)],
)
def test_a_vault_is_not_deployed_for_a_schema_that_is_not_there(
    revm_world: World, text: str, resolver: str | None, revocable: bool
) -> None:
    eas = deploy_eas(revm_world.chain, revm_world.admin)
    eas.register(text, *([resolver] if resolver else []), revocable=revocable)
    with pytest.raises(Reverted, match="depositors: no such schema"):
        deploy(revm_world, example("members"), depositors_service=eas.service)


def test_a_schema_with_a_resolver_is_another(revm_world: World) -> None:
    eas = deploy_eas(revm_world.chain, revm_world.admin)
    schema = eas.register(MEMBERSHIP, RESOLVER)
    bound = {"depositors_service": eas.service, "depositors_resolver": RESOLVER}
    assert deploy(revm_world, example("members"), **bound).call("SCHEMA") == schema


def test_an_attestation_may_say_more_and_is_noted_with_an_event(members: Deployed) -> None:
    user = members.world.users[1]
    uid = attested(members, user, b"\1" * 5_000)
    event = members.contract.send("admit", uid, sender=members.world.users[2]).event("Admitted")
    assert (event["account"], event["attestation"]) == (user, uid) == (user, members.call("attestation_of", user))
    members.deposit(user, USDC)


def test_limits_are_nothing_for_who_may_not_hold_shares(members: Deployed) -> None:
    member, stranger = members.world.users[:2]
    assert members.call("maxDeposit", member) == 249_000 * USDC
    assert members.call("maxMint", member) == members.call("previewDeposit", 249_000 * USDC)
    assert members.call("maxDeposit", stranger) == members.call("maxMint", stranger) == 0
    assert members.call("maxDeposit", "0x" + "00" * 20) == 0


def test_nobody_sends_shares_by_allowance_to_who_may_not_hold_them(members: Deployed) -> None:
    member, stranger = members.world.users[:2]
    half = members.call("balanceOf", member) // 2
    members.contract.send("approve", stranger, half, sender=member)
    for receiver in (stranger, members.address):
        why = refused(members, "transferFrom", member, receiver, half, sender=stranger)
        assert why == "depositors: not attested"
    members.contract.send("admit", attested(members, stranger))
    assert members.contract.send("transferFrom", member, stranger, half, sender=stranger).value is True
    assert members.call("balanceOf", stranger) == half
    assert refused(members, "transferFrom", member, stranger, 1, sender=stranger) == "shares: allowance too low"


def test_who_has_lost_the_attestation_leaves_by_every_way(members: Deployed) -> None:
    user = members.world.users[0]
    members.eas.revoke(members.attester, members.call("SCHEMA"), members.call("attestation_of", user))
    assert members.call("maxDeposit", user) == 0
    assert refused(members, "deposit", 1, user, sender=user) == "depositors: not attested"
    assert members.call("maxWithdraw", user) == 1_000 * USDC
    members.contract.send("withdraw", 100 * USDC, user, user, sender=user)
    members.contract.send("redeem", members.call("balanceOf", user) // 3, user, user, sender=user)
    members.contract.send("redeem_in_kind", members.call("balanceOf", user) // 2, user, user, 0, sender=user)
    members.contract.send("emergency_exit", sender=members.guardian)
    members.contract.send("redeem", members.call("balanceOf", user), user, user, sender=user)
    assert members.call("totalSupply") == 0


def test_a_service_that_breaks_down_keeps_nobody_in_and_breaks_no_view(revm_world: World) -> None:
    eas = deploy_eas(revm_world.chain, revm_world.admin)
    eas.register(MEMBERSHIP)
    proxy = revm_world.chain.deploy_artifact(vyper_artifact(PROXY), eas.service)
    members = deploy(revm_world, example("members"), depositors_service=proxy)
    user = revm_world.users[0]
    uid = eas.attest(members.attester, members.call("SCHEMA"), user)
    members.contract.send("admit", uid)
    members.deposit(user, 1_000 * USDC)
    proxy.send("break_down")
    assert members.call("maxDeposit", user) == members.call("maxMint", user) == 0
    assert refused(members, "admit", uid, sender=user) == "depositors: no such attestation"
    assert refused(members, "deposit", USDC, user, sender=user) == "depositors: not attested"
    members.contract.send("redeem", members.call("maxRedeem", user), user, user, sender=user)
    assert members.call("totalSupply") == 0


def test_a_vault_for_everybody_asks_nobody(revm_world: World) -> None:
    functions = {one.get("name") for one in deploy(revm_world, example("treasury")).contract.abi.entries}
    assert functions.isdisjoint({"admit", "attestation_of", "SCHEMA", "ATTESTER", "ATTESTATION_SERVICE"})


@pytest.mark.long
def test_no_limit_is_no_limit_for_those_who_are_attested(revm_world: World) -> None:
    text = example("members").verification.source.text.replace("deposits <= 250_000 USDC", "")
    text = text.replace("    limits {\n        \n    }\n", "")
    members = joined(deploy(revm_world, proved(text, "unlimited.strat")))
    member, stranger = revm_world.users[:2]
    assert members.call("maxDeposit", member) == members.call("maxMint", member) == 2**256 - 1
    assert members.call("maxDeposit", stranger) == members.call("maxMint", stranger) == 0
