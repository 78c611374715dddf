"""`consistent`: floors, bands and assumptions hold together, and every rule can fire. Shown by replayed witnesses.

Nothing here is taken from the solver's word that something is possible; `possible` says what counts as a witness.
"""

from __future__ import annotations

from itertools import chain

from stratc_compiler.claims import KeeperSettles
from stratc_compiler.environment import Box
from stratc_compiler.possible import CLAIM, TEXT, Possibility, possibilities
from stratc_compiler.prove import overall, query_of
from stratc_compiler.shocks import eliminate
from stratc_compiler.smt import Unsat
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import ClaimResult, ObligationResult, Proved, Refuted, Unknown, Verdict
from stratc_compiler.witness import concrete, models


def consistent(vault: Vault, box: Box, rlimit: int) -> ClaimResult:
    """Proved iff a settled witness exists, the targets are one, and each conditional rule has one in which it fires."""
    results = tuple(_exists(one, vault, box, rlimit) for one in possibilities(vault, box))
    return ClaimResult(CLAIM, TEXT, overall(results), results)


def _exists(possibility: Possibility, vault: Vault, box: Box, rlimit: int) -> ObligationResult:
    """Proved iff some frame has a model that is accepted; refuted iff no frame has a model at all."""
    linear = [eliminate(obligation).obligation for obligation in possibility.obligations]
    for obligation, asked in zip(possibility.obligations, linear, strict=True):
        tried = (
            models(asked, vault, box, rlimit, any_will_do) for any_will_do in (True, False)
        )  # the quick ones first
        for values in chain.from_iterable(tried):
            played = concrete(values, vault, box, KeeperSettles())
            if possibility.accepts(played):
                return ObligationResult(obligation, Proved(), played)
    impossible = all(isinstance(query_of(asked, rlimit).solve(), Unsat) for asked in linear)
    return ObligationResult(possibility.obligations[0], _missing(impossible, possibility))


def _missing(impossible: bool, possibility: Possibility) -> Verdict:
    if impossible:
        return Refuted(f"it cannot be that {possibility.text}", None, span=possibility.span)
    return Unknown(f"no witness that replays in exact integers was found for: {possibility.text}")
