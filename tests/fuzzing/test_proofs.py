"""Random strategies: what is proved withstands attack, and not too much is unknown. `make fuzz-proofs` does thousands.

The strategies are the same ones in every run, drawn by their numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from fuzzing import proofs
from fuzzing.attack import Broken, attack, attempts, climb
from fuzzing.invented import BEYOND, IN_OTHERS
from fuzzing.proofs import ONE_PROCESS, Examined, examine, figures, main, unknown_share, verified
from proofs.strategies import vault_of
from proofs.strategies import verified as example
from stratc_compiler import driver, environment, rounds
from stratc_compiler.driver import model, verify
from stratc_compiler.verdict import Proved, Refuted, Verification
from stratc_dsl import Source, parse_strategies
from stratc_dsl.strategy import Strategy
from stratc_targets.venues import venue_factories
from stratc_targets.venues.aave_v3 import model as aave

FEW = tuple(100_000 + n for n in (0, 1, 3, 5, 7, 9, 10, 13, 14, 16, 18, 21, 24, 26, 31, 33, 35, 36, 39, 40))
"""Of every shape that takes about a second."""

FEW_IN_OTHERS = (IN_OTHERS + 1, IN_OTHERS + 2, IN_OTHERS + 5)

FEW_BEYOND = (BEYOND + 26, BEYOND + 3, BEYOND + 19)
"""A loan that a lender misreads, one that a volatility stops, a holding that is hedged."""

MANY = range(200_000, 200_160)

STAKED = Path(__file__).parents[1] / "vyper_target" / "staked.strat"

MOST_UNKNOWN = 0.15
"""Of all claims of random strategies; what is unknown is no fault, but a number that should fall."""


@cache
def examined(number: int) -> Examined:
    return examine(number, tries=30)


@pytest.mark.parametrize("number", FEW)
def test_what_is_proved_of_a_random_strategy_withstands_attack(number: int) -> None:
    assert examined(number).fault == ""


@pytest.mark.parametrize("number", FEW_IN_OTHERS)
def test_so_does_what_is_proved_where_prices_keep_to_each_other(number: int) -> None:
    assert examined(number).fault == ""
    assert examined(number).refused == ""


@pytest.mark.parametrize(
    "number", [FEW_BEYOND[0], *(pytest.param(number, marks=pytest.mark.long) for number in FEW_BEYOND[1:])]
)
def test_and_what_is_proved_beyond_plain_loans(number: int) -> None:
    assert examined(number).fault == ""
    assert examined(number).refused == ""


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("first", range(MANY.start, MANY.stop, 20))
def test_what_is_proved_of_many_random_strategies_withstands_attack(first: int) -> None:
    assert [one.fault for one in map(examined, range(first, first + 20)) if one.fault] == []


def test_most_claims_are_decided_and_the_strategies_are_of_both_kinds() -> None:
    seen = [examined(number) for number in FEW]
    verdicts = [verdict for one in seen for _, verdict, _ in one.verdicts]
    assert unknown_share(seen) < MOST_UNKNOWN
    assert verdicts.count("Proved") > 40
    assert verdicts.count("Refuted") > 15
    assert sum(one.rounds for one in seen) > 2_000


def test_no_claim_is_proved_of_nothing() -> None:
    """Where a settled state exists, the attack on every claim that was proved met one."""
    seen = [examined(number) for number in FEW]
    consistent = [one for one in seen if ("consistent", "Proved", "") in one.verdicts]
    assert len(consistent) > 5
    assert [name for one in consistent for name in one.untouched] == []


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("name", ["treasury", "eth_carry", "eth_loop", "treasury_loan"])
def test_the_examples_withstand_it_too(name: str) -> None:
    found = attack(example(name), 1, tries=1_000)
    assert all(attacked.rounds > 500 for attacked in found.values())


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_an_account_at_a_venue_of_perpetuals_withstands_it_too() -> None:
    found = attack(example("short_ether"), 1, tries=300)
    assert all(attacked.rounds > 200 for attacked in found.values())


def verified_text(text: str) -> Verification:
    source = Source("text.strat", text)
    (strategy,) = parse_strategies(source).strategies
    return verify(model(strategy, source, venue_factories(strategy)), source, ONE_PROCESS)


# ── that the attack can succeed ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "instead", "claim"),
    [
        ("-20% .. +20%", "-20% .. +60%", "Safe"),
        ("loss <= 4%", "loss <= 0.2%", "LossPerRound"),
        ("exit >= 97%", "exit >= 99.9%", "ExitPays"),
        ("-3% .. +3%", "-0.001% .. +0.001%", "SurvivesLossOf"),
    ],
)
def test_the_attack_finds_what_breaks_an_account_at_a_venue_of_perpetuals(said: str, instead: str, claim: str) -> None:
    vault, _ = vault_of("short_ether", (said, instead))
    (asked,) = (one for one in vault.strategy.claims if type(one).__name__ == claim)
    assert climb(vault, asked, Random(1), 80).broken is not None


def test_the_attack_finds_most_of_what_is_refuted() -> None:
    """The scenarios come from the solver; the attack knows nothing of them."""
    changes = (
        ("loss(save) <= 1%", "loss(save) <= 6%"),
        ("liquidity(aave) >= 50%", "liquidity(aave) >= 5%"),
        ("exit >= 60% of nav", "exit >= 70% of nav"),
    )
    found = [
        (change, claim, attacked.broken is not None)
        for change in changes
        for claim, attacked in attempts(example("treasury", change), Refuted, 1, tries=100).items()
    ]
    assert len(found) > 3
    assert [(change, claim) for change, claim, broken in found if not broken] == []


def test_a_box_that_is_too_small_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses of venues forgotten by the proofs: they prove what the attack then breaks."""
    monkeypatch.setattr(environment, "LossAtMost", type("Nothing", (), {}))
    vault, source = vault_of("treasury", ("loss(save) <= 1%", "loss(save) <= 6%"))
    with pytest.raises(Broken, match=r"loss <= 1% per round was proved, yet .* is lost"):
        attack(verify(vault, source), 1, tries=60)


