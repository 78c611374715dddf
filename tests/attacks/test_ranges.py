"""Attacks on liquidity in a range: its pool pushed, its position and its fees touched, its venue stuck."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from attacks.targets import NO_CONSERVATION, NO_TRY, SPOT_PRICE, shares, vault, without
from differential.pair import outcome
from lab.artifacts import vyper_artifact
from lab.chain import Contract, Reverted
from lab.uniswap import NEVER, Pool
from lab.world import World, with_lending_pool
from mutations.change import ACTIONS, Change
from stratc_targets.venues.uniswap_v3_lp.amounts import amounts_of
from stratc_targets.venues.uniswap_v3_lp.places import root_in_pool
from stratc_targets.venues.uniswap_v3_lp.ticks import root_at_tick
from vyper_target.vaults import USDC, Deployed

pytestmark = pytest.mark.long

HERE = Path(__file__).resolve().parent
MILLION = 10**6 * USDC
ETHER = 2_000
"""Dollars, by the feed."""
ALL = 2**128 - 1

NOT_NEAR = (
    Change(
        "contracts/uniswap_v3_lp.vy",
        '    assert ranges.is_near(convert(spot, uint256), root, millionths), "uniswap_v3_lp: pool off its oracle"\n',
        "",
    ),
)
"""The pool may be anywhere when liquidity is added or taken out by a rule."""

ANY_WORTH = (
    Change(
        ACTIONS,
        "                    1_979,\n                    2_000,\n",
        "                    0,\n                    2_000,\n",
    ),
)
"""What was added may be worth anything."""

ALL_FEES = (
    Change(
        "contracts/uniswap_v3_lp.vy",
        "                most0=convert(came0, uint128),\n",
        f"                most0={ALL},\n",
    ),
    Change(
        "contracts/uniswap_v3_lp.vy",
        "                most1=convert(came1, uint128),\n",
        f"                most1={ALL},\n",
    ),
)
"""Who leaves in kind is given all that waits at the position."""

TAKES_OR_NOTHING = "    if left == holding:\n        tokens.allow(sold, router, 0)\n    else:\n        assert left"
ONLY_MINE = (Change("contracts/uniswap_v3.vy", TAKES_OR_NOTHING, "    if True:\n        assert left"),)
"""A swap has to be paid by the vault."""


# ── what there is ──────────────────────────────────────────────────────────────────────────


def both(world: World, holder: object) -> tuple[int, int]:
    return world.weth.balance(str(holder)), world.usdc.balance(str(holder))


def priced(amounts: tuple[int, int]) -> Fraction:
    """Ether and dollars, in smallest units of USDC by the feeds."""
    return Fraction(amounts[0] * ETHER, 10**12) + amounts[1]


def liquidity(target: Deployed) -> int:
    number = target.call("position_pool")
    return int(target.world.uniswap.positions.call("positions", number)[7]) if number else 0


def worth(target: Deployed) -> Fraction:
    """All that a vault has, by the books of manager and tokens, at the feeds' prices; without fees that wait."""
    world, number = target.world, target.call("position_pool")
    if not number:
        return priced(both(world, target.address))
    lower, upper, held = world.uniswap.positions.call("positions", number)[5:8]
    first = world.pool.base_is_token0
    root = root_in_pool(ETHER * USDC, 10**18, first)
    amounts = amounts_of(root, root_at_tick(lower), root_at_tick(upper), held)
    return priced(amounts if first else amounts[::-1]) + priced(both(world, target.address))


def waiting(target: Deployed) -> Fraction:
    """Fees that would come out of the position now, in smallest units of USDC, ether sold for dollars."""
    chain, before = target.world.chain, worth(target)
    start = chain.snapshot()
    try:
        target.run("harvest_pool")
        return worth(target) - before
    finally:
        chain.revert(start)


def per_share(target: Deployed) -> Fraction:
    return worth(target) / target.call("totalSupply")


