"""Which claims rest on which assumptions, and which assumptions no claim rests on: read off the proofs.

A witness rests on nothing: it shows that something is possible, and whatever is assumed less, it still is.
"""

from __future__ import annotations

from stratc_compiler.assumptions import Reliance, core_of
from stratc_compiler.verdict import Derivation, Evidence, GuardedAssumption, SolverSays, Verification
from stratc_dsl.strategy import (
    Assumption,
    FundingBetween,
    KeeperEvery,
    PriceMoves,
    PriceStays,
    RateAtMost,
    SlippageAtMost,
    Strategy,
)

PREMISES = frozenset(
    (
        "keeper",
        "moves",
        "stays",
        "rate",
        "funding",
        "settles",
        "slippage",
        "loss",
        "liquidity",
        "withdrawals",
        "deposits",
        "gain",
        "room",
        "flash",
        "spot",
        "adds",
        "fees",
    )
) | {"parameters", "oracle", "scale", "build", "deployed", "rounds", "running", "first"}
"""Kinds of assumptions that a proof can rest on: the word before the parenthesis of their ids."""

BENEATH = frozenset(("fresh", "feed", "pass", "open", "code"))
"""Kinds that tie the model to the chain. Every claim rests on them, no proof names them."""


def kind_of(id_: str) -> str:
    """What an inner vault assumes is of the kind that it is there."""
    return id_.partition("(")[0].rpartition("/")[2]


def claims_resting(verification: Verification) -> dict[str, tuple[str, ...]]:
    """By the id of each assumption, the claims of which some proof rests on it."""
    resting: dict[str, list[str]] = {}
    reliance = Reliance.on(verification.vault)
    for claim in verification.claims:
        proofs = [result for result in claim.obligations if _is_proof(result.evidence)]
        core = {label for result in proofs for label in core_of(result)}
        for id_ in reliance.of(core) if proofs else ():
            resting.setdefault(id_, []).append(claim.name)
    return {id_: tuple(names) for id_, names in resting.items()}


def _is_proof(evidence: Evidence | None) -> bool:
    return isinstance(evidence, Derivation | SolverSays)


def unused(verification: Verification) -> tuple[GuardedAssumption, ...]:
    """What the strategy itself assumes in vain: every claim is proved, by proofs that would stand without it.

    None while a claim is not proved, since its proof may be the one that needs it. What the language asks for is not in
    vain, and what several strategies share is for all of them to say.
    """
    if not verification.proved or not verification.claims:
        return ()
    strategy, used = verification.vault.strategy, claims_resting(verification)
    written = [one for one in verification.assumptions if one.written]
    return tuple(
        told
        for told, assumption in zip(written, strategy.assumptions, strict=True)
        if told.id not in used and assumption.span in strategy.span and not _asked_for(assumption, strategy)
    )


def _asked_for(assumption: Assumption, strategy: Strategy) -> bool:
    """Whether the language wants such an assumption: one about the price of each token, and these."""
    match assumption:
        case KeeperEvery() | RateAtMost() | SlippageAtMost() | FundingBetween():
            return True
        case PriceMoves(token) | PriceStays(token):
            prices = (one for one in strategy.assumptions if isinstance(one, PriceMoves | PriceStays))
            return next(one for one in prices if one.token == token) is assumption
        case _:
            return False
