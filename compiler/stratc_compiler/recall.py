"""Answers of earlier runs. Nothing is believed of them: each counts only after it was checked against the question.

A proof is checked by `stratc_checker`; a point that shows that there is none has to satisfy the obligation, exactly; a
round is replayed. The solver's word that something holds is not kept. That neither proof nor point was found cannot be
checked: it is kept, and counts only in claims that a round refutes, replayed (`findings.py`). So whoever can write into
the memory can make a run slower, or have another proof found of what has one; no claim's verdict is theirs to choose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from hashlib import sha256
from math import prod
from typing import Any, Protocol, TypeVar

import msgspec

from stratc_checker.proof import Context, Rejected, read, refute
from stratc_checker.query import All, Any_, Atom, Fact, Formula, Reader
from stratc_compiler.effort import Effort
from stratc_compiler.expr import Not
from stratc_compiler.interpret import Reverted
from stratc_compiler.prooftree import hypotheses_of
from stratc_compiler.questions import Answered, Group, known
from stratc_compiler.shocks import eliminate
from stratc_compiler.smtlib import Printer
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Derivation, Obligation, Query, Round
from stratc_dsl.record import parts
from stratc_dsl.span import Span

T = TypeVar("T")

LONGEST = 4000
"""Digits. Numbers of ours have some hundred."""

FRACTION = re.compile(r"-?[0-9]+(?:/[1-9][0-9]*)?")
REASON = re.compile(r"[ -~]{1,200}")
"""Why a solver gave up, in its words: plain text, since it is shown."""

ZERO = Fraction(0)


class Memory(Protocol):
    """Where texts of earlier runs lie. It may forget any of them, and return what nobody ever wrote."""

    def recall(self, key: str) -> bytes | None: ...

    def remember(self, key: str, text: bytes) -> None: ...


class Forgetful:
    """A memory that has nothing."""

    def recall(self, key: str) -> bytes | None:
        return None

    def remember(self, key: str, text: bytes) -> None:
        pass


class _Step(msgspec.Struct, array_like=True):
    """A step of a proof, with those of its cases behind it: the sum `terms`, or a split of fact `choice`.

    Flat, so that whatever lies in the memory nests no deeper than these types do.
    """

    choice: int | None
    cases: int
    terms: list[list[str | list[int | str]]]  # what a term must be, the checker says


class _Nothing(msgspec.Struct):
    """That neither was found."""

    gave_up: str | None


class _Found(msgspec.Struct, omit_defaults=True):
    """What is kept of one answer: the steps of a proof, or a point, or that there was neither."""

    proof: list[_Step] | None = None
    point: dict[str, str] | None = None
    nothing: _Nothing | None = None


class _Played(msgspec.Struct):
    """What is kept of a round."""

    settled: dict[str, str]
    moment: dict[str, str]
    deposited: str
    withdrawn: str


_ANSWERS = msgspec.json.Decoder(list[_Found])
_ROUND = msgspec.json.Decoder(_Played)


class Wrong(Exception):
    """What was recalled is not what it should be."""


class Past(msgspec.Struct):
    """What earlier runs found out about the questions of one strategy."""

    memory: Memory
    effort: Effort
    vault: Vault
    printer: Printer = msgspec.field(default_factory=Printer)
    _reader: Reader = msgspec.field(default_factory=Reader)
    _said: str = ""  # the strategy, once it was asked for

    def answers(self, group: Group) -> list[Answered] | None:
        """Checked answers to everything that the group asks, or None where one is not known.

        All or none: the search goes from goal to goal, and what it finds may depend on those before.
        """
        text = self.memory.recall(self._key_of(group))
        if text is None:
            return None
        try:
            found = _ANSWERS.decode(text)
            if len(found) != len(group.asked):
                return None
            context = Context(group.script.text, self._reader)
            asked = zip(group.asked.items(), found, strict=True)
            return [self._checked(obligation, goal, one, context, group) for (goal, obligation), one in asked]
        except (Wrong, Rejected, RecursionError, LookupError, ValueError):  # msgspec's own errors are ValueErrors
            return None

    def keep(self, group: Group, answers: Sequence[Answered]) -> None:
        """Remember the answers, unless one of them is the solver's word that something holds."""
        found = [_kept(answered) for answered in answers]
        if all(found):
            self.memory.remember(self._key_of(group), msgspec.json.encode(found))

    def round(self, obligation: Obligation, accepts: Callable[[Round], T | None]) -> T | None:
        """What `accepts` makes of the round that was kept of this obligation, None where there is none."""
        text = self.memory.recall(self._key_of_round(obligation))
        if text is None:
            return None
        try:
            kept = _ROUND.decode(text)
            settled, moment = ({k: _whole(v) for k, v in one.items()} for one in (kept.settled, kept.moment))
            return accepts(Round(settled, moment, _whole(kept.deposited), _whole(kept.withdrawn)))
        except (Wrong, Reverted, LookupError, ArithmeticError, ValueError):  # no round of this vault
            return None

    def keep_round(self, obligation: Obligation, played: Round) -> None:
        settled, moment = ({k: str(v) for k, v in one.items()} for one in (played.settled, played.moment))
        kept = _Played(settled, moment, str(played.deposited), str(played.withdrawn))
        self.memory.remember(self._key_of_round(obligation), msgspec.json.encode(kept))

    def _checked(self, obligation: Obligation, goal: str, found: _Found, context: Context, group: Group) -> Answered:
        if found.proof is not None:
            proof = _proof(iter(found.proof))
            names, groups = read(goal, context.names, self._reader)
            refute(proof, [*context.facts, *(fact for one in groups for fact in one)], names)
            derivation = Derivation(Query(group.script.text, goal), proof, hypotheses_of(proof, context))
            return Answered(None, derivation)
        if found.nothing is not None:
            why = found.nothing.gave_up
            if why is not None and not REASON.fullmatch(why):
                raise Wrong
            return Answered(eliminate(obligation).obligation, None, why, believed=True)
        if found.point is None:
            raise Wrong
        return self._broken(obligation, {name: _fraction(value) for name, value in found.point.items()})

    def _broken(self, obligation: Obligation, point: dict[str, Fraction]) -> Answered:
        """The point shows that nothing proves the obligation: it fails there, or without its shocks."""
        eliminated = eliminate(obligation)
        asked = eliminated.obligation if eliminated.exact else obligation
        text = self.printer.script((*known(asked), Not(obligation.goal))).text
        if not satisfies(point, Context(text, self._reader).facts):
            raise Wrong
        return Answered(eliminated.obligation, None, point=point)

    def _key_of(self, group: Group) -> str:
        return _digest("answers", str(self.effort), group.script.text, *group.asked)

    def _strategy(self) -> str:
        if not self._said:
            self._said = _meaning(self.vault.strategy)
        return self._said

    def _key_of_round(self, obligation: Obligation) -> str:
        """Of a round more than the question matters: the prices and decimals that it is told in, and the claim."""
        asked = self.printer.script((*known(obligation), Not(obligation.goal))).text
        return _digest("round", str(self.effort), asked, obligation.id, self._strategy())


