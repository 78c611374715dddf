"""A token and a venue that call back into the vault, at every point where it calls them, whatever function it has.

The intruder is owner, guardian and keeper and holds shares, so that nothing but the lock stands in its way. Functions
are taken from the ABI: one that is added later is tried as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from attacks.targets import NO_SAME_SUPPLY, claim, shares, strategy, vault, without
from lab.abi import Function, canonical_type
from lab.artifacts import vyper_artifact
from lab.chain import Contract, Reverted
from lab.world import World
from mutations.change import Change
from stratc_targets.vyper.emit import vault_sources
from vyper_target.vaults import USDC, Deployed

HERE = Path(__file__).resolve().parent

FIXED = {"name", "symbol", "decimals"}
"""Views that answer in the middle of a transaction, with the immutables (in capitals): what deployment has fixed."""

SHOULD_BE_LOCKED = {
    "totalAssets", "convertToShares", "convertToAssets", "previewDeposit", "previewMint", "previewWithdraw",
    "previewRedeem", "maxDeposit", "maxMint", "maxWithdraw", "maxRedeem", "state", "totalSupply", "balanceOf",
}  # fmt: skip
"""What others build on: read in the middle it would be half of a movement."""

UNLOCKED = {"leave": "exit: the vault only"}
"""What the vault calls from inside its own transactions, and how it answers everybody else."""


@dataclass(frozen=True)
class Attack:
    """A vault, the intruder, and who calls it: a token or a venue. `outer` are the intruder's own transactions."""

    target: Deployed
    intruder: Contract
    caller: Contract
    outer: dict[str, tuple[object, ...]]

    def functions(self) -> Iterator[tuple[Function, bool, bytes]]:
        """Every function of the vault: whether it is a view, and a call of it that makes sense."""
        for entry in self.target.contract.abi.entries:
            if entry["type"] == "function":
                types = tuple(canonical_type(part) for part in entry["inputs"])
                function = self.target.contract.abi.function(f"{entry['name']}({','.join(types)})", len(types))
                view = entry["stateMutability"] in ("view", "pure")
                yield function, view, function.encode([_argument(kind, self.intruder.address) for kind in types])

    def begin(self, fn: str) -> None:
        """The outer transaction, by the intruder."""
        function = self.target.contract.abi.function(fn, len(self.outer[fn]))
        self.intruder.send("act", self.target.contract, function.encode(self.outer[fn]))

    def at_rest(self, payload: bytes) -> tuple[bool, bytes]:
        """What a call gives between transactions."""
        try:
            return True, self.intruder.call("act", self.target.contract, payload)
        except Reverted as refused:
            return False, refused.data


def _argument(kind: str, address: str) -> object:
    match kind:
        case "address":
            return address
        case "uint256":
            return 10**6
        case "bool":
            return True
        case "bytes" | "string":
            return b"" if kind == "bytes" else ""
        case _ if kind.endswith("]"):
            return []
        case _ if kind.startswith("bytes"):
            return b"\1" * int(kind[5:])
        case _:
            return 1


Make = Callable[..., Deployed]


def token_attack(world: World, make: Make) -> Attack:
    """A vault that only holds, over a token with hooks."""
    intruder = world.chain.deploy_artifact(vyper_artifact(HERE / "intruder.vy"))
    token = world.chain.deploy_artifact(vyper_artifact(HERE / "hooked_token.vy"), intruder)
    roles = dict.fromkeys(("owner_", "guardian_", "keeper_"), intruder)
    target = make(world, "idle", token_usdc=token, **roles)
    me, holder = intruder.address, world.users[0]
    for one in (me, holder):
        token.send("mint", one, 10**12)
    token.send("approve", target.contract, 10**12, sender=holder)
    intruder.send("act", token, token.abi.function("approve", 2).encode([target.contract, 10**12]))
    target.contract.send("deposit", 10**9, holder, sender=holder)
    outer: dict[str, tuple[object, ...]] = {
        "deposit": (10**7, me),
        "mint": (10**18, me),
        "withdraw": (10**7, me, me),
        "redeem": (10**18, me, me),
        "redeem_in_kind": (10**18, me, me, 0),
    }
    attack = Attack(target, intruder, token, outer)
    intruder.send("act", target.contract, target.contract.abi.function("deposit", 2).encode([10**9, me]))
    return attack


