"""Answers to verdicts: what is not proved is refuted by what replays, or unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from stratc_compiler.backing import as_its_own, is_of_payment, within
from stratc_compiler.claims import (
    About,
    ClaimSpec,
    ExitWorks,
    IsBacked,
    IsFair,
    KeeperHedges,
    KeeperIsQuiet,
    LosesAtMost,
    Pays,
)
from stratc_compiler.corners import at_corners
from stratc_compiler.environment import Box, box_of
from stratc_compiler.questions import Answered
from stratc_compiler.recall import Past
from stratc_compiler.scenario import replayed
from stratc_compiler.verdict import (
    ClaimResult,
    Obligation,
    ObligationResult,
    Proved,
    Refuted,
    Round,
    Scenario,
    Unknown,
    Verdict,
)
from stratc_dsl.record import Record

if TYPE_CHECKING:
    from stratc_compiler.cases import Allowance

T = TypeVar("T")

FIRST = 12
"""So many guesses are tried before anything is proved."""

CLEARLY = Fraction(1, 1_000)
"""By what share of nav a guess breaks a bound."""


def judge(spec: ClaimSpec, answers: Sequence[Answered], box: Box, past: Past) -> ClaimResult:
    """Proved iff every obligation is; refuted iff one has a scenario that replays; otherwise unknown."""
    asked = tuple(zip(spec.obligations, answers, strict=True))
    sought = {
        number: _Sought(obligation, answered, spec.about, box, past)
        for number, (obligation, answered) in enumerate(asked)
        if answered.evidence is None
    }
    refuted = _refuted(sought)
    results = tuple(
        ObligationResult(obligation, _verdict(number, answered, sought.get(number), refuted), answered.evidence)
        for number, (obligation, answered) in enumerate(asked)
    )
    return ClaimResult(spec.name, spec.text, overall(results), results, span=spec.span)


def refuted_before(spec: ClaimSpec, answers: Sequence[Answered | None], box: Box, past: Past) -> bool:
    """Whether the claim is refuted by a round of an earlier run, or by numbers alone, given the known answers."""
    sought = (
        _Sought(obligation, answered, spec.about, box, past)
        for obligation, answered in zip(spec.obligations, answers, strict=True)
        if answered is not None and answered.evidence is None and answered.gave_up is None
    )
    return any(one.known() is not None for one in sought)


def first_guesses(box: Box, past: Past) -> tuple[Round, ...]:
    """The rounds that every claim is tried with before anything is proved."""
    from stratc_compiler.guesses import guesses  # only here: cached runs need none

    return tuple(islice(guesses(past.vault, box), FIRST))


def breaks_at_once(spec: ClaimSpec, first: Sequence[Round], box: Box, past: Past) -> bool:
    """Whether one of the first guesses breaks the claim: then nothing needs to be proved of it."""
    sought = {number: _unproved(one, spec, box, past) for number, one in enumerate(spec.obligations)}
    return _broken_by(first, sought) is not None


def _unproved(obligation: Obligation, spec: ClaimSpec, box: Box, past: Past) -> _Sought:
    return _Sought(obligation, Answered(obligation, None), spec.about, box, past)


class _Sought(Record):
    """An obligation without a proof, of which a counterexample is sought."""

    obligation: Obligation
    answered: Answered
    about: About
    box: Box
    past: Past

    def known(self) -> Refuted | None:
        """What is known from the numbers alone, or by a round of an earlier run that still is a counterexample."""
        if isinstance(self.about, IsBacked) and self.obligation.id in self.about.refuted:
            return self.about.refuted[self.obligation.id]
        if (asked := self._asked()) is None:
            return None
        past, about = asked.past, asked.about
        scenario = past.round(asked.linear, lambda played: replayed(played, about, past.vault, asked.box))
        return None if scenario is None else self._told(scenario)

    def attempts(self, allowed: Allowance) -> Iterator[Refuted | None]:
        """One model after the other: a counterexample, or None where it does not replay.

        The first one at each corner, then the second ones: corners are more unlike than models at one of them.
        """
        if (asked := self._asked()) is None:
            return
        from stratc_compiler.witness import attempts  # only here, since it loads a solver

        vault, about, box = asked.past.vault, asked.about, asked.box
        everywhere = chain(at_corners(asked.obligation, box, vault.base), (asked.linear,))
        for found in in_turn(attempts(one, about, vault, box, allowed) for one in everywhere):
            yield None if found is None else self.kept(*found)

    def kept(self, played: Round, scenario: Scenario) -> Refuted:
        """Refuted by this round, which is remembered."""
        asked = self._asked()
        assert asked is not None
        asked.past.keep_round(asked.linear, played)
        return self._told(scenario)

    def breaks_in(self, scenario: Scenario) -> bool:
        """Whether the scenario breaks this obligation: of the same way through the rules, and of the same rule."""
        rules = {rule.name: rule for rule in self.past.vault.rules}
        case, *place = self.obligation.id.removeprefix(f"{self.obligation.claim}/").split("/")
        way = list(scenario.rules)
        if isinstance(self.about, KeeperIsQuiet) and self.obligation.span != rules[way.pop()].span:
            return False
        return case == "step" and place[: len(way)] == way and not (place[len(way) :] and place[len(way)] in rules)

    def named_by(self, scenario: Scenario) -> int:
        """How many letters the scenario has of the condition that had to hold, or of who must not liquidate; none if
        it names another one.
        """
        condition, holds, _ = self.obligation.text.partition(" holds")
        liquidates = f"{self.obligation.text.replace(' cannot ', ' can ')}:"
        named = condition if holds else liquidates
        return len(named) if named in scenario.broken else 0

    def unknown(self) -> Unknown:
        if self.answered.gave_up is not None:
            return Unknown(f"the solver gave up: {self.answered.gave_up}")
        if isinstance(self.about, IsBacked):
            return Unknown(f"not proved: {self.obligation.text}")
        return Unknown("a counterexample over the reals was found, but none that replays in exact integers")

    def _asked(self) -> _Asked | None:
        """What rounds are looked for; of an inner vault those in which it does not pay, if that is what is asked."""
        linear = replace(self.answered.linear or self.obligation, id=self.obligation.id)
        if not isinstance(self.about, IsBacked):
            return _Asked(self.obligation, linear, self.about, self.box, self.past)
        if not is_of_payment(self.obligation):
            return None
        venue, past = self.about.venue, self.past
        inner = past.vault.inner[venue]
        own, linear = (as_its_own(venue, one) for one in (self.obligation, self.answered.linear or self.obligation))
        return _Asked(own, linear, Pays(self.about.share), box_of(inner), Past(past.memory, past.effort, inner))

    def _told(self, scenario: Scenario) -> Refuted:
        if not isinstance(self.about, IsBacked):
            return Refuted(scenario.broken, scenario, span=self.obligation.span)
        venue = self.about.venue
        why = f"in {self.past.vault.inner[venue].strategy.name} {scenario.broken}"
        return Refuted(why, scenario, f"assume less: `liquidity({venue}) >= ..`", span=self.obligation.span)


class _Asked(Record):
    """What a round of a vault is looked for that breaks it: the obligation, and without its shocks."""

    obligation: Obligation
    linear: Obligation
    about: About
    box: Box
    past: Past


def _refuted(sought: Mapping[int, _Sought]) -> tuple[int, Refuted] | None:
    """The first obligation that is refuted, with its number: what is known first, then what a reader would try first,
    then by one model of each in turn.

    In turn, since an obligation that no model refutes may take long, and one that the first refutes stand behind it.
    """
    for number, one in sought.items():
        if (known := one.known()) is not None:
            return number, known
    guessed = _guessed(sought)
    if guessed is not None:
        return guessed
    return _modelled(sought)


def _modelled(sought: Mapping[int, _Sought]) -> tuple[int, Refuted] | None:
    """What a model of an obligation refutes, as long as the claim's allowance lasts."""
    trying = {number: one for number, one in sought.items() if one.answered.gave_up is None}
    if not trying:
        return None
    from stratc_compiler.cases import Allowance  # only here, since it loads a solver

    allowed = Allowance(next(iter(trying.values())).past.effort)
    searches = (_numbered(number, one.attempts(allowed)) for number, one in trying.items())
    return next((found for found in in_turn(searches) if found is not None), None)


