"""How far assumptions can be pushed and what repairs a claim, each end proved or refuted again from changed text."""

from __future__ import annotations

from fractions import Fraction

import pytest

from proofs.strategies import claim
from proofs.strategies import verified as example
from stratc_compiler.constants import Constant, assumed, stated
from stratc_compiler.driver import Options, model, verify
from stratc_compiler.effort import Effort
from stratc_compiler.margins import Margin, Repair, Setting, _Variants, margins, repairs
from stratc_compiler.prove import all_proved
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Proved, Refuted, Verification
from stratc_dsl import Source, parse_strategies
from stratc_dsl.strategy import Strategy
from stratc_targets.venues import venue_factories

SAVING = """strategy Saving {
    base USDC
    token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    venue save = erc4626(asset=USDC)
    assume {
        keeper every 6h
        price(USDC) stays 0.97 .. 1.03
        loss(save) <= 1%
        withdrawals <= 10% of nav
    }
    allocate {
        save:       75% +- 5%
        idle(USDC): 25% +- 5%, min 15%
    }
    floors { idle(USDC) >= 5% of nav }
    rules { when weights outside band do rebalance }
    exit { order: [save] }
    prove { loss <= 2% per round }
}
"""
ONE_PROCESS = Options(Effort(rlimit=2_000_000, nodes=500), workers=1)


def vault_of(text: str) -> tuple[Vault, Source]:
    source = Source("saving.strat", text)
    (strategy,) = parse_strategies(source).strategies
    return model(strategy, source, venue_factories(strategy)), source


def verified(text: str) -> Verification:
    return verify(*vault_of(text))


EVERY = pytest.param(None, marks=pytest.mark.long, id="every number")
LOSSES = pytest.param(("loss(save)", "stays(USDC):low"), id="losses")
"""Numbers that are pushed: each takes seconds. The range of a dollar's price is one that no proof rests on."""


@pytest.fixture(scope="module", params=[LOSSES, EVERY])
def found(request: pytest.FixtureRequest) -> list[Margin]:
    verification = verified(SAVING)
    assert verification.proved
    factories = venue_factories(verification.vault.strategy)
    return list(margins(verification, factories, ONE_PROCESS, request.param))


def changed(statement: str, old: str, new: str) -> str:
    assert statement in SAVING
    return SAVING.replace(statement, statement.replace(old, new))


def test_both_ends_of_every_margin_are_true_of_the_changed_text(found: list[Margin]) -> None:
    ends = 0
    source = Source("saving.strat", SAVING)
    for one in found:
        statement, told = source.words(one.constant.span), one.constant.told
        old = told(one.constant.value)
        held = verified(changed(statement, old, told(one.holds)))
        assert isinstance(claim(held, one.claim).verdict, Proved), (one.claim, statement)
        assert isinstance(claim(held, "consistent").verdict, Proved)
        if one.fails is not None:
            ends += 1
            failed = verified(changed(statement, old, told(one.fails)))
            assert not isinstance(claim(failed, one.claim).verdict, Proved), (one.claim, statement)
    assert ends >= 1


def test_a_margin_is_as_exact_as_three_digits(found: list[Margin]) -> None:
    """Up to 80% of nav are saved, as much of a loss is a loss of nav: 2.5% of 80% are 2%."""
    source = Source("saving.strat", SAVING)
    pushed = [one for one in found if one.fails is not None and "loss(save)" in source.words(one.constant.span)]
    # How far `recovers` goes depends on what the engine can show, so it is no figure of this test.
    (loss,) = [one for one in pushed if one.claim != "recovers"]
    assert loss.claim == "loss <= 2% per round"
    assert (loss.holds, loss.fails) == (Fraction(249, 10_000), Fraction(250, 10_000))


def test_what_no_proof_rests_on_has_no_margin(found: list[Margin]) -> None:
    source = Source("saving.strat", SAVING)
    assert not [one for one in found if "price(USDC)" in source.words(one.constant.span)]
    assert not [one for one in found if one.claim in ("fair", "consistent")]


def test_a_value_that_contradicts_the_strategy_is_no_margin() -> None:
    """With nearly no threshold nothing is settled any more, and everything would be proved of nothing."""
    verification = example("eth_carry")
    (threshold,) = [one for one in assumed(verification.vault.strategy) if one.field.words == "threshold"]
    strategy = verification.vault.strategy
    variants = _Variants(Setting(strategy, verification.source, venue_factories(strategy), ONE_PROCESS), threshold)
    nothing: frozenset[str] = frozenset()
    assert not variants.proved(Fraction(1, 10), "safe(aave)", nothing)
    assert variants.proved(Fraction(8, 10), "safe(aave)", nothing)


BROKEN = SAVING.replace("loss <= 2% per round", "loss <= 0.5% per round")


def losses(strategy: Strategy, source: Source) -> list[Constant]:
    """Of the numbers that are stated those of losses."""
    return [one for one in stated(strategy, source) if source.words(one.span).startswith("loss")]


@pytest.fixture(
    scope="module",
    params=[pytest.param(losses, id="losses"), pytest.param(stated, marks=pytest.mark.long, id="every number")],
)
def mended(request: pytest.FixtureRequest) -> list[Repair]:
    verification = verified(BROKEN)
    assert isinstance(claim(verification, "loss <= 0.5% per round").verdict, Refuted)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("stratc_compiler.margins.stated", request.param)
        return list(repairs(verification, venue_factories(verification.vault.strategy), ONE_PROCESS))


def test_each_repair_repairs(mended: list[Repair]) -> None:
    source = Source("saving.strat", BROKEN)
    assert mended
    assert [one.change for one in mended] == sorted(one.change for one in mended)
    for one in mended:
        statement, told = source.words(one.constant.span), one.constant.told
        text = BROKEN.replace(statement, statement.replace(told(one.constant.value), told(one.value)))
        assert text != BROKEN
        unproved = tuple(c.name for c in verified(text).claims if not isinstance(c.verdict, Proved))
        assert unproved == one.others


def test_the_smaller_loss_and_the_weaker_claim_are_found(mended: list[Repair]) -> None:
    source = Source("saving.strat", BROKEN)
    repaired = {source.words(one.constant.span): one.constant.told(one.value) for one in mended}
    assert repaired["loss(save) <= 1%"] == "0.62%"
    assert repaired["loss <= 0.5% per round"] == "0.801%"


def test_every_number_of_a_strategy_can_be_changed() -> None:
    vault, source = vault_of(SAVING)
    shown = [
        f"{' '.join(source.words(one.span).split())}: {one.told(one.value)}" for one in stated(vault.strategy, source)
    ]
    assert "idle(USDC): 25% +- 5%, min 15%: 5%" in shown
    assert "idle(USDC): 25% +- 5%, min 15%: 15%" in shown
    assert "idle(USDC) >= 5% of nav: 5%" in shown
    assert "keeper every 6h: 6h" in shown


def test_a_claim_of_which_nothing_is_asked_is_not_repaired() -> None:
    """Whatever is changed, there is still nothing that was shown."""
    assert not all_proved((), ONE_PROCESS.effort)
