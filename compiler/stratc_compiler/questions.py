"""What obligations ask, as texts, each question once; and what is found out about one."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from msgspec import Struct, field

from stratc_compiler.effort import Effort
from stratc_compiler.expr import Formula, Not
from stratc_compiler.smtlib import Printer, Script
from stratc_compiler.verdict import Derivation, Obligation, Query, SolverSays
from stratc_dsl.record import Record


class Answered(Record):
    """What was found out about one obligation: evidence iff it is proved.

    Otherwise `linear` is the obligation without products of shocks, of which the solver has a model unless it gave up;
    `point` is that model where the obligation and `linear` are equivalent, so that it shows that there is no proof.
    `believed` is what an earlier run says that found neither, which nothing shows.
    """

    linear: Obligation | None
    evidence: Derivation | SolverSays | None
    gave_up: str | None = None
    point: dict[str, Fraction] | None = None
    believed: bool = False


def known(obligation: Obligation) -> tuple[Formula, ...]:
    return tuple(hypothesis.formula for hypothesis in obligation.hypotheses)


class Task(Record):
    """What several obligations know, as text, what each of them asks, and how much may be spent on it."""

    context: str
    asked: tuple[tuple[str, Obligation], ...]
    effort: Effort


class Group(Struct):
    """What several obligations know, as text, and what they ask of it: each question once, in order, by its text."""

    script: Script
    asked: dict[str, Obligation] = field(default_factory=dict)

    def task(self, effort: Effort) -> Task:
        return Task(self.script.text, tuple(self.asked.items()), effort)


class Questions(Struct):
    """What many obligations ask. Two of them ask the same where the texts are the same, whatever claims they serve."""

    printer: Printer = field(default_factory=Printer)
    groups: dict[str, Group] = field(default_factory=dict)
    _known: dict[int, tuple[Obligation, Group]] = field(default_factory=dict)

    def add(self, obligation: Obligation) -> Query:
        group = self._group(obligation)
        goal = self.printer.script((Not(obligation.goal),), group.script.names).text
        group.asked.setdefault(goal, obligation)
        return Query(group.script.text, goal)

    def _group(self, obligation: Obligation) -> Group:
        """Many obligations share what they know: it is known by its identity, and printed once."""
        key = id(obligation.hypotheses)
        if key not in self._known:
            script = self.printer.script(known(obligation))
            self._known[key] = obligation, self.groups.setdefault(script.text, Group(script))
        return self._known[key][1]


def tasks_of(obligations: Iterable[Obligation], effort: Effort) -> list[Task]:
    """What the obligations ask, in their order, those with the same hypotheses together."""
    questions = Questions()
    for obligation in obligations:
        questions.add(obligation)
    return [group.task(effort) for group in questions.groups.values()]