def venue_attack(world: World, make: Make) -> Attack:
    """The treasury, whose savings vault has hooks."""
    intruder = world.chain.deploy_artifact(vyper_artifact(HERE / "intruder.vy"))
    venue = world.chain.deploy_artifact(vyper_artifact(HERE / "hooked_venue.vy"), intruder, world.usdc)
    roles = dict.fromkeys(("owner_", "guardian_", "keeper_"), intruder)
    target = make(world, "treasury", venue_save=venue, **roles)
    me = intruder.address
    target.deposit(world.users[0], 10_000 * USDC)
    world.usdc.mint(me, 10**12)
    approve = world.usdc.contract.abi.function("approve", 2)
    intruder.send("act", world.usdc, approve.encode([target.address, 10**12]))
    outer: dict[str, tuple[object, ...]] = {
        "deposit": (10**9, me),
        "mint": (10**18, me),
        "withdraw": (10**7, me, me),
        "redeem": (10**18, me, me),
        "redeem_unwound": (10**18, me, me, 0),
        "rebalance": (),
        "harvest_save": (),
        "settle": (),
        "emergency_exit": (),
    }
    attack = Attack(target, intruder, venue, outer)
    attack.begin("deposit")
    return attack


ATTACKS: dict[str, tuple[Callable[[World, Make], Attack], tuple[str, ...]]] = {
    "token": (token_attack, ("deposit", "mint", "withdraw", "redeem", "redeem_in_kind")),
    "venue": (venue_attack, ("rebalance", "redeem_unwound", "emergency_exit")),
}
"""Who attacks, and which transactions make it call."""


def prepare(attack: Attack, fn: str) -> None:
    """A state in which the outer transaction does what makes the caller call."""
    if fn in ("redeem_unwound", "emergency_exit"):
        attack.begin("rebalance")


def came_in(attack: Attack, fn: str, payload: bytes, *, after: bool) -> tuple[bool, bytes, int]:
    """The outer transaction with this call from inside: whether it was let in, its answer, how often it was tried."""
    chain = attack.target.world.chain
    start = chain.snapshot()
    try:
        attack.caller.send("call_after", after)
        attack.intruder.send("arm", attack.target.contract, payload, False)
        attack.begin(fn)
        intruder = attack.intruder
        return intruder.call("entered"), intruder.call("answer"), intruder.call("tries")
    finally:
        chain.revert(start)


@pytest.mark.parametrize("after", [False, True], ids=["before it moves", "after it moved"])
@pytest.mark.parametrize(("who", "fn"), [(who, fn) for who, (_, fns) in ATTACKS.items() for fn in fns])
def test_reentrancy(revm_world: World, who: str, fn: str, after: bool) -> None:
    """No transaction enters another one, and no view answers in the middle but what deployment has fixed."""
    attack = ATTACKS[who][0](revm_world, vault)
    prepare(attack, fn)
    is_refused(attack, fn, after=after)


def is_refused(attack: Attack, fn: str, *, after: bool) -> None:
    """Whatever function of the vault is called from inside of this one."""
    answered, changing = set(), 0
    for function, view, payload in attack.functions():
        entered, answer, tries = came_in(attack, fn, payload, after=after)
        assert tries > 0, f"{fn} calls nobody who would come in"
        if view and entered:
            assert (True, answer) == attack.at_rest(payload), f"{function.name} is not what it was"
            answered.add(function.name)
        elif function.name in UNLOCKED:
            assert not entered
            assert UNLOCKED[function.name].encode() in answer
        else:
            assert (entered, answer) == (False, b""), f"{function.name}: the lock is silent, this said {answer!r}"
        changing += not view
    assert {name for name in answered if not name.isupper()} <= FIXED
    assert not answered & SHOULD_BE_LOCKED
    assert changing > 15


