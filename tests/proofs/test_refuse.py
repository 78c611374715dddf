"""What this version does not carry out is refused as a whole, before anything is built, and never for being unknown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from proofs.strategies import source_of
from stratc_compiler import refuse as refusing
from stratc_compiler.driver import model
from stratc_compiler.errors import Unsupported
from stratc_dsl import Source, parse_strategies
from stratc_dsl import strategy as strategy_module
from stratc_dsl.record import Record
from stratc_dsl.span import NOWHERE, Placed, Span
from stratc_dsl.strategy import Solvent, Strategy, Terms
from stratc_targets.venues import BUILT_IN, venue_factories


def refusal(name: str, *changes: tuple[str, str]) -> list[tuple[str, str]]:
    """What is refused of an example after these changes, each thing with the words it stands at."""
    source = source_of(name, *changes)
    result = parse_strategies(source)
    assert result.strategies, [one.message for one in result.diagnostics]
    with pytest.raises(Unsupported) as caught:
        model(result.strategies[0], source, venue_factories(result.strategies[0]))
    error = caught.value
    places = [(error.label, error.span), *((place.what, place.span) for place in error.also)]
    assert error.what == ", ".join(dict.fromkeys(what for what, _ in places))
    return [(what, source.text[span.start : span.end]) for what, span in places]


TYPED = Path(__file__).parents[1] / "dsl" / "typed"
USDC_FEED = 'chainlink("USDC/USD", heartbeat=24h, deviation=0.25%)'


@pytest.mark.parametrize(
    ("change", "what", "where"),
    [
        ((USDC_FEED, "fixed(1 USD)"), "the price source `fixed(...)`", "fixed(1 USD)"),
        (
            ("erc4626(asset=USDC)", 'bridge(USDC, to="base", fee=0.1%, delay=30m)'),
            "the adapter `bridge`",
            'bridge(USDC, to="base", fee=0.1%, delay=30m)',
        ),
        (
            ("health(aave) >= 1.35", "share_price >= 0.98 USD"),
            "the quantity `share_price`",
            "share_price",
        ),
    ],
)
def test_one_thing_is_refused_where_it_stands(change: tuple[str, str], what: str, where: str) -> None:
    assert refusal("eth_carry", change) == [(what, where)]


@pytest.mark.parametrize(
    ("hedge", "cure"),
    [
        ("gamma(WETH): -40% .. 0% of nav using pool", "bound it by a floor, `gamma(WETH) >= -50% of nav`"),
        ("delta(WETH): 0% .. 40% of nav using pool", ""),
    ],
)
def test_a_hedge_that_nothing_is_traded_for_is_refused_with_what_to_do_instead(hedge: str, cure: str) -> None:
    source = source_of("fee_range", ("    floors {", f"    hedge {{ {hedge} }}\n    floors {{"))
    (strategy,) = parse_strategies(source).strategies
    with pytest.raises(Unsupported, match="the hedge of") as caught:
        model(strategy, source, venue_factories(strategy))
    assert caught.value.help.startswith(refusing.HELP)
    assert caught.value.help.partition("; nothing that")[2].endswith(f"{cure}, or let a rule act on it" if cure else "")


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("signal s { from: signed(model), range: 0 .. 1, max_age: 6h }", "the signal `s`"),
        ('roles { depositors: attested("no äöü") }', "a schema of other than plain ASCII text"),
        ('roles { depositors: attested("back\\slash") }', "a schema of other than plain ASCII text"),
    ],
)
def test_every_block_is_refused(statement: str, what: str) -> None:
    change = ("    floors {", f"    {statement}\n    floors {{")
    assert [found for found, _ in refusal("eth_carry", change)] == [what]


@pytest.mark.parametrize(
    ("old", "new", "what", "where"),
    [
        (
            "health(aave) >= 1.35",
            "health(aave) >= 1.35 or nav >= 0 USD",
            "a floor that is not one comparison",
            "health(aave) >= 1.35 or nav >= 0 USD",
        ),
    ],
)
def test_every_statement_is_refused(old: str, new: str, what: str, where: str) -> None:
    assert refusal("eth_carry", (old, new)) == [(what, where)]


def test_a_target_by_a_signal_is_refused() -> None:
    signal = "signal s { from: signed(model), range: 0 .. 1, max_age: 6h }"
    changes = (("42% +- 5%", "37% .. 47% by signal(s)"), ("    floors {", f"    {signal}\n    floors {{"))
    assert [what for what, _ in refusal("eth_carry", *changes)] == ["a target `by` a signal", "the signal `s`"]


def test_a_whole_strategy_is_refused_by_one_error() -> None:
    source = Source("everything.strat", (TYPED / "everything.strat").read_text())
    (strategy,) = parse_strategies(source).strategies
    with pytest.raises(Unsupported) as caught:
        model(strategy, source, venue_factories(strategy))
    assert caught.value.span != NOWHERE
    assert all(place.span != NOWHERE for place in caught.value.also)


def test_all_of_the_language_is_in_one_of_the_two_tables() -> None:
    """What is refused is refused in words of the language, never by the name of a class."""
    (strategy,) = parse_strategies(Source("everything.strat", (TYPED / "everything.strat").read_text())).strategies
    with pytest.raises(Unsupported) as caught:
        refusing.refuse(strategy, venue_factories(strategy))
    classes = {name for name, one in vars(strategy_module).items() if isinstance(one, type) and issubclass(one, Record)}
    assert {"Hedge", "Signal", "Strategy"} <= classes
    assert not any(f"`{name}`" in caught.value.what for name in classes)


def test_everything_is_refused_at_once() -> None:
    changes = ((USDC_FEED, "fixed(1 USD)"), ("health(aave) >= 1.35", "share_price >= 0.98 USD"))
    assert refusal("eth_carry", *changes) == [
        ("the price source `fixed(...)`", "fixed(1 USD)"),
        ("the quantity `share_price`", "share_price"),
    ]


class Novelty(Placed):
    """A claim that some later version of the language has, and that nobody told the compiler of."""


@dataclass(frozen=True)
class Stranger:
    """No record, so that no walk knows what is in it."""


def example() -> Strategy:
    return parse_strategies(source_of("treasury")).strategies[0]


@pytest.mark.parametrize("unknown", [Novelty(), Stranger(), [Solvent()], {"solvent": Solvent()}, 1.5])
def test_what_nobody_knows_is_refused_by_name(unknown: object) -> None:
    novel = replace(example(), claims=(Solvent(), unknown))
    with pytest.raises(Unsupported, match=f"`{type(unknown).__name__}`"):
        refusing.refuse(novel, venue_factories(novel))


def test_the_smallest_part_is_found_however_deep_it_is() -> None:
    """One unsupported thing in each place of a strategy that holds records: the walk comes to every one."""
    strategy = parse_strategies(source_of("eth_carry")).strategies[0]
    assert len(list(_with_novelty(strategy))) > 50
    for changed in _with_novelty(strategy):
        with pytest.raises(Unsupported, match=r"`Novelty`|a floor that is not one comparison"):
            refusing.refuse(changed, venue_factories(strategy))


def _with_novelty(value: object) -> Iterator[object]:
    """The same value, again and again, with one record in it replaced by a novelty."""
    if isinstance(value, tuple):
        for place, one in enumerate(value):
            yield from ((*value[:place], other, *value[place + 1 :]) for other in _with_novelty(one))
    if isinstance(value, Record) and not isinstance(value, Span):
        if not isinstance(value, Strategy | Terms):  # a venue is known by its terms
            yield Novelty()
        for name in value.__struct_fields__:
            for other in _with_novelty(getattr(value, name)):
                yield replace(value, **{name: other})


def test_a_venue_is_refused_without_a_model_of_its_adapter() -> None:
    refusing.refuse(example(), {"aave_v3", "erc4626"})
    with pytest.raises(Unsupported, match="the adapter `erc4626`"):
        refusing.refuse(example(), {"aave_v3"})


def test_a_model_may_come_from_an_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages are only searched where a strategy names an adapter that is not built in."""
    found = {"covered_call": object(), "aave_v3": object()}
    entries = [SimpleNamespace(name=name, load=lambda model=model: model) for name, model in found.items()]
    searched: list[str] = []
    monkeypatch.setattr("importlib.metadata.entry_points", lambda *, group: searched.append(group) or entries)
    assert venue_factories(example()).keys() == set(BUILT_IN)
    assert searched == []
    (typed,) = parse_strategies(Source("everything.strat", (TYPED / "everything.strat").read_text())).strategies
    factories = venue_factories(typed)
    assert searched == ["stratc.venues"]
    assert factories["covered_call"] is found["covered_call"]
    assert factories["aave_v3"] is not found["aave_v3"]


def test_a_supported_strategy_never_comes_to_what_is_refused() -> None:
    with pytest.raises(AssertionError, match="Novelty"):
        refusing.refused(Novelty())