def _numbered(number: int, search: Iterator[Refuted | None]) -> Iterator[tuple[int, Refuted] | None]:
    return (None if found is None else (number, found) for found in search)


def _guessed(sought: Mapping[int, _Sought]) -> tuple[int, Refuted] | None:
    """What a guess refutes, which a reader understands at once."""
    one = next(iter(sought.values()), None)
    if one is None:
        return None
    from stratc_compiler.guesses import guesses  # only here: cached runs need none

    found = _broken_by(guesses(one.past.vault, one.box), sought)
    if found is None:
        return None
    number, played, scenario = found
    return number, sought[number].kept(played, scenario)


def _broken_by(rounds: Iterable[Round], sought: Mapping[int, _Sought]) -> tuple[int, Round, Scenario] | None:
    """The first of the rounds that breaks an obligation, with the number of the one that it does."""
    one = next(iter(sought.values()), None)
    if one is None or isinstance(one.about, IsBacked | IsFair):
        return None
    vault, box, clearly = one.past.vault, one.box, _clearly(one.about)
    for played in rounds:
        if replayed(played, clearly, vault, box) is None:
            continue
        scenario = replayed(played, one.about, vault, box)
        assert scenario is not None
        broken = [number for number, asked in sought.items() if asked.breaks_in(scenario)]
        number = max(broken, key=lambda number: sought[number].named_by(scenario), default=None)
        if number is None or (isinstance(one.about, KeeperHedges) and not sought[number].named_by(scenario)):
            continue
        return number, played, scenario
    return None


