"""`consistent`: floors, bands and assumptions hold together, and every rule can fire. Shown by replayed witnesses.

Nothing here is taken from the solver's word that something is possible; `possible` says what counts as a witness.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from stratc_compiler.claims import KeeperSettles
from stratc_compiler.corners import at_corners
from stratc_compiler.effort import Effort
from stratc_compiler.environment import Box
from stratc_compiler.judge import overall
from stratc_compiler.possible import CLAIM, TEXT, Possibility, possibilities
from stratc_compiler.recall import Past
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import ClaimResult, ObligationResult, Proved, Refuted, Round, Unknown, Verdict
from stratc_dsl.record import Record


class Wanted(Record):
    """The witness of one of the vault's possibilities, by its number: what is to be looked for."""

    number: int
    vault: Vault
    box: Box
    effort: Effort


class Witnesses(Record):
    """What has to be possible for one vault, with the witness of an earlier run where it still is one."""

    known: tuple[ObligationResult | None, ...]
    wanted: tuple[Wanted, ...]


def witnesses(box: Box, past: Past) -> Witnesses:
    """What is known, and what is wanted."""
    known = tuple(_known(one, past) for one in possibilities(past.vault, box))
    wanted = tuple(Wanted(number, past.vault, box, past.effort) for number, one in enumerate(known) if one is None)
    return Witnesses(known, wanted)


def consistent(box: Box, past: Past) -> ClaimResult:
    """Proved iff a settled witness exists, the targets are one, and each conditional rule has one in which it fires."""
    sought = witnesses(box, past)
    return concluded(sought, [keep(look_for(one), past) for one in sought.wanted])


def concluded(sought: Witnesses, found: Iterable[ObligationResult]) -> ClaimResult:
    """The claim, given what was found of each witness that was wanted."""
    new = iter(found)
    results = tuple(one or next(new) for one in sought.known)
    return ClaimResult(CLAIM, TEXT, overall(results), results)


def keep(found: ObligationResult, past: Past) -> ObligationResult:
    """What was looked for; a witness that was found is remembered."""
    if isinstance(found.evidence, Round):
        past.keep_round(found.obligation, found.evidence)
    return found


def _known(possibility: Possibility, past: Past) -> ObligationResult | None:
    """The witness of an earlier run, if it still is one."""

    def accepted(played: Round) -> Round | None:
        return played if possibility.accepts(played) else None

    for obligation in possibility.obligations():
        played = past.round(obligation, accepted)
        if played is not None:
            return ObligationResult(obligation, Proved(), played)
    return None


def look_for(wanted: Wanted) -> ObligationResult:
    """Proved iff some frame has a model that is accepted; refuted iff no frame has a model at all."""
    from stratc_compiler.prove import query_of  # only here, since both load a solver
    from stratc_compiler.shocks import eliminate
    from stratc_compiler.smt import Unsat
    from stratc_compiler.witness import concrete, models

    vault, box, rlimit = wanted.vault, wanted.box, wanted.effort.rlimit
    possibility = possibilities(vault, box)[wanted.number]
    obligations = possibility.obligations()
    linear = [eliminate(obligation).obligation for obligation in obligations]
    for obligation, asked in zip(obligations, linear, strict=True):
        everywhere = (*at_corners(obligation, box, vault.base), asked)
        tried = (
            models(one, vault, box, rlimit, any_will_do) for any_will_do in (True, False) for one in everywhere
        )  # the quick ones first
        for values in chain.from_iterable(tried):
            played = concrete(values, vault, box, KeeperSettles())
            if possibility.accepts(played):
                return ObligationResult(obligation, Proved(), played)
    impossible = all(isinstance(query_of(asked, rlimit).solve(), Unsat) for asked in linear)
    return ObligationResult(obligations[0], _missing(impossible, possibility))


def _missing(impossible: bool, possibility: Possibility) -> Verdict:
    if impossible:
        return Refuted(f"it cannot be that {possibility.text}", None, span=possibility.span)
    return Unknown(f"no witness that replays in exact integers was found for: {possibility.text}")
