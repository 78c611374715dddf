"""An alarm for every watched assumption: what to measure, between which edges, and which claims fall with it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from stratc_compiler.assumptions import rests_on
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import ClaimResult, GuardedAssumption, Guardian, Verification
from stratc_dsl.span import NOWHERE
from stratc_dsl.strategy import (
    Assumption,
    DepositsAtMost,
    KeeperEvery,
    LiquidityAtLeast,
    LossAtMost,
    PriceMoves,
    PriceStays,
    RateAtMost,
    SlippageAtMost,
    WithdrawalsAtMost,
)
from stratc_targets.keeper.decimals import decimal_text


def alarms(verification: Verification, period: int) -> list[dict[str, Any]]:
    """One alarm, as it stands in keeper.json, for each assumption that the keeper has to watch."""
    watched = [one for one in verification.assumptions if one.guardian is Guardian.WATCHED]
    return [_alarm(one, verification, period) for one in watched]


def _alarm(guarded: GuardedAssumption, verification: Verification, period: int) -> dict[str, Any]:
    written = guarded.written and guarded.span != NOWHERE
    return {
        "id": guarded.id,
        "text": guarded.text,
        "line": verification.source.line_and_column(guarded.span.start)[0] if written else None,
        "how": guarded.how,
        "measure": _written_measure(guarded, verification, period) if written else None,
        "claims": [claim.name for claim in verification.claims if _uses(claim, guarded, verification.vault)],
    }


def _uses(claim: ClaimResult, guarded: GuardedAssumption, vault: Vault) -> bool:
    return any(guarded.id in rests_on(result.obligation, vault) for result in claim.obligations)


def _written_measure(guarded: GuardedAssumption, verification: Verification, period: int) -> dict[str, Any] | None:
    # The span is what an assumption of the strategy and its guarded form have in common.
    for assumption in verification.vault.strategy.assumptions:
        if assumption.span == guarded.span:
            return _measure(assumption, period)
    return None


def _measure(assumption: Assumption, period: int) -> dict[str, Any]:
    match assumption:
        case KeeperEvery(every):
            return _edges("keeper_interval_seconds", "vault", None, Fraction(every), None)
        case PriceMoves(token, low, high):
            return _edges("price_move", token, low, high, period)
        case PriceStays(token, low, high):
            return _edges("price_usd", token, low, high, None)
        case RateAtMost(position, ratio, per):
            return _edges("debt_rate", str(position), None, ratio, per)
        case SlippageAtMost(venue, ratio):
            return _edges("slippage", venue, None, ratio, None)
        case LossAtMost(venue, ratio):
            return _edges("loss", venue, None, ratio, period)
        case LiquidityAtLeast(venue, ratio):
            return _edges("liquidity", venue, ratio, None, None)
        case WithdrawalsAtMost(ratio):
            return _edges("withdrawals", "vault", None, ratio, period)
        case DepositsAtMost(ratio):
            return _edges("deposits", "vault", None, ratio, period)


def _edges(
    quantity: str, subject: str, low: Fraction | None, high: Fraction | None, per_seconds: int | None
) -> dict[str, Any]:
    return {
        "quantity": quantity,
        "subject": subject,
        "low": None if low is None else decimal_text(low),
        "high": None if high is None else decimal_text(high),
        "per_seconds": per_seconds,
    }
