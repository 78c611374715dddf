"""Prices that move together: what a pair assumption proves, what breaks without it, and what stands in between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from proofs.strategies import EXAMPLES, claim, proved
from proofs.test_attack import edge, play
from stratc_compiler.assumptions import core_of, rests_on
from stratc_compiler.audit import Refused, audit
from stratc_compiler.certificate import certificate_json
from stratc_compiler.claims import AtAnyMoment, claims_of
from stratc_compiler.constants import assumed, with_value
from stratc_compiler.corners import corners
from stratc_compiler.driver import model, verify
from stratc_compiler.effort import Effort
from stratc_compiler.environment import Interval, box_of
from stratc_compiler.findings import answer_all
from stratc_compiler.inside_box import inside_box
from stratc_compiler.involved import involved
from stratc_compiler.judge import judge
from stratc_compiler.recall import Forgetful, Past
from stratc_compiler.replay import what_breaks
from stratc_compiler.scenario import replayed
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import ClaimResult, Proved, Refuted, Round, Scenario, Verification
from stratc_dsl import Source, parse_strategies, render_diagnostic
from stratc_dsl.strategy import PairMoves
from stratc_targets.venues import venue_factories

DATA = Path(__file__).parent / "pairs"
PAIR = "price(WBTC/WETH) moves -10% .. +10%"
AT_ANY_MOMENT = {"survives", "solvent", "safe(aave)", "loss <= 35% per round", "invariant covered"}


def text_of(name: str, *changes: tuple[str, str]) -> str:
    text = (DATA / f"{name}.strat").read_text()
    for old, new in changes:
        assert old in text, f"{name} does not say {old!r}"
        text = text.replace(old, new)
    return text


@cache
def vault_of(text: str) -> tuple[Vault, Source]:
    source = Source("pairs.strat", text)
    parsed = parse_strategies(source)
    assert parsed.strategies, "\n".join(render_diagnostic(d, source) for d in parsed.diagnostics)
    (strategy,) = parsed.strategies
    return model(strategy, source, venue_factories(strategy)), source


@cache
def verified(name: str, *changes: tuple[str, str]) -> Verification:
    return verify(*vault_of(text_of(name, *changes)))


@cache
def judged(text: str) -> dict[str, ClaimResult]:
    """The claims that speak of any moment, and of no rule."""
    vault, _ = vault_of(text)
    box, past = box_of(vault), Past(Forgetful(), Effort(), vault)
    specs = [spec for spec in claims_of(vault, box) if spec.name in AT_ANY_MOMENT]
    answers, _ = answer_all(specs, past, 1)
    return {spec.name: judge(spec, found, box, past) for spec, found in zip(specs, answers, strict=True)}


def are(kind: type, claims: Mapping[str, ClaimResult]) -> set[str]:
    return {name for name, claim in claims.items() if isinstance(claim.verdict, kind)}


def scenario_of(found: ClaimResult) -> Scenario:
    assert isinstance(found.verdict, Refuted)
    assert found.verdict.scenario is not None
    return found.verdict.scenario


def rests(found: ClaimResult, vault: Vault) -> set[str]:
    cores = [core_of(result) for result in found.obligations]
    return {id_ for core in cores for id_ in rests_on(core, vault)}


# ── a debt in one volatile token against collateral in another ─────────────────────────────


def test_what_moves_together_is_proved_and_rests_on_it() -> None:
    found = judged(text_of("short"))
    assert are(Proved, found) == AT_ANY_MOMENT
    for name in AT_ANY_MOMENT - {"solvent"}:
        assert "moves(WBTC/WETH)" in rests(found[name], vault_of(text_of("short"))[0]), name


@pytest.mark.parametrize("pair", ["price(WETH/WBTC) moves -9% .. +11%", "price(WBTC/WETH) stays 19 .. 21"])
def test_the_other_way_round_and_by_a_range_it_is_the_same(pair: str) -> None:
    assert are(Proved, judged(text_of("short", (PAIR, pair)))) == AT_ANY_MOMENT


@pytest.mark.parametrize(
    "pair",
    [
        "",
        "price(WBTC/WETH) moves -30% .. +30%",
        "price(WBTC/WETH) stays 15 .. 21",
        "price(WETH/WBTC) moves -10% .. +40%",
    ],
)
def test_without_it_or_with_too_much_room_it_is_refuted(pair: str) -> None:
    found = judged(text_of("short", (PAIR, pair)))
    assert are(Refuted, found) >= {"survives", "safe(aave)"}
    vault, _ = vault_of(text_of("short", (PAIR, pair)))
    scenario = scenario_of(found["safe(aave)"])
    assert replayed(played(scenario), AtAnyMoment(("aave",), solvency=False), vault, box_of(vault)) is not None
    assert any("/" in used.assumption.id for used in scenario.assumptions) == bool(pair)


def played(scenario: Scenario) -> Round:
    """The round of a scenario in which nobody comes or goes."""
    return Round(dict(scenario.settled), dict(scenario.after), 0, 0)


def test_a_scenario_of_one_box_is_none_of_the_tighter_one() -> None:
    scenario = scenario_of(judged(text_of("short", (PAIR, "")))["safe(aave)"])
    vault, _ = vault_of(text_of("short"))
    assert inside_box(vault, box_of(vault), played(scenario)) == "price(WBTC/WETH) moves out of its range"
    vault, _ = vault_of(text_of("short", (PAIR, "price(WBTC/WETH) stays 0.9 .. 1.5")))
    assert inside_box(vault, box_of(vault), played(scenario)) == "price(WBTC/WETH) leaves its range"


# ── attack ─────────────────────────────────────────────────────────────────────────────────


def together(vault: Vault, one: Round, chance: Random, low: Fraction, high: Fraction) -> Round:
    """The round with prices that go up and down by the same, but for a factor between low and high."""
    ratio = edge(chance, low, high)
    moved = edge(chance, Fraction("0.6"), Fraction("1.4"))
    moment = dict(one.moment)
    for token, factor in (("WETH", moved), ("WBTC", moved * ratio)):
        moment[f"price({token})"] = int(one.settled[f"price({token})"] * factor)
    return replace(one, moment=moment)


def attack(room: Interval, seed: int, rounds: int) -> tuple[int, set[str]]:
    """Rounds in which the pair keeps within `room`, the rest of the assumptions being true: how many, what broke."""
    vault, _ = vault_of(text_of("short", (PAIR, "")))
    box = box_of(vault)
    specs = [spec for spec in claims_of(vault, box) if spec.name in AT_ANY_MOMENT]
    chance, count, broken = Random(seed), 0, set[str]()
    assert room.high is not None
    for _ in range(rounds):
        one = play(vault, box, chance, None)
        if one is None:
            continue
        one = together(vault, one, chance, room.low, room.high)
        if inside_box(vault, box, one) is None:
            count += 1
            broken |= {spec.name for spec in specs if what_breaks(spec.about, vault, one)}
    return count, broken


def test_proved_claims_withstand_random_rounds_in_which_prices_keep_together() -> None:
    count, broken = attack(Interval(Fraction("0.9001"), Fraction("1.0999")), seed=4, rounds=6_000)
    assert count > 500
    assert broken == set()


def test_the_same_attack_breaks_them_where_prices_part() -> None:
    _, broken = attack(Interval(Fraction("0.6"), Fraction("1.4")), seed=4, rounds=6_000)
    assert broken >= {"survives", "safe(aave)"}


# ── a pair with base, and a token that nothing else bounds ─────────────────────────────────


def test_a_pair_with_base_is_a_bound_of_the_one_token() -> None:
    """Half and half again in dollars: what is owed in the same money does not care."""
    verification = verified("loop")
    assert proved(verification) == {one.name for one in verification.claims}
    assert "stays(CBETH/WETH)" in rests(claim(verification, "safe(aave)"), verification.vault)


def test_a_pair_with_base_that_may_part_is_refuted() -> None:
    scenario = scenario_of(judged(text_of("loop", ("0.96 .. 1.10", "0.40 .. 1.10")))["safe(aave)"])
    prices = [Fraction(one["price(CBETH)"], one["price(WETH)"]) for one in (scenario.settled, scenario.after)]
    assert all(Fraction("0.4") <= price <= Fraction("1.1") for price in prices)
    assert "stays(CBETH/WETH)" in [used.assumption.id for used in scenario.assumptions]


CBETH = 'token CBETH { decimals: 18, price: chainlink("CBETH/USD", heartbeat=1h, deviation=1%) }'
CHAIN = (
    ("    venue aave", f"    {CBETH}\n    venue aave"),
    ("collateral=[WETH", "collateral=[CBETH"),
    ("uniswap_v3(WETH", "uniswap_v3(CBETH"),
    ("price(WETH) moves -20% .. +20%", "price(WETH) moves -16% .. +16%\n price(CBETH/WETH) moves -4% .. +3%"),
    ("aave.collateral(WETH)", "aave.collateral(CBETH)"),
)


def chained(*changes: tuple[str, str]) -> str:
    """The carry with another collateral, of which only the price in WETH is bounded."""
    text = (EXAMPLES / "eth_carry.strat").read_text()
    for old, new in (*CHAIN, *changes):
        assert old in text, old
        text = text.replace(old, new)
    return text


def test_a_pair_carries_the_bounds_of_one_token_to_the_other() -> None:
    box = box_of(vault_of(chained())[0])
    assert box.usd["CBETH"] == Interval(Fraction(0), None)
    weth, cbeth = box.relative["WETH"], box.relative["CBETH"]
    assert weth.high is not None
    assert cbeth == Interval(weth.low * Fraction("0.96"), weth.high * Fraction("1.03"))
    assert box.because["CBETH"] == ("price(CBETH) by moves(CBETH/WETH), moves(WETH), stays(USDC)",) * 2
    assert box.because["WETH"] == ("price(WETH)",) * 2


def test_it_tightens_the_other_way_too() -> None:
    """Whoever bounds only the one token bounds the other: price(WETH) <= price(CBETH) / 0.96."""
    box = box_of(vault_of(chained(("price(WETH) moves", "price(CBETH) moves")))[0])
    weth, cbeth = box.relative["WETH"], box.relative["CBETH"]
    assert cbeth.high is not None
    assert weth == Interval(cbeth.low / Fraction("1.03"), cbeth.high / Fraction("0.96"))


@pytest.mark.parametrize(("pair", "kind"), [("-4% .. +3%", Proved), ("-40% .. +3%", Refuted)])
def test_what_is_bounded_through_a_pair_alone_is_proved_or_refuted(pair: str, kind: type) -> None:
    text = chained(("-4% .. +3%", pair))
    found = judged(text)
    assert are(kind, found) >= {"survives", "safe(aave)"}
    if kind is Proved:
        assert {"moves(CBETH/WETH)", "moves(WETH)"} <= rests(found["safe(aave)"], vault_of(text)[0])


def test_corners_are_where_all_that_is_assumed_holds() -> None:
    vault, _ = vault_of(text_of("short"))
    box = box_of(vault)
    found = list(corners(box, "USDC"))
    assert found[0] == {"WBTC": 1, "WETH": 1}
    assert len(found) > 8
    for factors in found:
        assert Fraction("0.9") <= factors["WBTC"] / factors["WETH"] <= Fraction("1.1")
        for token, factor in factors.items():
            low, high = box.relative[token].low, box.relative[token].high
            assert high is not None
            assert low <= factor <= high


def test_a_scenario_names_the_pair_and_whether_it_is_used_to_the_full() -> None:
    vault, _ = vault_of(text_of("short"))
    settled = {f"{kind}({token})": 10**18 for kind in ("price", "unit") for token in ("USDC", "WETH", "WBTC")}
    settled |= {held.name: 10**18 for held in (*vault.held, *vault.idle)}
    settled |= {held.liquidity.name: 10**18 for held in vault.held}
    moment = settled | {"price(WBTC)": 9 * 10**17}
    used = involved(vault, box_of(vault), Round(settled, moment, 0, 0), (), None)
    assert [(one.assumption.id, one.fully) for one in used] == [("moves(WBTC)", False), ("moves(WBTC/WETH)", True)]


def test_both_numbers_of_a_pair_can_be_pushed() -> None:
    (strategy,) = parse_strategies(Source("short.strat", text_of("short"))).strategies
    number = next(one for one in assumed(strategy) if one.value == Fraction(-1, 10))
    assert (number.field.words, number.field.harsher) == ("fall", -1)
    pushed = with_value(strategy, number, Fraction(-2, 10))
    assert PairMoves("WBTC", "WETH", Fraction(-2, 10), Fraction(1, 10)) in pushed.assumptions
    loop = vault_of(text_of("loop"))[0].strategy
    words = {(one.value, one.field.words, one.field.harsher) for one in assumed(loop)}
    assert {(Fraction("0.96"), "low", -1), (Fraction("1.1"), "high", +1)} <= words


# ── audit ──────────────────────────────────────────────────────────────────────────────────


def test_audit_accepts_the_certificate() -> None:
    verification = verified("loop")
    found = audit(json.loads(certificate_json(verification)), verification.vault, verification.source)
    assert found.derivations > 50
    assert not found.unproved


@pytest.mark.parametrize("changed", ["", "price(CBETH/WETH) stays 0.90 .. 1.10"])
def test_audit_rejects_it_where_the_source_assumes_less(changed: str) -> None:
    """Whoever takes the pair out of the source, and has the certificate say so, has no proofs left that fit."""
    change = ("price(CBETH/WETH) stays 0.96 .. 1.10", changed or "price(CBETH) moves -60% .. +60%")
    vault, source = vault_of(text_of("loop", change))
    document = json.loads(certificate_json(verified("loop")))
    document["source"] |= {"text": source.text, "sha256": source.digest()}
    with pytest.raises(Refused):
        audit(document, vault, source)