def _clearly(about: About) -> About:
    """What breaks where the claim does so by more than the last digit that is told."""
    match about:
        case LosesAtMost(ratio):
            return replace(about, ratio=ratio + CLEARLY)
        case ExitWorks(pays):
            return replace(about, pays=max(pays - CLEARLY, Fraction(0)))
        case _:
            return about


def in_turn(searches: Iterable[Iterator[T]]) -> Iterator[T]:
    """One of each, then the next of each, until all have ended. None is made before its first turn."""
    going = searches
    while True:
        left: list[Iterator[T]] = []
        for search in going:
            for found in islice(search, 1):
                left.append(search)
                yield found
        if not left:
            return
        going = left


def _verdict(number: int, answered: Answered, sought: _Sought | None, refuted: tuple[int, Refuted] | None) -> Verdict:
    if answered.evidence is not None:
        return Proved()
    assert sought is not None
    if refuted is not None and refuted[0] == number:
        return refuted[1]
    if refuted is None or answered.gave_up is not None:
        return sought.unknown()
    return Unknown("not examined further: the claim is refuted already")


def with_claims_of(venue: str, claims: Iterable[ClaimResult], backed: ClaimResult) -> ClaimResult:
    """The claim that an inner vault is backed, with all that is claimed of that vault before what is derived of it."""
    found = (one for claim in claims for one in claim.obligations)
    own = tuple(replace(one, obligation=within(venue, backed.name, one.obligation, backed.span)) for one in found)
    results = own + backed.obligations
    return replace(backed, verdict=overall(results), obligations=results)


def overall(results: tuple[ObligationResult, ...]) -> Verdict:
    """The first refutation, else the first unknown, else proved. No obligations prove nothing."""
    verdicts = [result.verdict for result in results]
    for kind in (Refuted, Unknown):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    return Proved() if verdicts else Unknown("there is nothing that was shown")
