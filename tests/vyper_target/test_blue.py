"""BlueCarry beside the real Morpho Blue: what it is deployed with, what its rules do there, what it leaves behind."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lab.chain import Reverted
from lab.morpho import WAD, deploy_morpho, deploy_oracle
from lab.world import World
from stratc_compiler.certify import ProvedVault
from stratc_compiler.driver import Options, verify
from stratc_compiler.model import build_vault
from stratc_compiler.verdict import Refuted, Scenario
from stratc_dsl import Source, parse_strategies
from stratc_targets.venues import venue_factories
from stratc_targets.venues.morpho_blue.exact import incentive
from stratc_targets.vyper.emit import vault_sources
from venues.morpho_books import market_of
from vyper_target.vaults import EXAMPLES, USD, USDC, Deployed, deploy, example, proved

TARGETS = {"blue_collateral_weth": 0.80, "blue_debt_usdc": 0.34, "save": 0.44, "idle_usdc": 0.10}


@pytest.fixture
def settled(blue_world: World) -> Deployed:
    """Two users in, allocated."""
    vault = deploy(blue_world, example("blue_carry"))
    vault.deposit(blue_world.users[0], 100_000 * USDC)
    vault.deposit(blue_world.users[1], 50_000 * USDC)
    vault.run("rebalance")
    return vault


# ── at deployment ──────────────────────────────────────────────────────────────────────────


def test_the_market_is_the_one_of_these_tokens_this_threshold_this_oracle(blue_world: World) -> None:
    vault, lab = deploy(blue_world, example("blue_carry")), blue_world.morpho
    assert vault.call("BLUE_ID") == lab.id
    assert vault.call("BLUE_MARKET") == lab.params == lab.contract.call("idToMarketParams", lab.id)
    assert (vault.call("BLUE"), vault.call("BLUE_ORACLE")) == (lab.address, lab.oracle.address)


def refused(world: World, given: ProvedVault, words: str, **addresses: object) -> None:
    with pytest.raises(Reverted, match=words):
        deploy(world, given, **addresses)


def test_another_market_is_refused(blue_world: World) -> None:
    given, world, lab = example("blue_carry"), blue_world, blue_world.morpho
    sides = (world.weth, world.feeds["WETH"]), (world.usdc, world.feeds["USDC"])
    lower = deploy_morpho(world.chain, world.admin, *sides, lltv=77 * WAD // 100)
    addresses = {"market_blue_oracle": lower.oracle, "market_blue_irm": lower.irm}
    refused(world, given, "no such market", venue_blue=lower, **addresses)
    same = deploy_oracle(world.chain, world.admin, *sides)
    refused(world, given, "no such market", market_blue_oracle=same)
    refused(world, given, "no such market", market_blue_irm=lower.irm)
    lab.other_market(oracle=same)
    deploy(world, given, market_blue_oracle=same)


def test_an_oracle_that_differs_from_the_feeds_is_refused(blue_world: World) -> None:
    given, world, lab = example("blue_carry"), blue_world, blue_world.morpho
    for factor in (1 - Fraction(1, 10**15), 1 + Fraction(1, 10**15), Fraction(99, 100), Fraction(0)):
        lab.misprice(factor)
        refused(world, given, "morpho_blue: the oracle differs from the feeds")
    lab.misprice(Fraction(1))
    dollars = world.feeds["USDC"]
    wrong = deploy_oracle(world.chain, world.admin, (world.weth, dollars), (world.usdc, world.feeds["WETH"]))
    lab.other_market(oracle=wrong)
    refused(world, given, "morpho_blue: the oracle differs from the feeds", market_blue_oracle=wrong)
    deploy(world, given)


def test_a_token_that_is_told_in_another_is_compared_at_the_price_of_both_feeds() -> None:
    text = (EXAMPLES / "blue_carry.strat").read_text("utf-8")
    staked = 'token WETH { decimals: 18, price: ratio(ETH, chainlink("WETH/ETH", heartbeat=1h, deviation=0.5%)) }'
    ether = 'token ETH { decimals: 18, price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%) }'
    lines = [staked + "\n" + ether if "token WETH" in line else line for line in text.splitlines()]
    moves = "price(WETH) moves -20% .. +20%"
    given = proved("\n".join(lines).replace(moves, f"{moves}; price(ETH) moves -20% .. +20%"))
    (book,) = (text for path, text in vault_sources(given.vault, given.verification.source).items() if "book" in path)
    told = "oracle.price_in(WETH_FEED, oracle.price(ETH_FEED)), WETH_UNIT, oracle.price(USDC_FEED), USDC_UNIT"
    assert f"morpho_blue.check_oracle(BLUE_ORACLE, {told})" in book


TWICE = """strategy Twice {
    base USDC
    token USDC { decimals: 6,  price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    token WETH { decimals: 18, price: chainlink("ETH/USD",  heartbeat=1h,  deviation=0.5%) }
    venue blue = morpho_blue(collateral=WETH(lltv=86%), loan=USDC)
    venue azure = morpho_blue(collateral=WETH(lltv=86%), loan=USDC)
    venue dex  = uniswap_v3(WETH/USDC, fee=0.05%)
    assume {
        keeper every 1h
        price(WETH) moves -8% .. +8%
        price(USDC) stays 0.98 .. 1.02
        slippage(dex) <= 0.30%
        withdrawals <= 5% of nav
    }
    allocate { blue.collateral(WETH): 30% +- 9%, azure.collateral(WETH): 30% +- 9%, idle(USDC): 40% +- 12%, min 6% }
    rules    { when weights outside band do rebalance }
    exit     { order: [blue, azure, dex] }
}"""


@pytest.mark.long
def test_two_markets_are_two_accounts_and_one_market_is_not(blue_world: World) -> None:
    world, lab = blue_world, blue_world.morpho
    sides = (world.weth, world.feeds["WETH"]), (world.usdc, world.feeds["USDC"])
    other = lab.other_market(oracle=deploy_oracle(world.chain, world.admin, *sides))
    addresses = {"venue_azure": lab, "market_azure_oracle": lab.oracle, "market_azure_irm": lab.irm}
    refused(world, proved(TWICE), "blue is azure", **addresses)
    vault = deploy(world, proved(TWICE), **{**addresses, "market_azure_oracle": other.oracle})
    vault.deposit(world.users[0], 100_000 * USDC)
    vault.run("rebalance")
    held = lab.position(vault.address).collateral, other.position(vault.address).collateral
    assert held == pytest.approx((15 * WAD, 15 * WAD), rel=1e-2)
    vault.contract.send("emergency_exit", sender=vault.guardian)
    assert lab.position(vault.address) == other.position(vault.address) == (0, 0, 0)


# ── what its rules do ──────────────────────────────────────────────────────────────────────


def test_rebalance_brings_every_position_to_its_target(settled: Deployed) -> None:
    for position, target in TARGETS.items():
        assert settled.weight(position) == pytest.approx(target, abs=0.001)
    assert settled.call("health_blue") / USD == pytest.approx(0.86 * 0.80 / 0.34, rel=1e-2)
    assert settled.call("settled") is True


def test_interest_that_nobody_has_booked_counts_to_the_second(settled: Deployed) -> None:
    world, lab, before = settled.world, settled.world.morpho, settled.state()["blue_debt_usdc"]
    for seconds in (1, 3_600, 90 * 86_400):
        world.warp(seconds, refresh=True)
        assert settled.state()["blue_debt_usdc"] == lab.owed(settled.address) > before
        before = settled.state()["blue_debt_usdc"]


def test_a_crash_makes_deleverage_due_and_it_restores_health_at_morpho_itself(settled: Deployed) -> None:
    world, lab = settled.world, settled.world.morpho
    world.set_price("WETH", 1_460)
    settled.run("deleverage_blue")
    covered = lab.position(settled.address).collateral * lab.price() // 10**36 * lab.lltv // WAD
    assert covered / lab.owed(settled.address) == pytest.approx(1.80, abs=1e-6)
    assert settled.call("deleverage_blue_due") is False


def test_no_allowance_is_left_behind(settled: Deployed) -> None:
    world = settled.world
    world.set_price("WETH", 1_400)
    settled.accept_prices()
    settled.run("deleverage_blue")
    settled.run("rebalance")
    settled.contract.send("emergency_exit", sender=settled.guardian)
    for token in (world.usdc, world.weth):
        for spender in (world.morpho, world.save, world.uniswap.router):
            assert token.contract.call("allowance", settled, spender) == 0


def test_the_exit_leaves_no_share_of_debt(settled: Deployed) -> None:
    """Repaid by assets, a few shares would stay behind, and with them the collateral's last unit."""
    world, lab = settled.world, settled.world.morpho
    world.warp(86_399, refresh=True)
    settled.contract.send("emergency_exit", sender=settled.guardian)
    assert settled.call("mode") == 2
    assert lab.position(settled.address) == (0, 0, 0)


def test_a_vault_without_debt_needs_no_oracle_of_the_market(settled: Deployed) -> None:
    """Where nothing is owed Morpho asks nobody: all leave, though its oracle is dead."""
    world, user = settled.world, settled.world.users[0]
    settled.contract.send("emergency_exit", sender=settled.guardian)
    world.morpho.misprice(Fraction(0))
    shares = settled.call("balanceOf", user)
    assert settled.contract.send("redeem", shares, user, user, sender=user).value > 0


# ── the refuted one ────────────────────────────────────────────────────────────────────────


def scenario() -> Scenario:
    """Of `safe(blue)` of the loan that is too near the line."""
    file = EXAMPLES / "refuted" / "no_gap.strat"
    source = Source(file.name, file.read_text("utf-8"))
    (strategy,) = parse_strategies(source).strategies
    result = verify(build_vault(strategy, source, venue_factories(strategy)), source, Options())
    (claim,) = (claim for claim in result.claims if claim.name == "safe(blue)")
    assert isinstance(claim.verdict, Refuted)
    assert claim.verdict.scenario is not None
    return claim.verdict.scenario


def test_the_scenario_of_the_refuted_one_ends_liquidated_at_morpho_and_in_the_books(blue_world: World) -> None:
    """The loan of the scenario, taken by anybody at its first prices: safe at Morpho, and not after the move."""
    world, lab, told, user = blue_world, blue_world.morpho, scenario(), blue_world.users[0]
    collateral, debt = told.settled["blue.collateral(WETH)"], told.settled["blue.debt(USDC)"]
    _prices(world, told.settled)
    lab.pledge(user, collateral)
    lab.borrow(user, debt)
    world.usdc.provide(world.arbitrageur, lab.contract, debt)
    with pytest.raises(Reverted, match="position is healthy"):
        lab.liquidate(world.arbitrageur, user, repaid_shares=lab.position(user).borrow_shares // 2)
    _prices(world, told.after)
    books = market_of(world, user)
    shares = books.account(user).borrow_shares // 2
    seized, repaid = lab.liquidate(world.arbitrageur, user, repaid_shares=shares).value
    done = books.liquidate(user, repaid_shares=shares)
    assert (done.seized, done.repaid, done.bad_debt) == (seized, repaid, 0)
    left = lab.position(user)
    assert (left.collateral, left.borrow_shares) == (books.account(user).collateral, books.account(user).borrow_shares)
    # What is lost: 4.4% of what was repaid.
    worth = Fraction(seized * lab.price(), 10**36)
    assert float(worth / repaid) == pytest.approx(incentive(lab.lltv) / WAD, rel=1e-6)


def _prices(world: World, state: dict[str, int]) -> None:
    for token in ("USDC", "WETH"):
        world.set_price(token, Fraction(state[f"price({token})"], USD), arbitrage=False)
