"""What changed between two strategies: every change with its direction, and nothing unseen that alters a proof."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import get_type_hints

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fuzzing.invented import IN_OTHERS, invented
from proofs.strategies import EXAMPLES, source_of
from stratc_compiler import differences as compared
from stratc_compiler.change import Change, Direction, Subject, Version, decimal
from stratc_compiler.changed_assumptions import _ends
from stratc_compiler.claims import claims_of
from stratc_compiler.differences import COMPARED, UNORDERED, differences
from stratc_compiler.driver import model
from stratc_compiler.environment import box_of
from stratc_compiler.errors import Unsupported
from stratc_compiler.questions import Questions
from stratc_compiler.vault import Trades
from stratc_dsl import Source, Unreadable, parse_strategies
from stratc_dsl.record import Record
from stratc_dsl.strategy import Assumption, Strategy
from stratc_targets.venues import venue_factories

OFFICE = (Path(__file__).parents[1] / "vyper_target" / "office.strat").read_text("utf-8")
TEXTS = [text for path in sorted(EXAMPLES.glob("*.strat")) if "strategy=" not in (text := path.read_text("utf-8"))]
TEXTS.append(OFFICE)
OWNED = source_of("eth_carry", ("exit {", "roles { owner: OWNER }\nexit {")).text
OUTER = (EXAMPLES / "vault_of_vaults.strat").read_text("utf-8")
INNER = (EXAMPLES / "treasury.strat").read_text("utf-8")


@cache
def version(source: Source, inner: str = "") -> Version | None:
    """The model of a text with one strategy, None where it is none or not supported; it may use the `inner` one."""
    parsed = parse_strategies(source, lambda path: inner or Unreadable(f"no {path}"))
    if len(parsed.strategies) != 1:
        return None
    (strategy,) = parsed.strategies
    try:
        return Version(model(strategy, parsed.source, venue_factories(strategy)), parsed.source)
    except Unsupported:
        return None


def between(old: str | Source, new: str | Source) -> tuple[Change, ...]:
    versions = [version(one if isinstance(one, Source) else Source("one.strat", one)) for one in (old, new)]
    assert versions[0] is not None
    assert versions[1] is not None
    return differences(*versions)


def of(name: str, *changes: tuple[str, str]) -> list[tuple[str, str, str]]:
    """What is said of an example, each (old, new) replaced in it: subject, name and direction."""
    found = between(source_of(name), source_of(name, *changes))
    back = between(source_of(name, *changes), source_of(name))
    assert len(back) == len(found)
    return [(one.subject.value, one.name, one.direction.value) for one in found]


CARRY = [
    ("-20% .. +20%", "-10% .. +20%", ("assumption", "moves(WETH):fall", "weaker")),
    ("-20% .. +20%", "-20% .. +30%", ("assumption", "moves(WETH):rise", "stronger")),
    ("0.98 .. 1.02", "0.99 .. 1.02", ("assumption", "stays(USDC):low", "weaker")),
    ("keeper every 1h", "keeper every 30m", ("assumption", "keeper", "weaker")),
    ("<= 60% per 1y", "<= 30% per 1y", ("assumption", "rate(aave.debt(USDC))", "weaker")),
    ("<= 60% per 1y", "<= 120% per 2y", ("assumption", "rate(aave.debt(USDC))", "neither")),
    ("slippage(dex) <= 0.30%", "slippage(dex) <= 0.4%", ("assumption", "slippage(dex)", "stronger")),
    ("loss(save) <= 0.05%\n", "\n", ("assumption", "loss(save)", "weaker")),
    (
        "loss(save) <= 0.05%",
        "loss(save) <= 0.05%; liquidity(save) >= 90%",
        ("assumption", "liquidity(save)", "stronger"),
    ),
    ("withdrawals <= 5% of nav\n", "\n", ("assumption", "withdrawals", "stronger")),
    ("withdrawals", "oracle(WETH) off by <= 1%; withdrawals", ("assumption", "oracle(WETH)", "stronger")),
    ("health(aave) >= 1.35", "health(aave) >= 1.30", ("floor", "health(aave) >= 1.35", "weaker")),
    ("health(aave) >= 1.35", "1.35 <= health(aave)", ("floor", "health(aave) >= 1.35", "neither")),
    ("idle(USDC)   >= 1% of nav", "idle(USDC) >= 2% of nav", ("floor", "idle(USDC) >= 1% of nav", "stronger")),
    ("health(aave) >= 1.35\n", "\n", ("floor", "health(aave) >= 1.35", "weaker")),
    ("42% +- 5%", "42% +- 6%", ("band", "save:band", "weaker")),
    ("42% +- 5%", "42%", ("band", "save:band", "weaker")),
    (", min 6%", ", min 7%", ("band", "idle(USDC):min", "stronger")),
    ("solvent\n", "\n", ("claim", "solvent", "weaker")),
    ("loss <= 20%", "loss <= 25%", ("claim", "loss", "weaker")),
    ("exit >= 93%", "exit >= 94%", ("claim", "exit", "stronger")),
    ("solvent\n", "solvent\nsurvives loss of save\n", ("claim", "survives loss of save", "stronger")),
    ("to health 1.80", "to health 1.90", ("rule", "deleverage aave", "neither")),
    ("when stale(price(WETH)) do freeze", "", ("rule", "freeze", "weaker")),
    ("ltv=80%", "ltv=79%", ("venue", "aave collateral WETH:ltv", "stronger")),
    ("threshold=82.5%", "threshold=83%", ("venue", "aave collateral WETH:threshold", "weaker")),
    ("fee=0.05%", "fee=0.3%", ("venue", "dex:fee", "neither")),
    ("heartbeat=1h", "heartbeat=2h", ("token", "WETH:heartbeat", "weaker")),
    ("deviation=0.5%", "deviation=0.4%", ("token", "WETH:deviation", "weaker")),
    ("decimals: 18", "decimals: 17", ("token", "WETH:decimals", "neither")),
    ("order: [save, aave, dex]", "order: [aave, save, dex]", ("exit", "order", "neither")),
    ("exit {", "fees { management: 1% per 1y }\nexit {", ("fee", "ManagementFee", "weaker")),
    ("exit {", "roles { owner: timelock(2d) }\nexit {", ("role", "Owner", "stronger")),
    ("exit {", "limits { deposits <= 5_000_000 USDC }\nexit {", ("limit", "DepositLimit", "stronger")),
    ("strategy EthCarry", "strategy Carry", ("strategy", "name", "neither")),
]


@pytest.mark.parametrize(("old", "new", "said"), CARRY, ids=[f"{old} to {new}" for old, new, _ in CARRY])
def test_each_change_has_its_direction(old: str, new: str, said: tuple[str, str, str]) -> None:
    assert of("eth_carry", (old, new)) == [said]


STAKING = "../tests/vyper_target/hedged_staking"
BAND = "delta(WETH): -2% .. +2% of nav using aave.debt(WETH)"
HEDGE = [
    ("-2% .. +2%", "-2% .. +1%", ("band", "delta(WETH):band", "stronger")),
    ("-2% .. +2%", "-3% .. +2%", ("band", "delta(WETH):band", "weaker")),
    ("-2% .. +2%", "-1% .. +3%", ("band", "delta(WETH):band", "weaker")),
]


@pytest.mark.parametrize(("old", "new", "said"), HEDGE, ids=[new for _, new, _ in HEDGE])
def test_the_band_of_a_hedge_has_a_direction(old: str, new: str, said: tuple[str, str, str]) -> None:
    assert of(STAKING, (BAND, BAND.replace(old, new))) == [said]


FUNDING = "funding(perp) in -0.10% .. +0.10% per 8h"
SHORT = [
    (FUNDING, FUNDING.replace("-0.10%", "-0.05%"), ("assumption", "funding(perp):low", "weaker")),
    (FUNDING, FUNDING.replace("+0.10%", "+0.20%"), ("assumption", "funding(perp):high", "stronger")),
    (FUNDING, "funding(perp) in -0.20% .. +0.20% per 16h", ("assumption", "funding(perp)", "neither")),
    ("slippage(perp) <= 0.30%", "slippage(perp) <= 0.20%", ("assumption", "slippage(perp)", "weaker")),
    ("maintenance=6.25%", "maintenance=5%", ("venue", "perp:maintenance", "weaker")),
    ("initial=10%", "initial=12%", ("venue", "perp:initial", "stronger")),
    ("using perp.short", "using  perp.short", None),
    ("survives loss of perp", "", ("claim", "survives loss of perp", "weaker")),
]


@pytest.mark.parametrize(("old", "new", "said"), SHORT, ids=[new for _, new, _ in SHORT])
def test_what_is_said_of_a_short_has_a_direction(old: str, new: str, said: tuple[str, str, str] | None) -> None:
    assert of("short_ether", (old, new)) == ([] if said is None else [said])


def test_a_range_that_is_fetched_less_often_or_lies_elsewhere_is_another_one() -> None:
    assert of("fee_range", ("every 24h do harvest", "every 48h do harvest")) == [("rule", "harvest pool", "neither")]
    assert ("venue", "pool:low", "neither") in of("fee_range", ("range=-50%", "range=-40%"))
    assert of("fee_range", ("slippage(dex) <= 0.30%", "slippage(dex) <= 0.20%"))[0][2] == "weaker"


def test_a_hedge_that_is_dropped_is_kept_in_no_band() -> None:
    rule = "when delta(WETH) outside band do rehedge\n"
    said = of(STAKING, (f"hedge {{\n        {BAND}\n    }}", ""), (rule, "\n"))
    assert ("band", "delta(WETH)", "weaker") in said


def test_the_way_back_is_the_other_direction() -> None:
    opposite = {Direction.WEAKER: Direction.STRONGER, Direction.STRONGER: Direction.WEAKER}
    for old, new, (_, name, _) in CARRY:
        if name == "WETH:deviation":  # nearer to the market is trusted more, farther from it claims say less
            continue
        one, other = source_of("eth_carry"), source_of("eth_carry", (old, new))
        forth, back = between(one, other)[0], between(other, one)[0]
        assert back.direction is opposite.get(forth.direction, Direction.NEITHER)


def test_a_change_is_told_in_the_words_of_both_with_the_reason() -> None:
    (change,) = between(source_of("eth_carry"), source_of("eth_carry", ("-20% ..", "-10.5% ..")))
    assert change.text == "`price(WETH) moves -20% .. +20%` -> `price(WETH) moves -10.5% .. +20%`"
    assert change.why == "more is assumed: what lies between the two is no longer covered by any proof"


def test_both_ends_of_a_range_are_told_apart() -> None:
    assert of("eth_carry", ("-20% .. +20%", "-10% .. +30%")) == [
        ("assumption", "moves(WETH):fall", "weaker"),
        ("assumption", "moves(WETH):rise", "stronger"),
    ]


def test_a_smallest_change_is_seen_however_it_would_be_rounded() -> None:
    assert of("eth_carry", ("1.35", "1.3499999999999999999999")) == [("floor", "health(aave) >= 1.35", "weaker")]


def test_a_new_venue_brings_what_is_assumed_of_it() -> None:
    changes = [
        ("venue save = erc4626(asset=USDC)", "venue save = erc4626(asset=USDC)\nvenue bank = erc4626(asset=USDC)"),
        ("save:                  25% +- 5%", "save: 15% +- 5%\nbank: 10% +- 5%"),
        ("order: [save, aave]", "order: [save, bank, aave]"),
    ]
    said = of("treasury", *changes)
    assert ("venue", "bank", "neither") in said
    assert ("band", "bank", "neither") in said
    assert ("assumption", "loss(bank)", "weaker") in said  # nobody wrote down that it may lose anything
    assert ("assumption", "gain(bank)", "neither") in said


def test_what_goes_with_its_venue_is_not_weaker_for_it() -> None:
    said = of(
        "treasury",
        ("survives loss of save", ""),
        ("venue save", "venue bank"),
        ("loss(save)", "loss(bank)"),
        ("    save:  ", "    bank:  "),
        ("harvest save", "harvest bank"),
        ("[save, aave]", "[bank, aave]"),
    )
    assert ("claim", "survives loss of save", "neither") in said
    # It may be the same venue under another name, of which all may be said that could not be said of `save`.
    assert ("venue", "save", "weaker") in said


def test_a_token_of_another_name_is_not_taken_for_another_token() -> None:
    text = next(text for text in TEXTS if "WBTC" in text)
    milder = text.replace("WBTC", "CBTC").replace("price(CBTC) moves -15%", "price(CBTC) moves -1%")
    assert milder != text.replace("WBTC", "CBTC")
    (change,) = (one for one in between(text, milder) if one.subject is Subject.TOKEN and one.name == "WBTC")
    assert (change.direction, change.text) == (
        Direction.WEAKER,
        "dropped: WBTC, a token; CBTC may stand in its place",
    )


def test_a_feed_that_is_read_otherwise_is_compared_too() -> None:
    ratio = 'ratio(WETH, chainlink("WSTETH/ETH", heartbeat=24h, deviation=0.5%))'
    said = of("staked_loop", (ratio, 'chainlink("WSTETH/USD", heartbeat=48h, deviation=0.4%)'))
    directions = {name: direction for subject, name, direction in said if subject == "token"}
    assert directions["wstETH:heartbeat"] == directions["wstETH:deviation"] == directions["wstETH:pair"] == "weaker"


def test_who_is_not_written_as_the_owner_waits_for_nothing() -> None:
    for old, new, direction in (
        ("timelock(2d)", "timelock(1d)", "weaker"),
        ("timelock(1h)", "timelock(2d)", "stronger"),
    ):
        found = {one.name: one.direction.value for one in between(*(OWNED.replace("OWNER", one) for one in (old, new)))}
        assert found == {"Owner": direction}
    found = between(OWNED.replace("OWNER", "timelock(2d)"), source_of("eth_carry"))
    assert [one.direction for one in found] == [Direction.WEAKER]


def test_another_limit_has_a_direction() -> None:
    capped = source_of("eth_carry", ("exit {", "limits { deposits <= 5_000 USDC }\nexit {"))
    for words, direction in (
        ("5_001 USDC", Direction.WEAKER),
        ("4_999 USDC", Direction.STRONGER),
        ("1 USD", Direction.WEAKER),
    ):
        other = source_of("eth_carry", ("exit {", f"limits {{ deposits <= {words} }}\nexit {{"))
        assert [one.direction for one in between(capped, other)] == [direction]


def test_another_condition_is_no_stronger_one() -> None:
    base = source_of("eth_carry", ("solvent\n", "invariant kept: health(aave) >= 1.2\n"))
    for words, direction in (("health(aave) >= 1.3", "stronger"), ("leverage <= 2", "weaker")):
        changed = source_of("eth_carry", ("solvent\n", f"invariant kept: {words}\n"))
        (change,) = between(base, changed)
        assert (change.name, change.direction.value) == ("invariant kept", direction)


def test_a_floor_that_another_implies_is_not_missed() -> None:
    both = ("health(aave) >= 1.35\n", "health(aave) >= 1.35\n        health(aave) >= 1.2\n")
    ((_, name, direction),) = of("eth_carry", both)
    assert (name, direction) == ("health(aave) >= 1.2", "neither")


def nested(inner: str, outer: str = OUTER) -> Version:
    found = version(Source("outer.strat", outer), inner)
    assert found is not None
    return found


def test_what_a_vault_of_ours_says_less_whoever_holds_it_says_less() -> None:
    changed = INNER.replace("loss(save) <= 1%", "loss(save) <= 0.9%").replace(">= 5% of nav", ">= 6% of nav")
    said = [(one.subject.value, one.name, one.direction.value) for one in differences(nested(INNER), nested(changed))]
    assert said == [
        ("assumption", "inner/loss(save)", "weaker"),
        ("floor", "inner/idle(USDC) >= 5% of nav", "stronger"),
    ]
    change = differences(nested(INNER), nested(changed))[0]
    assert change.text == "in inner: `loss(save) <= 1%` -> `loss(save) <= 0.9%`"


def test_comments_and_order_of_a_vault_of_ours_say_nothing() -> None:
    assert differences(nested(INNER), nested("# moved\n\n" + shuffled(INNER, "assume", 1))) == ()


def test_another_vault_is_told() -> None:
    anybodys = nested(INNER, OUTER.replace(', strategy="treasury.strat"', ""))
    forth = {(one.name, one.direction.value) for one in differences(anybodys, nested(INNER))}
    assert forth >= {("inner:inner", "weaker"), ("build(inner)", "weaker")}
    back = {(one.name, one.direction.value) for one in differences(nested(INNER), anybodys)}
    assert back >= {("inner:inner", "weaker"), ("build(inner)", "neither")}


def test_offices() -> None:
    text = OFFICE
    assert "roles" in text
    assert between(text, text) == ()


# ── what says nothing ──────────────────────────────────────────────────────────────────────


def shuffled(text: str, block: str, seed: int) -> str:
    """The statements of a block in another order, each with a comment of its own."""
    found = re.search(rf"({block} *{{\n)(.*?)(\n    }})", text, re.DOTALL)
    assert found is not None
    lines = [f"{line}  # {number}" for number, line in enumerate(found[2].split("\n")) if line.strip()]
    turned = lines[seed % len(lines) :] + lines[: seed % len(lines)]
    return text[: found.start(2)] + "\n".join(turned) + text[found.end(2) :]


@pytest.mark.parametrize("block", ["assume", "floors", "prove"])
@pytest.mark.parametrize("text", TEXTS[:3])
def test_comments_layout_and_order_say_nothing(text: str, block: str) -> None:
    for seed in (1, 2):
        found = between(text, shuffled("# another comment\n" + text, block, seed))
        assert found == ()


def test_layout_says_nothing() -> None:
    assert between(TEXTS[1], TEXTS[1].replace("    ", "\t ").replace("\n", "\n\n")) == ()


def test_the_order_of_rules_is_their_priority() -> None:
    said = between(TEXTS[1], shuffled(TEXTS[1], "rules", 1))
    assert [(one.subject.value, one.name, one.direction.value) for one in said] == [("rule", "order", "neither")]


def test_an_order_that_plans_follow_is_told() -> None:
    """Positions are gone through in their order: another one is another plan, where it is more than a sum."""
    for text in TEXTS:
        old, new = (version(Source("one.strat", one)) for one in (text, shuffled(text, "allocate", 1)))
        assert old is not None
        assert new is not None
        found = differences(old, new)
        assert {one.subject for one in found} == ({Subject.ORDER} if steps(old) != steps(new) else set())


def steps(version: Version) -> list[str]:
    """What is done, step by step, in the words of the plans."""
    plans = [rule.effect.plan for rule in version.vault.rules if isinstance(rule.effect, Trades)]
    return [repr(plan) for plan in (*plans, version.vault.exit_plan)]


@pytest.mark.parametrize("kind", Assumption.__args__)
def test_every_number_of_an_assumption_has_a_direction(kind: type) -> None:
    """But for the period of a rate or of funding, which goes with its ratio."""
    types = get_type_hints(kind)
    said = {name for name, type_ in types.items() if type_ in (int, Fraction)} - {"per"}
    assert {field.name for field in _ends(make(kind)) if field.harsher} == said


def make(kind: type) -> Record:
    """One of that kind, whatever it says."""
    said = {name: 1 for name in kind.__struct_fields__ if name != "span"}  # type: ignore[attr-defined]
    made: Record = kind(**said)
    return made


# ── nothing is missed ──────────────────────────────────────────────────────────────────────


def test_every_field_of_a_strategy_is_compared() -> None:
    assert set(COMPARED) == set(Strategy.__struct_fields__) - {"span"}
    assert all(hasattr(compared, name) for name in COMPARED.values())


NUMBER = re.compile(r"(?<![\w.])\d[\d_]*(?:\.\d+)?(?=[%smhdy\s;,.)}]|$)", re.MULTILINE)


@st.composite
def changed(draw: st.DrawFn) -> tuple[Version, Version]:
    """A strategy and the same with a number, a line or a word changed, both well formed and supported."""
    if draw(st.booleans()):
        source = Source("one.strat", draw(st.sampled_from(TEXTS)))
    else:
        source = invented(draw(st.integers(0, 400)) + draw(st.sampled_from([0, IN_OTHERS])))
    text = source.text
    for _ in range(draw(st.integers(1, 2))):
        text = draw(st.sampled_from([_other_number, _without_line, _swapped_lines, _other_word]))(draw, text)
    old, new = version(source), version(Source("two.strat", text))
    assume(old is not None and new is not None)
    assert old is not None
    assert new is not None
    return old, new


def _other_number(draw: st.DrawFn, text: str) -> str:
    found = draw(st.sampled_from(list(NUMBER.finditer(text))))
    value = draw(st.sampled_from(["0", "1", "2", "0.5", "3", "10", "50", "99", found[0] + "0", f"1{found[0]}"]))
    return text[: found.start()] + value + text[found.end() :]


def _lines(draw: st.DrawFn, text: str) -> tuple[list[str], int]:
    lines = text.split("\n")
    return lines, draw(st.integers(1, len(lines) - 2))


def _without_line(draw: st.DrawFn, text: str) -> str:
    lines, at = _lines(draw, text)
    return "\n".join(lines[:at] + lines[at + 1 :])


def _swapped_lines(draw: st.DrawFn, text: str) -> str:
    lines, at = _lines(draw, text)
    return "\n".join([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]])


def _other_word(draw: st.DrawFn, text: str) -> str:
    pairs = [
        (">=", ">"),
        (" < ", " <= "),
        ("erc4626", "aave_v3"),
        ("save", "bank"),
        ("rebalance", "exit"),
        ("6,", "8,"),
    ]
    old, new = draw(st.sampled_from(pairs))
    return text.replace(old, new, draw(st.sampled_from([1, -1])))


def holds(old: Version, new: Version) -> None:
    found = differences(old, new)
    if asked(old, old.strategy) != asked(new, old.strategy):
        assert found, "something else is to be proved, and nothing is said"
    if old.source.text == new.source.text:
        assert not found


def asked(version: Version, ordered: Strategy) -> dict[str, list[tuple[str, str]]]:
    """What is to be proved of each claim, as texts; of statements that two strategies have, in the order of one."""
    strategy = replace(version.strategy, **{name: alike(version.strategy, ordered, name) for name in UNORDERED})
    vault = model(strategy, version.source, venue_factories(strategy))
    specs = claims_of(vault, box_of(vault))
    questions = Questions()
    queries = {spec.name: [questions.add(one) for one in spec.obligations] for spec in specs}
    return {name: [(query.context, query.goal) for query in found] for name, found in queries.items()}


def alike(strategy: Strategy, ordered: Strategy, name: str) -> tuple[object, ...]:
    """The statements of one field, those first that the other has, in its order."""
    statements, first = getattr(strategy, name), getattr(ordered, name)
    return tuple(sorted(statements, key=lambda one: first.index(one) if one in first else len(first)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(changed())
def test_whatever_changes_what_is_proved_is_told(pair: tuple[Version, Version]) -> None:
    holds(*pair)


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(changed())
def test_the_same_of_many(pair: tuple[Version, Version]) -> None:
    holds(*pair)


def test_a_comparison_that_forgets_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the strategies say is compared as a whole, too, and nobody knows what that means."""
    monkeypatch.setattr(compared, "_statements", lambda two: iter(()))
    (found,) = between(source_of("eth_carry"), source_of("eth_carry", ("1.35", "1.34")))
    assert (found.name, found.direction) == ("other", Direction.WEAKER)

    monkeypatch.setattr(compared, "_said", lambda strategy: dict.fromkeys(COMPARED))
    old, new = version(source_of("eth_carry")), version(source_of("eth_carry", ("1.35", "1.34")))
    assert old is not None
    assert new is not None
    with pytest.raises(AssertionError, match="nothing is said"):
        holds(old, new)


def test_numbers_are_told_in_all_their_digits() -> None:
    for text in ("0.05", "-12.5", "3", "1/3", "0", "100", "0.000001"):
        assert decimal(Fraction(text)) == text
