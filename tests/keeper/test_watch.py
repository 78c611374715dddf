"""The watch: each assumption's alarm is raised once, ended once, and not raised by what the vault does itself."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from keeper.rig import KEEPER, KeeperProcess, Runner, endpoint
from keeper.stub import DELEVERAGE, PERIOD, REBALANCE, TEXT, bound_document, calls
from keeper.watching import Watching
from lab.chain import AnvilChain, Contract
from stratc_targets.keeper.measures import kept

pytestmark = pytest.mark.anvil

USDC, WETH, USD = 10**6, 10**18, 10**18
DEBT = 30_000 * USDC
YEAR = 31_536_000


@pytest.fixture
def watching(tmp_path: Path, chain: AnvilChain, vault: Contract) -> Watching:
    """A watch that has looked at the vault once, when a round began."""
    watching = Watching(tmp_path, chain.url, bound_document(vault))
    vault.send("settle", sender=KEEPER)
    assert watching.says() == [("watching", None)]
    return watching


FLAGS = 2**56 + 2**58
"""Of a reserve that is active and may be borrowed."""

STATED = FLAGS + 8_000 + (8_250 << 16)
"""The word of its parameters, as they were proved."""

# What the market does to the stub, what that leaves at the very edge, and how far it then goes beyond.
CASES = {
    "moves(WETH)": ("price_weth", 1_600 * USD, 1_600 * USD - 1, 2_000 * USD),
    "moves(WETH) up": ("price_weth", 2_250 * USD, 2_250 * USD + 1, 2_000 * USD),
    "stays(USDC)": ("price_usdc", 98 * USD // 100, 98 * USD // 100 - 1, USD),
    "loss(save)": ("save", 39_980 * USDC - 2, 39_980 * USDC - 3, 39_990 * USDC),
    "gain(save)": ("save", 40_400 * USDC + 2, 40_400 * USDC + 3, 40_000 * USDC),
    "gain(aave)": ("aave_debt_usdc", 29_700 * USDC - 2, 29_700 * USDC - 3, 30_000 * USDC),
    "gain(aave) held": ("aave_collateral_weth", 303 * WETH // 10 + 10**9, 303 * WETH // 10 + 10**9 + 1, 30 * WETH),
    "gain(idle(WETH))": ("idle_weth", 101 * WETH // 10 + 10**9, 101 * WETH // 10 + 10**9 + 1, 10 * WETH),
    "liquidity(aave)": ("aave_cash", 18 * WETH - 10**9, 18 * WETH - 10**9 - 1, 18 * WETH),
    "liquidity(save)": ("save_cash", 20_000 * USDC - 2, 20_000 * USDC - 3, 20_001 * USDC),
    "scale": ("nav", USD, USD - 1, USD),
    "scale of a share": ("share", 10**5 * 10**18, 10**5 * 10**18 + 10**15, 10**18),
    "oracle(aave)": ("aave_price_weth", 2_000 * 10**8 + 1, 2_000 * 10**8 + 2, 2_000 * 10**8),
    "oracle(aave) low": ("aave_price_weth", 2_000 * 10**8 - 1, 2_000 * 10**8 - 2, 2_000 * 10**8),
    "room(aave)": ("configuration", STATED, STATED + 2**57, STATED),  # frozen
    "parameters(aave)": (
        "configuration",
        FLAGS + 8_000 + (8_250 << 16),
        FLAGS + 8_000 + (8_249 << 16),
        FLAGS + 8_000 + (8_250 << 16),
    ),
    "parameters(aave) ltv": (
        "configuration",
        FLAGS + 8_000 + (8_250 << 16),
        FLAGS + 7_999 + (8_250 << 16),
        FLAGS + 8_000 + (8_250 << 16),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_beyond_the_edge_is_an_alarm_raised_once_and_ended_once(case: str, watching: Watching, vault: Contract) -> None:
    alarm, (number, edge, beyond, back) = case.partition(" ")[0], CASES[case]
    story = []
    for value in (edge, beyond, beyond, back, back):
        vault.send("put", number, value)
        story.append(watching.says())
    assert story == [[], [("alarm", alarm)], [], [("alarm_over", alarm)], []]


PAIRED = TEXT.replace("price(USDC) stays 0.98 .. 1.02", "price(USDC) stays 0.5 .. 2").replace(
    "price(WETH) moves -20% .. +12.5%",
    "price(WETH) moves -60% .. +60%; price(WETH/USDC) moves -20% .. +12.5%; price(WETH/USDC) stays 1_500 .. 2_500",
)


@pytest.fixture
def paired(tmp_path: Path, chain: AnvilChain, vault: Contract) -> Watching:
    """A watch over prices that keep to each other, which has looked once when a round began."""
    watching = Watching(tmp_path, chain.url, bound_document(vault, PAIRED))
    vault.send("settle", sender=KEEPER)
    assert watching.says() == [("watching", None)]
    return watching


def test_prices_that_move_together_are_no_alarm_and_that_part_are_one(paired: Watching, vault: Contract) -> None:
    vault.send("put", "price_weth", 1_200 * USD)
    vault.send("put", "price_usdc", 60 * USD // 100)
    assert paired.says() == []  # both fell by 40%
    vault.send("put", "price_usdc", 75 * USD // 100)
    assert paired.says() == []  # at 1,600 USDC: 20% less
    vault.send("put", "price_usdc", 75 * USD // 100 + 1)
    assert paired.says() == [("alarm", "moves(WETH/USDC)")]
    vault.send("put", "price_weth", 1_350 * USD)
    vault.send("put", "price_usdc", 60 * USD // 100)  # at 2,250 USDC: 12.5% more
    assert paired.says() == [("alarm_over", "moves(WETH/USDC)")]
    vault.send("put", "price_usdc", 60 * USD // 100 - 1)
    assert paired.says() == [("alarm", "moves(WETH/USDC)")]


def test_a_range_of_the_ratio_holds_from_round_to_round(paired: Watching, vault: Contract) -> None:
    vault.send("put", "price_weth", 1_700 * USD)
    vault.send("settle", sender=KEEPER)
    vault.send("put", "price_weth", 1_500 * USD)
    assert paired.says() == []
    vault.send("put", "price_weth", 1_500 * USD - 1)
    (alarm,) = paired.look()
    assert (alarm["id"], alarm["event"]) == ("stays(WETH/USDC)", "alarm")
    assert "stays(WETH/USDC): price(WETH/USDC) stays 1500 .. 2500; measured 1500" in alarm["message"]
    vault.send("put", "price_usdc", USD - 1)
    assert paired.says() == [("alarm_over", "stays(WETH/USDC)")]


def test_an_alarm_says_what_was_measured_what_was_assumed_and_what_is_at_stake(
    watching: Watching, vault: Contract
) -> None:
    vault.send("put", "price_weth", 1_500 * USD)
    (alarm,) = watching.look()
    assert alarm["level"] == "error"
    assert alarm["message"] == (
        "moves(WETH): price(WETH) moves -20% .. +12.5%; measured -0.25, assumed between -0.2 and 0.125; "
        "at stake: survives"
    )
    assert (alarm["id"], alarm["measured"]) == ("moves(WETH)", -0.25)


def test_a_round_that_lasts_too_long_is_an_alarm_until_the_next_begins(
    watching: Watching, chain: AnvilChain, vault: Contract
) -> None:
    chain.warp(PERIOD)
    assert watching.says() == []
    chain.warp(1)
    assert watching.says() == [("alarm", "keeper")]
    vault.send("settle", sender=KEEPER)
    assert watching.says() == [("alarm_over", "keeper")]


def test_a_rate_above_the_assumed_one(watching: Watching, chain: AnvilChain, vault: Contract) -> None:
    """Interest of an hour at 60% a year, compounded as the proofs allow; and then some more."""
    chain.warp(30)
    vault.send("put", "aave_debt_usdc", DEBT + DEBT // 100)
    assert watching.says() == []  # of less than a minute nothing is told
    chain.warp(PERIOD - 90)
    at_sixty = DEBT + int(DEBT * 0.6 * (PERIOD - 60) / YEAR)
    vault.send("put", "aave_debt_usdc", at_sixty)
    assert watching.says() == []
    vault.send("put", "aave_debt_usdc", at_sixty + DEBT // 100_000)
    assert watching.says() == [("alarm", "rate(aave.debt(USDC))")]
    vault.send("put", "aave_debt_usdc", at_sixty)
    assert watching.says() == [("alarm_over", "rate(aave.debt(USDC))")]


def test_a_rate_is_taken_over_all_the_time_that_was_watched(
    watching: Watching, chain: AnvilChain, vault: Contract
) -> None:
    chain.warp(PERIOD // 2)
    vault.send("put", "aave_debt_usdc", DEBT + int(DEBT * 0.5 * PERIOD / 2 / YEAR))
    assert watching.says() == []
    vault.send("move", "aave_debt_usdc", DEBT)
    assert watching.says() == []
    chain.warp(120)
    assert watching.says() == []


def test_what_the_vault_moves_itself_is_no_gain_and_no_loss(watching: Watching, vault: Contract) -> None:
    vault.send("move", "save", 80_000 * USDC)
    assert watching.says() == []
    vault.send("move", "save", 20_000 * USDC)
    assert watching.says() == []
    vault.send("settle", sender=KEEPER)
    vault.send("move", "save", 10_000 * USDC)
    assert watching.says() == []


def test_losses_on_both_sides_of_a_transaction_of_the_vault_add_up(watching: Watching, vault: Contract) -> None:
    vault.send("put", "save", 39_988 * USDC)  # -0.03%
    assert watching.says() == []
    vault.send("move", "save", 20_000 * USDC)
    assert watching.says() == []
    vault.send("put", "save", 19_994 * USDC)  # -0.03% again
    assert watching.says() == [("alarm", "loss(save)")]
    vault.send("settle", sender=KEEPER)
    assert watching.says() == [("alarm_over", "loss(save)")]


def test_a_round_begins_with_the_prices_of_its_own_block(watching: Watching, vault: Contract) -> None:
    """Whoever begins it: that the price falls before the next look is seen all the same."""
    vault.send("put", "price_weth", 1_700 * USD)
    vault.send("settle", sender=KEEPER)
    vault.send("put", "price_weth", 1_400 * USD)
    assert watching.says() == []  # -30% in two rounds
    vault.send("put", "price_weth", 1_300 * USD)
    assert watching.says() == [("alarm", "moves(WETH)")]


def test_a_restart_forgets_nothing_of_the_round_and_raises_what_stands_again(
    watching: Watching, chain: AnvilChain, vault: Contract
) -> None:
    vault.send("put", "price_weth", 1_500 * USD)
    vault.send("put", "save", 39_000 * USDC)
    chain.warp(PERIOD + 1)
    expected = [("alarm", "keeper"), ("alarm", "moves(WETH)"), ("alarm", "loss(save)")]
    for _ in range(2):
        watching.start()
        assert watching.says() == expected


def test_without_a_state_file_it_starts_where_it_looks_first_and_says_so(watching: Watching, vault: Contract) -> None:
    vault.send("put", "price_weth", 1_500 * USD)
    watching.state.unlink()
    watching.start()
    assert watching.says() == [("watching", None)]
    vault.send("put", "price_weth", 1_300 * USD)
    assert watching.says() == []


def test_what_cannot_be_read_is_told_once_and_the_rest_is_measured(
    watching: Watching, chain: AnvilChain, vault: Contract
) -> None:
    vault.send("put", "paused", 1)
    vault.send("put", "price_weth", 1_500 * USD)
    assert watching.says() == [("alarm", "moves(WETH)"), ("unmeasured", "liquidity(save)")]
    vault.send("put", "stale", 1)
    vault.send("put", "configuration", FLAGS + 1)
    chain.warp(PERIOD + 1)
    told = watching.look()
    assert [one.get("id") for one in told] == ["keeper", "parameters(aave)", None]
    assert told[-1]["reason"] == "oracle: stale"
    chain.warp(1)
    assert watching.says() == []
    vault.send("put", "stale", 0)
    (again,) = watching.look()
    assert again["event"] == "measured"
    assert "moves(WETH)" in again["ids"]
    assert "liquidity(save)" not in again["ids"]
    chain.warp(1)
    assert watching.says() == []


def test_nobody_has_a_stake_in_an_empty_vault(watching: Watching, vault: Contract) -> None:
    """Without shares, gifts and a nav of nothing are no alarms, and not held against the round later."""
    vault.send("set_supply", 0)
    vault.send("put", "nav", 0)
    assert watching.says() == []
    vault.send("put", "save", 50_000 * USDC)
    assert watching.says() == []
    vault.send("move", "nav", 10**5 * USD)
    vault.send("set_supply", USD)
    assert watching.says() == []


def test_a_gift_to_an_empty_position_is_a_gain(watching: Watching, vault: Contract) -> None:
    vault.send("move", "save", 0)
    assert watching.says() == []
    vault.send("put", "save", 4)
    assert watching.says() == []  # rounding
    vault.send("put", "save", USDC)
    assert watching.says() == [("alarm", "gain(save)")]


def test_a_debt_that_others_repay_is_a_gain_and_does_no_harm(
    watching: Watching, chain: AnvilChain, vault: Contract
) -> None:
    vault.send("put", "aave_debt_usdc", 0)
    chain.warp(120)
    assert watching.says() == [("alarm", "gain(aave)")]
    vault.send("move", "aave_debt_usdc", 0)
    assert watching.says() == []


def test_growth_is_remembered_finely_and_within_bounds() -> None:
    assert kept(Fraction(1, 3)) == Fraction(1, 3)
    assert abs(kept(Fraction(2 * 10**30 + 1, 3 * 10**30)) - Fraction(2, 3)) < Fraction(1, 10**17)
    assert kept(Fraction(1, 10**30)) == Fraction(1, 10**18)
    assert kept(Fraction(10**60)) == 10**18


# ── in the process ─────────────────────────────────────────────────────────────────────────


def test_one_pass_measures_and_does_what_is_due_first(run: Runner, chain: AnvilChain, vault: Contract) -> None:
    document = bound_document(vault)
    assert run(document, chain.url, "--once").names[-1] == "watching"
    vault.send("put", "price_weth", 1_500 * USD)
    vault.send("set_due", DELEVERAGE, True, False)
    dry = run(document, chain.url, "--once", "--dry-run")
    assert dry.names == ["started", "would_send", "alarm"]
    assert run(document, chain.url, "--once").names == ["started", "sending", "mined", "alarm"]
    assert calls(vault) == [DELEVERAGE]


@pytest.mark.parametrize("broken", ["refuse", "garbage"])
def test_an_endpoint_without_logs_stops_no_rule(broken: str, run: Runner, chain: AnvilChain, vault: Contract) -> None:
    document = bound_document(vault)
    assert run(document, chain.url, "--once").status == 0
    vault.send("put", "price_weth", 1_500 * USD)
    for rule in (DELEVERAGE, REBALANCE):
        vault.send("set_due", rule, True, False)
    with endpoint(chain.port) as rpc:
        getattr(rpc, broken)("eth_getLogs")
        ran = run(document, rpc.url, "--once")
    assert ran.status == 0
    assert calls(vault) == [DELEVERAGE, REBALANCE]
    assert ran.names.count("unmeasured") == 1
    assert ("alarm" in ran.names) == (broken == "refuse")  # prices need no logs


def test_it_measures_while_a_transaction_is_stuck(tmp_path: Path, chain: AnvilChain, vault: Contract) -> None:
    document = bound_document(vault)
    vault.send("set_due", REBALANCE, True, False)
    vault.send("put", "stale", 1)
    chain.rpc("evm_setAutomine", False)
    with KeeperProcess(tmp_path, document, chain.url, "--no-settle") as keeper:
        keeper.wait_for("unmeasured")
        assert [one["event"] for one in keeper.events()] == ["started", "sending", "unmeasured"]


def test_an_exited_vault_is_not_watched(run: Runner, chain: AnvilChain, vault: Contract) -> None:
    vault.send("put", "configuration", FLAGS + 1)
    vault.send("set_mode", 2)
    assert run(bound_document(vault), chain.url, "--once").names == ["started", "mode"]