def manager_attack(world: World, make: Make) -> Attack:
    """A vault whose range is kept by a manager with hooks; Uniswap's own calls nobody back, as `test_ranges` shows."""
    intruder = world.chain.deploy_artifact(vyper_artifact(HERE / "intruder.vy"))
    manager = world.chain.deploy_artifact(vyper_artifact(HERE / "hooked_manager.vy"), intruder, world.uniswap.positions)
    roles = dict.fromkeys(("owner_", "guardian_", "keeper_"), intruder)
    target = make(world, "fee_range", venue_pool=manager, **roles)
    me, giver = intruder.address, world.users[0]
    world.usdc.provide(giver, target.contract, 10**11)
    target.contract.send("deposit", 10**11, me, sender=giver)
    outer: dict[str, tuple[object, ...]] = {
        "rebalance": (),
        "harvest_pool": (),
        "redeem_in_kind": (10**18, me, me, 0),
        "emergency_exit": (),
    }
    return Attack(target, intruder, manager, outer)


@pytest.mark.long
def test_reentrancy_from_a_position_manager(roomy_world: World) -> None:
    """Before and after each of its calls that move liquidity."""
    attack = manager_attack(roomy_world, vault)
    is_refused(attack, "rebalance", after=False)
    is_refused(attack, "rebalance", after=True)
    attack.begin("rebalance")
    for fn in ("harvest_pool", "redeem_in_kind", "emergency_exit"):
        is_refused(attack, fn, after=True)


@pytest.mark.parametrize(
    "fn",
    ["deposit", "mint", "withdraw", "redeem", "redeem_unwound", "rebalance", "harvest_save", "emergency_exit"],
)
def test_read_only_reentrancy_from_a_view(revm_world: World, fn: str) -> None:
    """A venue that is only asked for a value can ask the vault back, and is not answered either."""
    attack = venue_attack(revm_world, vault)
    chain, answered = revm_world.chain, set()
    for function, view, payload in attack.functions():
        if not view:
            continue
        start = chain.snapshot()
        attack.intruder.send("arm", attack.target.contract, payload, True)
        try:
            attack.begin(fn)
        except Reverted as refused:
            if refused.reason != "intruder: came in":
                raise
            answered.add(function.name)
        finally:
            chain.revert(start)
    assert {name for name in answered if not name.isupper()} <= FIXED
    assert not answered & SHOULD_BE_LOCKED


@pytest.mark.parametrize("view", ["totalSupply", "balanceOf"])
def test_a_view_is_answered_without_the_lock(revm_world: World, view: str) -> None:
    attack = venue_attack(revm_world, unlocked)
    payload = next(call for function, _, call in attack.functions() if function.name == view)
    attack.intruder.send("arm", attack.target.contract, payload, True)
    with pytest.raises(Reverted, match="intruder: came in"):
        attack.begin("rebalance")


# ── the same without the lock ──────────────────────────────────────────────────────────────


def unlocked(world: World, name: str, *changes: Change, **addresses: object) -> Deployed:
    """The vault with the lock taken out of every file, and these changes."""
    given, lock = strategy(name), "# pragma nonreentrancy on\n"
    files = vault_sources(given.vault, given.verification.source)
    locked = tuple(Change(path, lock, "") for path, text in files.items() if lock in text)
    assert len(locked) >= 5
    exempt = tuple(Change(path, "@reentrant\n", "") for path, text in files.items() if "@reentrant" in text)
    return without(world, name, (*locked, *exempt, *changes), **addresses)


def test_without_the_lock_the_same_calls_come_in(revm_world: World) -> None:
    """What the test above takes for the lock is the lock: without it most calls succeed, or say why they do not."""
    attack = token_attack(revm_world, unlocked)
    silent = set()
    for function, _, payload in attack.functions():
        entered, answer, tries = came_in(attack, "withdraw", payload, after=True)
        assert tries > 0
        if not entered and answer == b"":
            silent.add(function.name)
    assert silent == set()