def test_a_pair_that_parts_further_than_the_proofs_know_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the proofs the token never leaves the one that it is priced in."""
    known = environment._pairs

    def together(strategy: Strategy) -> Iterator[environment.Pair]:
        for pair in known(strategy):
            yield replace(pair, factor=environment.Interval(Fraction(1), Fraction(1)))

    monkeypatch.setattr(environment, "_pairs", together)
    text = STAKED.read_text(encoding="utf-8").replace("loss <= 4% per round", "loss <= 1% per round")
    with pytest.raises(Broken, match=r"loss <= 1% per round was proved, yet .* is lost"):
        attack(verified_text(text), 1, tries=60)


MISREAD = """strategy Misread {
    base USDC
    token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    token WETH { decimals: 18, price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%) }
    venue aave = aave_v3(collateral=[WETH(ltv=80%, threshold=85%)], borrow=[USDC])
    venue dex = uniswap_v3(WETH/USDC, fee=0.05%)
    assume {
        keeper every 1h
        price(USDC) stays 1 .. 1
        price(WETH) moves -5% .. +5%
        oracle(WETH) off by <= 20%
        rate(aave.debt(USDC)) <= 5% per 1y
        slippage(dex) <= 0.3%
        withdrawals <= 1% of nav
    }
    allocate {
        aave.collateral(WETH): 80% +- 1%
        aave.debt(USDC): -60% +- 1%
        idle(USDC): 80% +- 5%
    }
    exit { order: [aave, dex] }
    prove { safe(aave) }
}
"""

RANGED = """strategy Ranged {
    base USDC
    token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    token WETH { decimals: 18, price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%) }
    venue pool = uniswap_v3_lp(WETH/USDC, fee=0.05%, range=-50% .. +100%)
    venue dex = uniswap_v3(WETH/USDC, fee=0.05%)
    assume {
        keeper every 1h
        price(USDC) stays 1 .. 1
        price(WETH) moves -20% .. +20%
        slippage(dex) <= 0.3%
        withdrawals <= 5% of nav
    }
    allocate {
        pool: 50% +- 8%
        idle(USDC): 50% +- 8%
    }
    rules { every 1d do harvest pool }
    exit { order: [pool, dex] }
    prove { loss <= 9% per round }
}
"""


def test_a_reading_that_the_proofs_forget_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aave, "off_by", lambda strategy, *tokens: dict.fromkeys(tokens, Fraction(0)))
    with pytest.raises(Broken, match=r"was proved, yet aave can liquidate by what its own oracle reads"):
        attack(verified_text(MISREAD), 1, tries=60)


@pytest.mark.long
def test_a_range_that_is_thought_to_fall_as_slowly_as_in_its_middle_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of its range it falls by half as much as its token: below it the range is all token."""

    def halfway(low: Fraction, high: Fraction | None) -> tuple[Fraction, Fraction | None]:
        return (1 + min(low, Fraction(1))) / 2, high

    monkeypatch.setattr(rounds, "slide", halfway)
    monkeypatch.setattr(driver, "breaks_at_once", lambda spec, first, box, past: False)  # a guess would find it first
    with pytest.raises(Broken, match=r"loss <= 9% per round was proved, yet .* is lost"):
        attack(verified_text(RANGED), 1, tries=60)