# ── what is kept ───────────────────────────────────────────────────────────────────────────


def _digest(*texts: str) -> str:
    """Names a list of texts, and no other list."""
    return sha256("".join(f"{len(text)}:{text}" for text in texts).encode()).hexdigest()


def _meaning(value: object) -> str:
    """A tree as text, without the places where it stands: comments and spaces may change."""
    inner = parts(value)
    if not inner:
        return repr(value)
    return f"{type(value).__name__}({','.join(_meaning(one) for one in inner if not isinstance(one, Span))})"


def _kept(answered: Answered) -> _Found | None:
    """What is kept of an answer, if anything."""
    if isinstance(answered.evidence, Derivation):
        return _Found(proof=list(_steps(answered.evidence.proof)))
    if answered.point is not None:
        return _Found(point={name: str(value) for name, value in answered.point.items()})
    return _Found(nothing=_Nothing(answered.gave_up)) if answered.evidence is None else None


def _steps(proof: dict[str, Any]) -> Iterator[_Step]:
    if "sum" in proof:
        yield _Step(None, 0, proof["sum"])
    else:
        yield _Step(proof["split"], len(proof["cases"]), [])
        for case in proof["cases"]:
            yield from _steps(case)


def _proof(steps: Iterator[_Step]) -> dict[str, Any]:
    step = next(steps, None)
    if step is None:
        raise Wrong
    if step.choice is None:
        return {"sum": step.terms}
    return {"split": step.choice, "cases": [_proof(steps) for _ in range(step.cases)]}


def _fraction(text: str) -> Fraction:
    if len(text) > LONGEST or not FRACTION.fullmatch(text):
        raise Wrong
    return Fraction(text)


def _whole(text: str) -> int:
    if len(text) > LONGEST or not text.isdecimal():
        raise Wrong
    return int(text)


def satisfies(point: dict[str, Fraction], facts: Iterable[Fact]) -> bool:
    """Whether all facts hold at the point, exactly. Raises KeyError for a variable that it says nothing of."""
    return all(_holds(fact, point) for fact in facts)


def _holds(formula: Formula, point: dict[str, Fraction]) -> bool:
    match formula:
        case Atom(relation, polynomial):
            value = sum((times * prod(point[name] for name in names) for names, times in polynomial.items()), ZERO)
            return value == 0 if relation == "=" else value > 0 if relation == ">" else value >= 0
        case All(conjuncts):
            return all(_holds(part, point) for part in conjuncts)
        case Any_(cases):
            return any(_holds(part, point) for part in cases)
