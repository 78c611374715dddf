"""What this version does not carry out is refused as a whole, before anything is built, and never for being unknown."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from proofs.strategies import source_of
from stratc_compiler import refuse as refusing
from stratc_compiler.driver import model
from stratc_compiler.errors import Unsupported
from stratc_dsl import parse_strategies
from stratc_dsl.span import NOWHERE, Span
from stratc_dsl.strategy import Solvent, Strategy
from stratc_targets.venues import venue_factories


def refusal(name: str, *changes: tuple[str, str]) -> list[tuple[str, str]]:
    """What is refused of an example after these changes, each thing with the words it stands at."""
    source = source_of(name, *changes)
    result = parse_strategies(source)
    assert result.strategies, [one.message for one in result.diagnostics]
    with pytest.raises(Unsupported) as caught:
        model(result.strategies[0], source, venue_factories())
    error = caught.value
    places = [(error.label, error.span), *((place.what, place.span) for place in error.also)]
    assert error.what == ", ".join(dict.fromkeys(what for what, _ in places))
    return [(what, source.text[span.start : span.end]) for what, span in places]


USDC_FEED = 'chainlink("USDC/USD", heartbeat=24h, deviation=0.25%)'


@pytest.mark.parametrize(
    ("change", "what", "where"),
    [
        ((USDC_FEED, "fixed(1 USD)"), "the price source `fixed(...)`", "fixed(1 USD)"),
        (("borrow=[USDC]", "borrow=[USDC], emode=1"), "`emode`", "1"),
        (
            ("keeper every 1h", "keeper every 1h\n price(WETH/USDC) moves -1% .. +1%"),
            "`price(A/B) moves`",
            "price(WETH/USDC) moves -1% .. +1%",
        ),
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


def test_everything_is_refused_at_once() -> None:
    changes = ((USDC_FEED, "fixed(1 USD)"), ("borrow=[USDC]", "borrow=[USDC], emode=1"))
    assert refusal("eth_carry", *changes) == [("the price source `fixed(...)`", "fixed(1 USD)"), ("`emode`", "1")]


@dataclass(frozen=True, slots=True)
class Novelty:
    """A claim that some later version of the language has, and that nobody told the compiler of."""

    span: Span = NOWHERE


def example() -> Strategy:
    return parse_strategies(source_of("treasury")).strategies[0]


def test_what_nobody_knows_is_refused_by_name() -> None:
    novel = replace(example(), claims=(Solvent(), Novelty()))
    with pytest.raises(Unsupported, match="`Novelty`"):
        refusing.refuse(novel, venue_factories())


def test_a_venue_is_refused_without_a_model_of_its_adapter() -> None:
    refusing.refuse(example(), {"aave_v3", "erc4626"})
    with pytest.raises(Unsupported, match="the adapter `erc4626`"):
        refusing.refuse(example(), {"aave_v3"})


def test_a_supported_strategy_never_comes_to_what_is_refused() -> None:
    with pytest.raises(AssertionError, match="Novelty"):
        refusing.refused(Novelty())