def price_inside(attack: Attack) -> tuple[int, int]:
    """What a share is worth at rest, and in the middle of a withdrawal, when its shares are burnt and not yet paid."""
    convert = attack.target.contract.abi.function("convertToAssets", 1).encode([10**18])
    entered, answer, _ = came_in(attack, "withdraw", convert, after=False)
    return attack.target.call("convertToAssets", 10**18), int.from_bytes(answer) if entered else 0


def test_read_only_reentrancy(revm_world: World) -> None:
    """dForce's and Conic's loss: whoever lends against these shares gets no wrong price, but none."""
    assert price_inside(token_attack(revm_world, vault)) == (10**6, 0)


def test_read_only_reentrancy_shows_a_wrong_price_without_the_lock(revm_world: World) -> None:
    at_rest, inside = price_inside(token_attack(revm_world, unlocked))
    assert inside > at_rest


def redeem_within_redeem(attack: Attack) -> tuple[int, int]:
    """Half of the intruder's shares, and in the middle of that the other half; then what is left: (due, got)."""
    target, intruder, token = attack.target, attack.intruder, attack.caller
    me = intruder.address
    redeem = target.contract.abi.function("redeem", 3)
    half = shares(target, me) // 2
    payload = redeem.encode([half, me, me])
    due, before = claim(target, me), token.call("balanceOf", me)
    token.send("call_after", False)
    intruder.send("arm", target.contract, payload, False)
    intruder.send("act", target.contract, payload)
    intruder.send("arm", "0x" + "00" * 20, b"", False)
    if rest := target.call("maxRedeem", me):
        intruder.send("act", target.contract, redeem.encode([rest, me, me]))
    return due, token.call("balanceOf", me) - before


def test_compiler_level_lock(revm_world: World) -> None:
    """Curve's loss of July 2023 was a lock that did not lock: here it is tried on the code itself."""
    due, got = redeem_within_redeem(token_attack(revm_world, vault))
    assert due - 2 <= got <= due


def test_without_the_lock_a_redemption_within_a_redemption_is_paid_too_much(revm_world: World) -> None:
    attack = token_attack(revm_world, unlocked)
    holder, held = revm_world.users[0], claim(attack.target, revm_world.users[0])
    due, got = redeem_within_redeem(attack)
    assert got > due * 110 // 100
    assert claim(attack.target, holder) < held * 90 // 100


# ── behind the lock ────────────────────────────────────────────────────────────────────────


def deposit_within_rebalance(world: World, make: Make) -> Attack:
    """The venue is about to call the intruder, who will deposit in the middle of the keeper's rule."""
    attack = venue_attack(world, make)
    target, me = attack.target.contract, attack.intruder.address
    attack.intruder.send("arm", target, target.abi.function("deposit", 2).encode([10**9, me]), False)
    return attack


def test_shares_made_in_the_middle_of_a_rule(revm_world: World) -> None:
    """Did the lock not lock, a rule in the middle of which somebody deposits would not happen either."""
    attack = deposit_within_rebalance(revm_world, unlocked)
    supply = attack.target.call("totalSupply")
    with pytest.raises(Reverted, match="rule: moves the supply of shares"):
        attack.begin("rebalance")
    assert attack.target.call("totalSupply") == supply


@pytest.mark.long
def test_shares_made_in_the_middle_of_a_rule_that_does_not_look(revm_world: World) -> None:
    def make(world: World, name: str, **addresses: object) -> Deployed:
        return unlocked(world, name, *NO_SAME_SUPPLY, **addresses)

    attack = deposit_within_rebalance(revm_world, make)
    supply = attack.target.call("totalSupply")
    attack.begin("rebalance")
    assert attack.intruder.call("entered")
    assert attack.target.call("totalSupply") > supply
