"""What a deployment does: creations, tried out on the chain as it is before anything is sent, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vyper.utils import checksum_encode, keccak256

from stratc_targets.deploy.node import Head, Node
from stratc_targets.deploy.package import Package
from stratc_targets.keeper.errors import Refused, Reverted, SetupError
from stratc_targets.keeper.fees import Bid, first_bid

MARGIN = 6, 5
"""How much more gas a transaction may use than was estimated: a block later a price or a rate is another."""

NO_CAP: int = 2**200
"""Whoever deploys has seen the price and said yes."""

BLUEPRINT, VAULT = "blueprint", "vault"
"""What the two creations are called: the vault makes its actions from the blueprint."""


class CreationRefused(Exception):
    """A creation reverts, or has been reverted; the message tells which, and the reason where there is one."""


@dataclass(frozen=True, slots=True)
class Creation:
    """One transaction that makes a contract. `data` is in hexadecimal, `estimate` the gas that it would use now."""

    name: str
    nonce: int
    address: str
    data: str
    estimate: int

    @property
    def gas(self) -> int:
        """The most that it may use."""
        return self.estimate * MARGIN[0] // MARGIN[1]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is still to be sent: the blueprint, unless it has been, and the vault.

    `immutables` are what follows the vault's code where it will stand. `price` is in wei per gas, as things stand.
    """

    sender: str
    steps: tuple[Creation, ...]
    immutables: bytes
    bid: Bid
    price: int

    @property
    def vault(self) -> Creation:
        return self.steps[-1]

    @property
    def cost(self) -> int:
        """In wei, as things stand."""
        return sum(step.estimate for step in self.steps) * self.price

    @property
    def most(self) -> int:
        """What the sender must have, in wei."""
        return sum(step.gas for step in self.steps) * self.bid.max_fee


def plan(
    package: Package, addresses: Sequence[str], node: Node, head: Head, sender: str, blueprint: tuple[int, str] | None
) -> Plan:
    """What would be sent next. `addresses` are the constructor's arguments; `blueprint` is the nonce and the address of
    the blueprint where it is sent already.

    Raises CreationRefused, and SetupError where this chain cannot take it; RpcDown as the node does.
    """
    if head.base_fee is None:
        raise SetupError(f"{node.host}: the chain has no base fee (EIP-1559), which a deployment's transactions need")
    used = node.nonce(sender)
    nonce, at = (used, created(sender, used)) if blueprint is None else blueprint
    later = max(nonce + 1, used)
    data = creation_data(package, addresses, at)
    suppose = {at: {"code": _hex(package.code.blueprint)}, sender: {"nonce": hex(later)}}
    try:
        immutables = _immutables(node.create(sender, data, suppose), package, node)
        steps = [Creation(VAULT, later, created(sender, later), data, node.gas_of(sender, data, suppose))]
        if blueprint is None:
            first = _hex(package.code.blueprint_creation)
            steps.insert(0, Creation(BLUEPRINT, nonce, at, first, node.gas_of(sender, first, {})))
    except Reverted as reason:
        raise CreationRefused(f"the vault refuses to be deployed so: {reason}") from None
    except Refused as refusal:
        raise SetupError(
            f"{node.host} will not try the deployment out (eth_call and eth_estimateGas with state overrides): "
            f"{refusal}; use another endpoint"
        ) from None
    _check_room(steps, head)
    bid = bid_now(node, head.base_fee)
    return Plan(sender, tuple(steps), immutables, bid, head.base_fee + bid.tip)


def bid_now(node: Node, base_fee: int) -> Bid:
    """What to bid for a transaction: good through six full blocks."""
    bid = first_bid(base_fee, node.tip(), NO_CAP)
    assert bid is not None, "there is no cap"
    return bid


def creation_data(package: Package, addresses: Sequence[str], blueprint: str) -> str:
    """The vault's creation code with its arguments, in hexadecimal."""
    return _hex(package.code.creation + words((*addresses, blueprint)))


def words(addresses: Sequence[str]) -> bytes:
    """Addresses as a constructor's arguments."""
    return b"".join(int(address, 16).to_bytes(32) for address in addresses)


def created(sender: str, nonce: int) -> str:
    """The address of the contract that a transaction with this nonce makes."""
    # RLP of (sender, nonce): short strings and a short list, so that each length is one byte.
    number = nonce.to_bytes((nonce.bit_length() + 7) // 8)
    tail = number if len(number) == 1 and number[0] < 0x80 else bytes([0x80 + len(number)]) + number
    body = b"\x94" + bytes.fromhex(sender[2:]) + tail
    address: str = checksum_encode(f"0x{keccak256(bytes([0xC0 + len(body)]) + body)[12:].hex()}")
    return address


def _immutables(made: bytes, package: Package, node: Node) -> bytes:
    """What follows the code in what the node says would stand there."""
    runtime = package.code.vault
    if len(made) != runtime.size or not made.startswith(runtime.code):
        raise SetupError(f"{node.host} makes other code of the vault's creation than Vyper: use another endpoint")
    return made[len(runtime.code) :]


def _check_room(steps: Sequence[Creation], head: Head) -> None:
    for step in steps:
        if step.gas > head.gas_limit:
            room = f"it may take {step.gas:,} gas, and a block holds {head.gas_limit:,}"
            raise SetupError(f"the {step.name} does not fit into a block of this chain: {room}")


def _hex(data: bytes) -> str:
    return f"0x{data.hex()}"
