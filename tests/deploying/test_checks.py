"""What is asked on chain before a vault is deployed: each check passes in the lab's market, and fails alone."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from deploying.market import Tables, findings, tables
from lab.artifacts import vyper_artifact
from lab.chain import AnvilChain
from lab.eas import NOBODY, deploy_eas
from lab.feed import deploy_feed
from lab.world import World, with_lending_pool, with_morpho
from stratc_targets.deploy.findings import Finding, Level
from stratc_targets.deploy.node import Node
from stratc_targets.keeper.errors import Reverted
from stratc_targets.venues.aave_v3.deployment import DECIMALS
from vyper_target.vaults import MEMBERSHIP

pytestmark = pytest.mark.anvil

Change = Callable[[World, Tables], None]


def wrong(found: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(one.place, one.said) for one in found if one.level is Level.WRONG]


@pytest.mark.parametrize("strategy", ["eth_carry", "eth_loop", "category", "treasury"])
def test_all_is_well(strategy: str, anvil_world: World) -> None:
    found = findings(anvil_world, strategy, tables(anvil_world))
    assert [one for one in found if one.level is not Level.OK] == []


# ── one thing wrong each ───────────────────────────────────────────────────────────────────


def _nothing_there(world: World, given: Tables) -> None:
    given["venues"]["save"] = "0x" + "12" * 20


def _other_decimals(world: World, given: Tables) -> None:
    given["tokens"]["WETH"] = world.chain.deploy_artifact(
        vyper_artifact(Path(__file__).parents[1] / "lab" / "feed.vy"), "x", 8, 1
    ).address


def _six_for_eighteen(world: World, given: Tables) -> None:
    given["tokens"]["WETH"], given["tokens"]["USDC"] = given["tokens"]["USDC"], given["tokens"]["WETH"]


def _feeds_swapped(world: World, given: Tables) -> None:
    given["feeds"]["WETH"], given["feeds"]["USDC"] = given["feeds"]["USDC"], given["feeds"]["WETH"]


def _stale(world: World, given: Tables) -> None:
    world.warp(3_601)


def _no_answer(world: World, given: Tables) -> None:
    world.feeds["WETH"].set_raw(answer=0)


def _from_the_future(world: World, given: Tables) -> None:
    world.feeds["WETH"].set_raw(updated_at=world.chain.timestamp() + 10**6)


def _many_decimals(world: World, given: Tables) -> None:
    given["feeds"]["WETH"] = deploy_feed(world.chain, world.admin, "ETH / USD", 1, decimals=37).address


def _sequencer_down(world: World, given: Tables) -> None:
    given["sequencer_feed"] = world.sequencer.address
    world.sequencer.report(1, 1)


def _sequencer_just_up(world: World, given: Tables) -> None:
    given["sequencer_feed"] = world.sequencer.address
    world.sequencer.report(0, world.chain.timestamp() - 3_600)


def _no_sequencer_feed(world: World, given: Tables) -> None:
    given["sequencer_feed"] = deploy_feed(world.chain, world.admin, "ETH / USD", 2_000).address


def _no_feed_on_base(world: World, given: Tables) -> None:
    given["chain"] = 8453


def _other_threshold(world: World, given: Tables) -> None:
    world.aave.set_collateral(world.weth, 8_000, 8_000)


def _other_ltv(world: World, given: Tables) -> None:
    world.aave.set_collateral(world.weth, 7_500, 8_250)


def _paused(world: World, given: Tables) -> None:
    world.aave.pause(world.usdc)


def _frozen(world: World, given: Tables) -> None:
    world.aave.freeze(world.weth)


def _isolated(world: World, given: Tables) -> None:
    """As it may be where nobody has supplied any yet."""
    world.aave.withdraw(world.whale, world.weth)
    world.aave.configure("setDebtCeiling", world.weth, 1_000_000_00)


def _full(world: World, given: Tables) -> None:
    world.aave.set_caps(world.weth, supply=1)


def _all_lent(world: World, given: Tables) -> None:
    world.aave.borrow(world.whale, world.usdc, world.usdc.units(1_000))
    world.aave.set_caps(world.usdc, borrow=1_000)


def _no_loans(world: World, given: Tables) -> None:
    world.aave.configure("setReserveBorrowing", world.usdc, False)


def _other_oracle(world: World, given: Tables) -> None:
    feed = deploy_feed(world.chain, world.admin, "ETH / USD", 1_900)
    world.aave.oracle.send("setAssetSources", [world.weth.address], [feed.address], sender=world.admin)


def _no_reserve(world: World, given: Tables) -> None:
    from lab.tokens import deploy_weth

    given["tokens"]["WETH"] = deploy_weth(world.chain, world.admin).address


def _no_aave(world: World, given: Tables) -> None:
    given["venues"]["aave"] = world.save.address


def _other_asset(world: World, given: Tables) -> None:
    from lab.erc4626 import deploy_erc4626

    given["venues"]["save"] = deploy_erc4626(world.chain, world.admin, world.weth).address


def _charging(world: World, given: Tables, leaving: int = 50, coming: int = 0) -> None:
    source = vyper_artifact(Path(__file__).with_name("charging_venue.vy"))
    terms = (world.usdc.address, leaving, coming)
    given["venues"]["save"] = world.chain.deploy_artifact(source, *terms, sender=world.admin).address


def _charging_entry(world: World, given: Tables) -> None:
    _charging(world, given, leaving=0, coming=10)


def _no_vault(world: World, given: Tables) -> None:
    given["venues"]["save"] = world.uniswap.factory.address


def _no_pool(world: World, given: Tables) -> None:
    from lab.uniswap import deploy_uniswap

    given["venues"]["dex"] = deploy_uniswap(world.chain, world.admin, world.weth).router.address


def _empty_pool(world: World, given: Tables) -> None:
    from lab.uniswap import deploy_uniswap

    uniswap = deploy_uniswap(world.chain, world.admin, world.weth)
    uniswap.create_pool(world.weth, world.usdc, 500, Fraction(2_000))
    given["venues"]["dex"] = uniswap.router.address


WRONG: dict[str, tuple[Change, str, str]] = {
    "no contract": (_nothing_there, "venues.save", "there is no contract at 0x1212"),
    "a token that is none": (_other_decimals, "tokens.WETH", "reverts"),
    "a token of other decimals": (_six_for_eighteen, "tokens.WETH", "USDC has 6 decimals, and the strategy says 18"),
    "another feed": (_feeds_swapped, "feeds.WETH", 'the feed is "USDC / USD", and "ETH/USD" is expected'),
    "a stale feed": (_stale, "feeds.WETH", "its answer is 3,601 s old, and the strategy has a heartbeat of 3,600 s"),
    "a feed without answer": (_no_answer, "feeds.WETH", "it has no answer"),
    "a feed ahead of time": (_from_the_future, "feeds.WETH", "its answer is from the future"),
    "a feed of many decimals": (_many_decimals, "feeds.WETH", "it has 37 decimals, of at most 36"),
    "a sequencer that is down": (_sequencer_down, "sequencer_feed", "the sequencer is down"),
    "a sequencer that has just come back": (_sequencer_just_up, "sequencer_feed", "up for less than an hour"),
    "no feed of a sequencer": (_no_sequencer_feed, "sequencer_feed", "does not answer as a sequencer's uptime feed"),
    "none on a chain with a sequencer": (_no_feed_on_base, "sequencer_feed", "Base has a sequencer"),
    "another threshold": (_other_threshold, "venues.aave", "it is 8000, and it was proved with 8250"),
    "another loan-to-value": (_other_ltv, "venues.aave", "it is 7500, and it was proved with 8000"),
    "a paused reserve": (_paused, "venues.aave", "its reserve of USDC is paused"),
    "a frozen reserve": (_frozen, "venues.aave", "its reserve of WETH is frozen"),
    "a reserve in isolation": (_isolated, "venues.aave", "WETH is collateral there by itself or not at all"),
    "a reserve without loans": (_no_loans, "venues.aave", "USDC cannot be borrowed there"),
    "a reserve that is full": (_full, "venues.aave", "its cap of 1 WETH supplied is reached"),
    "a reserve that lends no more": (_all_lent, "venues.aave", "its cap of 1,000 USDC lent is reached"),
    "a pool of other prices": (
        _other_oracle,
        "venues.aave",
        "its price of WETH and that of the feeds differ by 5.00%, of 0.00%",
    ),
    "a token without reserve": (_no_reserve, "venues.aave", "it has no active reserve of WETH"),
    "no Aave": (_no_aave, "venues.aave", "reverts"),
    "a vault that charges for leaving": (_charging, "venues.save", "it charges 0.50% for leaving"),
    "a vault that charges for coming": (_charging_entry, "venues.save", "it charges 0.10% for coming"),
    "a vault of another asset": (_other_asset, "venues.save", "and not USDC"),
    "no ERC-4626": (_no_vault, "venues.save", "reverts"),
    "no pool": (_no_pool, "venues.dex", "there is no pool of WETH/USDC at 0.05%"),
    "an empty pool": (_empty_pool, "venues.dex", "nothing lies in the pool of WETH/USDC"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_found(case: str, anvil_world: World) -> None:
    change, place, said = WRONG[case]
    given = tables(anvil_world)
    change(anvil_world, given)
    found = wrong(findings(anvil_world, "eth_carry", given))
    assert any(one == place and said in what for one, what in found), found


def _reverts(answer: bytes) -> bytes:
    raise Reverted("nobody may ask")


def _other_reserve_decimals(answer: bytes) -> bytes:
    flags = int.from_bytes(answer[:32]) ^ (1 << DECIMALS)
    return flags.to_bytes(32) + answer[32:]


ANSWERS: dict[str, tuple[str, Callable[[bytes], bytes], str, str]] = {
    "a reserve of other decimals": (
        "getReserveData(address)",
        _other_reserve_decimals,
        "venues.aave",
        "it takes USDC to have 7 decimals",
    ),
    "shares that are worth nothing": (
        "convertToAssets(uint256)",
        lambda _: bytes(32),
        "venues.save",
        "its shares are worth nothing",
    ),
    "a pool of another fee": ("fee()", lambda _: bytes(32), "venues.dex", "is not that of WETH/USDC at 0.05%"),
    "a pool of other tokens": ("token0()", lambda _: bytes(32), "venues.dex", "is not that of WETH/USDC at 0.05%"),
    "parameters that nobody can read": (
        "getConfiguration(address)",
        _reverts,
        "venues.aave",
        "what the keeper watches cannot be read: nobody may ask",
    ),
    "a feed without a word": ("latestRoundData()", lambda _: b"", "feeds.WETH", "has no latestRoundData()"),
    "prices that cannot be compared": (
        "latestRoundData()",
        lambda _: b"",
        "venues.aave",
        "its price of WETH cannot be compared: a feed does not answer",
    ),
    "an adapter of no factory": ("factory()", lambda _: b"", "venues.dex", "has no factory()"),
}
"""What a contract answers to one question, told otherwise on the way: the laboratory has none that answer so."""


def test_answers_that_are_wrong_are_found(anvil_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    given, call = tables(anvil_world), Node.call
    for case, (asked, spoilt, place, said) in ANSWERS.items():

        def spoil(
            self: Node,
            to: str,
            signature: str,
            *arguments: int | str,
            block: int,
            asked: str = asked,
            spoilt: Callable[[bytes], bytes] = spoilt,
        ) -> bytes:
            answer = call(self, to, signature, *arguments, block=block)
            return spoilt(answer) if signature == asked else answer

        monkeypatch.setattr(Node, "call", spoil)
        found = wrong(findings(anvil_world, "eth_carry", given))
        assert any(one == place and said in what for one, what in found), (case, found)


def test_a_full_reserve_lends_on(anvil_world: World) -> None:
    anvil_world.aave.set_caps(anvil_world.usdc, supply=1)
    assert wrong(findings(anvil_world, "eth_carry", tables(anvil_world))) == []


def test_a_feed_by_another_name_may_be_meant(anvil_world: World) -> None:
    given = tables(anvil_world)
    feed = deploy_feed(anvil_world.chain, anvil_world.admin, "Ether in dollars", 2_000)
    given["feeds"]["WETH"] = feed.address
    ((place, said),) = wrong(findings(anvil_world, "eth_carry", given))
    assert place == "feeds.WETH"
    assert said.endswith('if it is the one, say so: description = "Ether in dollars"')
    given["feeds"]["WETH"] = {"address": feed.address, "description": "Ether in dollars"}
    assert wrong(findings(anvil_world, "eth_carry", given)) == []


def test_a_pool_that_is_off_is_a_note(anvil_world: World) -> None:
    anvil_world.pool.move_to(1_980, anvil_world.arbitrageur)
    found = findings(anvil_world, "eth_carry", tables(anvil_world))
    assert wrong(found) == []
    (note,) = (one for one in found if one.level is Level.NOTE)
    assert note.said.startswith("its price is 1.00% from the feeds'")


def test_a_token_by_another_name_is_a_note(anvil_world: World) -> None:
    from lab.artifacts import npm_artifact

    given = tables(anvil_world)
    artifact = npm_artifact("@aave/core-v3", "mocks/tokens/MintableERC20")
    given["tokens"]["USDC"] = anvil_world.chain.deploy_artifact(artifact, "Bridged", "USDC.e", 6).address
    found = findings(anvil_world, "eth_carry", given)
    assert any("it calls itself USDC.e, the strategy calls it USDC" in one.said for one in found)


def test_flash_loans_that_are_not_given_as_proved(anvil_world: World) -> None:
    given = tables(anvil_world)
    anvil_world.aave.set_flash_premium(9)
    found = wrong(findings(anvil_world, "eth_loop", given))
    assert found == [("venues.aave", "flash loans cost 9 basis points, and it was proved with 5")]
    anvil_world.aave.lend_by_flash(anvil_world.usdc, False)
    found = wrong(findings(anvil_world, "eth_loop", given))
    assert any("it lends no USDC by flash loans" in said for _, said in found)


def test_a_pool_to_borrow_from(anvil_world: World) -> None:
    world = with_lending_pool(anvil_world)
    assert world.lending is not None
    given = tables(anvil_world)
    given["venues"]["pool"] = world.uniswap.router.address
    found = findings(world, "pool_loop", given)
    assert wrong(found) == []
    assert [one.said.lower() for one in found if one.place == "venues.pool"][-2:] == [
        f"its pool of weth/usdc at 0.30%: {world.lending.address}".lower(),
        "flash loans of usdc, for 30 basis points",
    ]
    world.lending.remove_liquidity(world.whale)
    found = wrong(findings(world, "pool_loop", given))
    assert ("venues.pool", "nothing lies in the pool of WETH/USDC at 0.30% at its price") in found


def test_a_category_of_other_parameters(anvil_world: World) -> None:
    anvil_world.aave.set_category(
        1, 9_000, 9_200, [anvil_world.weth, anvil_world.usdc], [anvil_world.weth, anvil_world.usdc]
    )
    found = wrong(findings(anvil_world, "category", tables(anvil_world)))
    assert found == [("venues.aave", "getEModeCategoryData(1), from bit 0: it is 9200, and it was proved with 9300")]


def test_depositors_need_a_schema(anvil_world: World) -> None:
    eas = deploy_eas(anvil_world.chain, anvil_world.admin)
    given = tables(anvil_world)
    given["depositors"] = {"service": eas.service.address, "attester": anvil_world.admin, "resolver": "none"}
    ((place, said),) = wrong(findings(anvil_world, "members", given))
    assert place == "depositors.service"
    assert said.startswith(f'its registry has no schema "{MEMBERSHIP}"')
    eas.register(MEMBERSHIP, NOBODY)
    assert wrong(findings(anvil_world, "members", given)) == []


def test_a_market_of_morpho() -> None:
    with AnvilChain() as chain:
        from lab.world import build_world

        world = with_morpho(build_world(chain))
        given = tables(world)
        blue = {"address": world.morpho.address, "oracle": world.morpho.oracle.address, "irm": world.morpho.irm.address}
        given["venues"]["blue"] = blue
        found = findings(world, "blue_carry", given)
        assert [one for one in found if one.level is not Level.OK] == []
        world.morpho.misprice(Fraction(101, 100))
        ((place, said),) = wrong(findings(world, "blue_carry", given))
        assert (place, said) == (
            "venues.blue",
            "its price of WETH and that of the feeds differ by 1.00%, of 0.00% that are assumed",
        )
        world.morpho.misprice(Fraction(1))
        given["venues"]["blue"] = blue | {"irm": world.morpho.oracle.address}
        given["venues"]["blue"]["oracle"] = world.morpho.irm.address
        found = findings(world, "blue_carry", given)
        assert any("it has no market of USDC against WETH at 86.00%" in said for _, said in wrong(found))


@pytest.mark.long
def test_a_range_of_liquidity(anvil_world: World) -> None:
    """Where it would lie, and what is said of a pool that is off, or not there."""
    world, given = anvil_world, tables(anvil_world)
    given["venues"]["pool"] = world.uniswap.positions.address
    found = findings(world, "fee_range", given)
    assert [one for one in found if one.level is not Level.OK] == []
    assert any("its range would be 999" in one.said and "USDC for one WETH" in one.said for one in found)
    world.pool.move_to(1_950, world.arbitrageur)
    notes = {one.said for one in findings(world, "fee_range", given) if one.level is Level.NOTE}
    assert any("no rule will add liquidity or take it out" in said for said in notes)
    given["tokens"]["WETH"] = world.save.address
    assert ("venues.pool", "there is no pool of WETH/USDC at 0.05%") in wrong(findings(world, "fee_range", given))