HEDGED = """strategy Hedged {
    base USDC
    token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    token WETH { decimals: 18, price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%) }
    venue dex = uniswap_v3(WETH/USDC, fee=0.05%)
    assume {
        keeper every 1h
        price(USDC) stays 1 .. 1
        price(WETH) moves -5% .. +5%
        slippage(dex) <= 3%
        withdrawals <= 1% of nav
    }
    allocate {
        idle(WETH): 30% +- 20%
        idle(USDC): 70% +- 20%
    }
    hedge { delta(WETH): 29.98% .. 30.02% of nav using idle(WETH) }
    rules { when delta(WETH) outside band do rehedge }
    exit { order: [dex] }
}
"""


@pytest.mark.long
def test_a_band_that_trading_cannot_meet_is_found() -> None:
    """Slippage brings anything up to 3% more than was asked for: what is hedged ends beside so narrow a band."""
    found = attempts(verified_text(HEDGED), Refuted, 1, tries=60)
    assert found["hedged"].broken is not None


# ── the command ────────────────────────────────────────────────────────────────────────────


def test_the_command_goes_on_where_it_stopped_and_prints_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.jsonl"
    arguments = ["2", "--first", "100000", "--workers", "1", "--log", str(log)]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    log.write_text(log.read_text() + '{"number": 100002, "na')

    def never(number: int, tries: int) -> Examined:
        raise AssertionError(f"{number} was examined before")

    monkeypatch.setattr(proofs, "examine", never)
    assert main(arguments) == 0
    assert capsys.readouterr().out == told
    assert len(log.read_text().splitlines()) == 2
    assert "2 strategies" in told
    assert "rounds against what is proved: 0 faults" in told


def test_a_fault_in_the_log_fails_the_run(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    fault = Examined("saver-0", fault="wrongly proved: all of it")
    log.write_text(json.dumps({"number": 0, **vars(fault)}) + "\n")
    assert main(["1", "--log", str(log)]) == 1
    assert "1 faults" in figures([fault])


def test_a_fault_ends_the_run_and_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def always(verification: Verification, number: int, tries: int) -> None:
        raise Broken("all of it")

    known = example("treasury")
    monkeypatch.setattr(proofs, "verified", lambda number: known)
    monkeypatch.setattr(proofs, "attack", always)
    arguments = ["9", "--first", "100000", "--workers", "1", "--log", str(tmp_path / "log.jsonl")]
    assert main(arguments) == 1
    said = capsys.readouterr().out
    assert "strategy 100000: wrongly proved: all of it\nstrategy Invented {" in said
    assert "1 strategies" in said


def test_the_causes_of_unknown_are_counted() -> None:
    one = Examined("x", verdicts=[("quiet", "Unknown", "nobody knows"), ("fair", "Proved", "")])
    assert unknown_share([one, Examined("y", refused="E0603")]) == 0.5
    assert "nobody knows" in figures([one])


def test_a_number_is_a_strategy() -> None:
    one, two = (verified(100_000) for _ in range(2))
    assert isinstance(one, Verification)
    assert one == two
    assert any(isinstance(claim.verdict, Proved) for claim in one.claims)