def settled(target: Deployed) -> Deployed:
    """Two holders, allocated."""
    target.deposit(target.world.users[0], MILLION)
    target.deposit(target.world.users[1], MILLION // 2)
    target.run("rebalance")
    target.world.arbitrage()
    assert target.call("settled")
    return target


def traded(target: Deployed, times: int = 1) -> Deployed:
    """Others have traded both ways, and left fees at the position."""
    world = target.world
    for _ in range(times):
        for token, whole in ((world.weth, 25_000), (world.usdc, 50_000_000)):
            token.provide(world.arbitrageur, world.uniswap.router, token.units(whole))
            world.pool.swap(world.arbitrageur, token, token.units(whole))
    world.arbitrage()
    return target


# ── the pool pushed while liquidity moves ──────────────────────────────────────────────────


def apart(world: World) -> Pool:
    """The pool of the range, where the vault trades in another."""
    assert world.lending is not None
    return world.lending


def enters_a_pushed_pool(target: Deployed, part: Fraction) -> Fraction:
    """The attacker pushes the pool of the range alone, the keeper allocates, the attacker goes back: what was lost."""
    world = target.world
    target.deposit(world.users[0], MILLION)
    before = worth(target)
    apart(world).move_to(ETHER * part, world.arbitrageur)
    target.run("rebalance")
    apart(world).move_to(ETHER, world.arbitrageur)
    return before - worth(target)


@pytest.mark.parametrize("percent", [50, 90, 99, 101, 110, 200])
def test_pushed_pool_is_not_entered(roomy_world: World, percent: int) -> None:
    world = with_lending_pool(roomy_world)
    with pytest.raises(Reverted, match="pool off its oracle"):
        enters_a_pushed_pool(vault(world, "range_apart"), Fraction(percent, 100))


@pytest.mark.parametrize("permille", [993, 1_000, 1_007])
def test_pushed_pool_within_what_is_assumed(roomy_world: World, permille: int) -> None:
    """Then it is entered, unless it makes less of what is given than the rule asks for: little is to be gained."""
    target = vault(with_lending_pool(roomy_world), "range_apart")
    lost, told = outcome(lambda: enters_a_pushed_pool(target, Fraction(permille, 1_000)), Reverted)
    if told is None:
        assert lost < MILLION // 1_000
    else:
        assert permille != 1_000
        assert told == "range: worth less than was asked for"


@pytest.mark.parametrize(
    ("weakened", "refused"),
    [(NOT_NEAR, "range: worth less than was asked for"), ((*NOT_NEAR, *ANY_WORTH), "rule: costs more than stated")],
    ids=["anywhere", "at any worth"],
)
def test_pushed_pool_is_not_entered_at_a_loss_either(
    roomy_world: World, weakened: tuple[Change, ...], refused: str
) -> None:
    """Behind the distance stands what the position must be worth, and behind that what a rule may cost."""
    with pytest.raises(Reverted, match=refused):
        enters_a_pushed_pool(without(with_lending_pool(roomy_world), "range_apart", weakened), Fraction(2))


def test_pushed_pool_robs_a_vault_that_enters_it_anywhere(roomy_world: World) -> None:
    weakened = (*NOT_NEAR, *ANY_WORTH, *NO_CONSERVATION)
    target = without(with_lending_pool(roomy_world), "range_apart", weakened)
    assert enters_a_pushed_pool(target, Fraction(2)) > MILLION * 3 // 100


@pytest.mark.parametrize("part", [Fraction(1, 4), Fraction(3, 4), Fraction(99, 100), Fraction(4, 3), Fraction(4)])
def test_pushed_pool_is_left_for_no_less(roomy_world: World, part: Fraction) -> None:
    """Rules wait. The exit and who leaves in kind do not: liquidity taken out anywhere is worth no less."""
    target, world = settled(vault(roomy_world, "fee_range")), roomy_world
    before, user = worth(target), world.users[1]
    world.pool.move_to(ETHER * part, world.arbitrageur)
    with pytest.raises(Reverted, match="pool off its oracle"):
        target.run("harvest_pool")
    mine, supply = shares(target, user), target.call("totalSupply")
    held = both(world, user)
    target.contract.send("redeem_in_kind", mine, user, user, 0, sender=user)
    got = priced(both(world, user)) - priced(held)
    assert got >= before * mine / supply - 2
    assert worth(target) >= before * (supply - mine) / supply - 4
    target.contract.send("emergency_exit", sender=target.guardian)
    assert liquidity(target) == 0
    assert worth(target) >= before * (supply - mine) / supply - 4


def buys_shares_at_a_pushed_pool(target: Deployed) -> Fraction:
    """The attacker pushes the pool down, buys shares, lets it back, and leaves in kind: what he has gained, but for
    what pushing cost him."""
    world, attacker = target.world, target.world.users[3]
    world.pool.move_to(ETHER * Fraction(1, 2), world.arbitrageur)
    target.deposit(attacker, 20 * MILLION)
    world.arbitrage()
    mine = shares(target, attacker)
    target.contract.send("redeem_in_kind", mine, attacker, attacker, 0, sender=attacker)
    return priced(both(world, attacker)) - 20 * MILLION


def test_shares_at_a_pushed_pool(roomy_world: World) -> None:
    target = settled(vault(roomy_world, "fee_range"))
    before = per_share(target)
    assert buys_shares_at_a_pushed_pool(target) <= 0
    assert per_share(target) >= before


def test_shares_at_a_pushed_pool_are_too_cheap_where_the_pool_is_believed(roomy_world: World) -> None:
    target = settled(without(roomy_world, "fee_range", SPOT_PRICE))
    target.contract.send("settle")
    before = per_share(target)
    roomy_world.pool.move_to(ETHER * Fraction(81, 100), roomy_world.arbitrageur)  # not yet on guard
    target.deposit(roomy_world.users[3], 20 * MILLION)
    roomy_world.arbitrage()
    assert per_share(target) < before * Fraction(96, 100)


# ── fees ───────────────────────────────────────────────────────────────────────────────────


def leaves_with_fees(target: Deployed) -> Fraction:
    """A holder of a thousandth leaves in kind while fees wait: what he gets beyond his part of all else."""
    world, user = target.world, target.world.users[3]
    target.deposit(user, MILLION // 1_000)
    traded(target, times=4)
    mine, supply, before = shares(target, user), target.call("totalSupply"), worth(target)
    target.contract.send("redeem_in_kind", mine, user, user, 0, sender=user)
    return priced(both(world, user)) - before * mine / supply


def test_fees_stay_with_those_who_stay(roomy_world: World) -> None:
    assert leaves_with_fees(settled(vault(roomy_world, "fee_range"))) <= 1


def test_fees_of_all_go_to_who_leaves_where_all_is_collected(roomy_world: World) -> None:
    target = settled(without(roomy_world, "fee_range", ALL_FEES))
    assert leaves_with_fees(target) > 200 * USDC


@pytest.mark.parametrize("permille", [980, 998, 1_002, 1_020])
def test_sandwich_of_a_harvest(roomy_world: World, permille: int) -> None:
    """What is sold of the fees has its least price; a pool that is too far away waits."""
    world, target = roomy_world, traded(settled(vault(roomy_world, "fee_range")), times=4)
    before, fees = worth(target), waiting(target)
    world.pool.move_to(ETHER * Fraction(permille, 1_000), world.arbitrageur)
    if abs(permille - 1_000) > 10:
        with pytest.raises(Reverted, match="pool off its oracle"):
            target.run("harvest_pool")
        return
    target.run("harvest_pool")
    assert worth(target) - before >= fees * Fraction(997, 1_000) - 4


def test_deposit_just_before_a_harvest(roomy_world: World) -> None:
    """It takes its part of the fees that wait, and of nothing else: nobody's share is worth less than it was."""
    world, target = roomy_world, traded(settled(vault(roomy_world, "fee_range")), times=4)
    before, fees, attacker = per_share(target), waiting(target), world.users[3]
    target.deposit(attacker, 20 * MILLION)
    target.run("harvest_pool")
    target.contract.send("redeem_in_kind", shares(target, attacker), attacker, attacker, 0, sender=attacker)
    assert 0 < priced(both(world, attacker)) - 20 * MILLION <= fees
    assert per_share(target) >= before
    assert fees < worth(target) // 100  # as is assumed of them


# ── position and contract, by strangers ────────────────────────────────────────────────────


def test_position_is_nobody_elses(roomy_world: World) -> None:
    """The manager asks who owns it; the vault signs nothing and approves nobody."""
    world, target = roomy_world, traded(settled(vault(roomy_world, "fee_range")))
    manager, stranger, number = world.uniswap.positions, world.users[3], target.call("position_pool")
    for fn, args in (
        ("collect", ((number, stranger, ALL, ALL),)),
        ("decreaseLiquidity", ((number, liquidity(target), 0, 0, NEVER),)),
        ("burn", (number,)),
        ("transferFrom", (target.address, stranger, number)),
        ("approve", (stranger, number)),
        ("permit", (stranger, number, NEVER, 27, b"\1" * 32, b"\1" * 32)),
    ):
        with pytest.raises(Reverted):
            manager.send(fn, *args, sender=stranger)
    assert manager.call("ownerOf", number) == target.address
    assert int(manager.call("getApproved", number), 16) == 0


@pytest.mark.parametrize(
    "call",
    [
        "uniswapV3MintCallback(uint256,uint256,bytes)",
        "uniswapV3SwapCallback(int256,int256,bytes)",
        "uniswapV3FlashCallback(uint256,uint256,bytes)",
        "onERC721Received(address,address,uint256,bytes)",
        "isValidSignature(bytes32,bytes)",
    ],
)
def test_vault_is_no_callback(roomy_world: World, call: str) -> None:
    """The manager pays pools, and asks the vault for what it has allowed: the vault itself answers to no pool."""
    target = settled(vault(roomy_world, "fee_range"))
    assert call.partition("(")[0] not in {entry.get("name") for entry in target.contract.abi.entries}
    kinds = call[:-1].partition("(")[2].split(",")
    values = {"bytes": b"", "address": roomy_world.users[3], "bytes32": b"\0" * 32}
    payload = keccak(text=call)[:4] + encode(kinds, [values.get(kind, MILLION) for kind in kinds])
    stranger = roomy_world.chain.deploy_artifact(vyper_artifact(HERE / "intruder.vy"))
    with pytest.raises(Reverted):
        stranger.send("act", target.address, payload)


def presents(world: World, target: Deployed) -> None:
    """Liquidity to the position, ether to the manager, and somebody's own position to the vault."""
    manager, giver, number = world.uniswap.positions, world.users[3], target.call("position_pool")
    amounts = world.usdc.units(20_000), world.weth.units(10)
    for token, amount in zip((world.usdc, world.weth), amounts, strict=True):
        token.provide(giver, manager, amount)
    ordered = amounts[::-1] if world.pool.base_is_token0 else amounts
    manager.send("increaseLiquidity", (number, *ordered, 0, 0, NEVER), sender=giver)
    manager.send("multicall", [], sender=giver, value=10**21)
    theirs = world.pool.add_liquidity(giver, *amounts[::-1])
    with pytest.raises(Reverted):  # who asks the receiver is not answered
        manager.send("safeTransferFrom(address,address,uint256)", giver, target.address, theirs, sender=giver)
    manager.send("transferFrom", giver, target.address, theirs, sender=giver)


def test_presents_to_a_position(roomy_world: World) -> None:
    """They are the holders', and in nobody's way: rules go on, and do not take the wrong position for theirs."""
    world, target = roomy_world, settled(vault(roomy_world, "fee_range"))
    number, before = target.call("position_pool"), per_share(target)
    presents(world, target)
    assert per_share(target) > before
    target.deposit(world.users[2], MILLION)
    given = per_share(target)
    target.run("rebalance")  # the manager pays the ether of it with what somebody left there
    assert target.call("position_pool") == number
    assert per_share(target) > given * Fraction(998, 1_000)
    target.run("harvest_pool")
    world.arbitrage()
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 2
    assert liquidity(target) == 0


# ── ether left at the router ───────────────────────────────────────────────────────────────


def exit_with_ether_at_the_router(target: Deployed) -> int:
    """Somebody leaves ether at the router before the guardian's exit, as he may take back after it: the mode then."""
    world, stranger = target.world, target.world.users[3]
    world.uniswap.router.send("multicall", [], sender=stranger, value=10**21)
    before = worth(target)
    target.contract.send("emergency_exit", sender=target.guardian)
    assert worth(target) >= before * Fraction(996, 1_000)
    return int(target.call("mode"))


def test_ether_left_at_the_router(roomy_world: World) -> None:
    """The router pays with it instead of asking the vault: that is a present, and no reason to stop."""
    target = settled(vault(roomy_world, "fee_range"))
    assert exit_with_ether_at_the_router(target) == 2
    assert roomy_world.weth.balance(target.address) > 0
    assert roomy_world.weth.contract.call("allowance", target.contract, roomy_world.uniswap.router) == 0


def test_ether_left_at_the_router_stops_a_vault_that_wants_to_pay_itself(roomy_world: World) -> None:
    """And costs nothing: who left it takes it back in the same bundle."""
    target = settled(without(roomy_world, "fee_range", ONLY_MINE))
    assert exit_with_ether_at_the_router(target) == 3
    roomy_world.uniswap.router.send("refundETH", sender=roomy_world.users[3])
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 2
    assert roomy_world.weth.balance(target.address) == 0


# ── a venue that is stuck ──────────────────────────────────────────────────────────────────


def at_a_manager_that_stops(world: World, *changes: Change) -> tuple[Deployed, Contract]:
    intruder = world.chain.deploy_artifact(vyper_artifact(HERE / "intruder.vy"))
    manager = world.chain.deploy_artifact(vyper_artifact(HERE / "hooked_manager.vy"), intruder, world.uniswap.positions)
    made = (
        without(world, "fee_range", changes, venue_pool=manager)
        if changes
        else vault(world, "fee_range", venue_pool=manager)
    )
    return settled(made), manager


def test_manager_that_answers_nothing(roomy_world: World) -> None:
    """Nobody comes in or leaves at a price that nobody knows; in kind all leave with their part of the rest, and the
    exit leaves the range out until it answers."""
    world = roomy_world
    target, manager = at_a_manager_that_stops(world)
    one, other = world.users[:2]
    idle, mine, supply = world.usdc.balance(target.address), shares(target, one), target.call("totalSupply")
    manager.send("stop", True)
    world.usdc.provide(other, target.contract, USDC)
    for fn, args in (
        ("deposit", (USDC, other)),
        ("withdraw", (USDC, one, one)),
        ("redeem_in_kind", (mine, one, one, 0)),
    ):
        with pytest.raises(Reverted):
            target.contract.send(fn, *args, sender=one if fn != "deposit" else other)
    target.contract.send("redeem_in_kind", mine // 2, one, one, 1, sender=one)
    assert world.usdc.balance(one) == pytest.approx(idle * mine // 2 // supply, abs=2)
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 3
    with pytest.raises(Reverted, match="redeem in kind"):
        target.contract.send("redeem", USDC, other, other, sender=other)
    manager.send("stop", False)
    target.contract.send("emergency_exit", sender=target.guardian)
    assert target.call("mode") == 2
    for user in (one, other):
        held = shares(target, user)
        assert target.contract.send("redeem", held, user, user, sender=user).value > 0
    assert world.usdc.balance(other) >= MILLION // 2


def test_manager_that_answers_nothing_holds_up_an_exit_that_waits_for_it(roomy_world: World) -> None:
    target, manager = at_a_manager_that_stops(roomy_world, *NO_TRY)
    manager.send("stop", True)
    with pytest.raises(Reverted):
        target.contract.send("emergency_exit", sender=target.guardian)
