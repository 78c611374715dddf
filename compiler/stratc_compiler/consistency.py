"""`consistent`: floors, bands and assumptions hold together, and every rule can fire. Shown by replayed witnesses.

Nothing here is taken from the solver's word that something is possible; `possible` says what counts as a witness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain

from stratc_compiler.claims import KeeperSettles
from stratc_compiler.concrete import concrete
from stratc_compiler.corners import at_corners
from stratc_compiler.effort import Effort
from stratc_compiler.environment import Box
from stratc_compiler.judge import overall
from stratc_compiler.possible import CLAIM, TEXT, Place, Possibility, possibilities
from stratc_compiler.recall import Past
from stratc_compiler.shocks import eliminate
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import ClaimResult, Obligation, ObligationResult, Proved, Refuted, Round, Unknown, Verdict
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
    """Proved iff some frame has a model that is accepted; refuted iff none has, and no assumed round any model at all.

    What the solver cannot exclude of rounds beyond the assumptions saves no rule: somebody has to find such a round.
    """
    possibility = possibilities(wanted.vault, wanted.box)[wanted.number]
    assumed: _Tried | None = None
    for place in possibility.places:
        tried = _Tried(place, possibility, wanted)
        found = tried.witness()
        if found is not None:
            return found
        assumed = assumed or tried
    assert assumed is not None
    return ObligationResult(assumed.first, _missing(assumed.impossible(), possibility))


class _Tried:
    """A place, with what is asked of it."""

    def __init__(self, place: Place, possibility: Possibility, wanted: Wanted) -> None:
        self._place, self._possibility, self._wanted = place, possibility, wanted

    @cached_property
    def first(self) -> Obligation:
        """What is asked of the first frame. To make the others takes longer than most witnesses do."""
        return next(self._possibility.obligations_at(self._place))

    @cached_property
    def obligations(self) -> tuple[Obligation, ...]:
        return tuple(self._possibility.obligations_at(self._place))

    @cached_property
    def _linear(self) -> list[Obligation]:
        return [eliminate(obligation).obligation for obligation in self.obligations]

    def witness(self) -> ObligationResult | None:
        from stratc_compiler.guesses import guesses  # only here, since it loads a solver

        for played in guesses(self._wanted.vault, self._place.box):
            if self._place.accepts(played):
                return ObligationResult(self.first, Proved(), played)
        for obligation, asked in zip(self.obligations, self._linear, strict=True):
            for played in self._rounds(obligation, asked):
                if self._place.accepts(played):
                    return ObligationResult(obligation, Proved(), played)
        return None

    def _rounds(self, obligation: Obligation, asked: Obligation) -> Iterator[Round]:
        """Rounds that may be witnesses, the quick ones first."""
        from stratc_compiler.cases import Allowance  # only here, since they load a solver
        from stratc_compiler.witness import models

        vault, box, allowed = self._wanted.vault, self._place.box, Allowance(self._wanted.effort)
        everywhere = (*at_corners(obligation, box, vault.base), asked)
        tried = (models(one, vault, box, allowed, any_will_do) for any_will_do in (True, False) for one in everywhere)
        return (concrete(values, vault, box, KeeperSettles()) for values in chain.from_iterable(tried))

    def impossible(self) -> bool:
        """Whether the solver excludes every round of this place."""
        from stratc_compiler.prove import query_of
        from stratc_compiler.smt import Unsat

        rlimit = self._wanted.effort.rlimit
        return all(isinstance(query_of(asked, rlimit).solve(), Unsat) for asked in self._linear)


def _missing(impossible: bool, possibility: Possibility) -> Verdict:
    if not impossible:
        return Unknown(f"no witness that replays in exact integers was found for: {possibility.text}")
    within, neither = "", ""
    if len(possibility.places) > 1:
        within, neither = "within the assumptions ", ", and no round beyond them was found in which it does"
    return Refuted(f"{within}it cannot be that {possibility.text}{neither}", None, span=possibility.span)
