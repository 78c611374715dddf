"""Everything that verdicts wait for, known from earlier or found out anew: each question once, in processes."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import closing

from stratc_compiler.claims import ClaimSpec
from stratc_compiler.consistency import Wanted, keep
from stratc_compiler.questions import Answered, Group, Questions, Task
from stratc_compiler.recall import Past
from stratc_compiler.verdict import ObligationResult, Query
from stratc_dsl.record import Record


class Progress(Record):
    """How much is known: of so many claims, and of so many obligations."""

    claims: int
    all_claims: int
    obligations: int
    all_obligations: int


Told = Callable[[Progress], None]


def tell_nobody(progress: Progress) -> None:
    """Where nobody wants to be told of the progress."""


Refuted = Callable[[ClaimSpec, Sequence[Answered | None]], bool]
"""Whether a claim is refuted by what is known already, given the answers that are."""


def nothing_is_known(spec: ClaimSpec, answers: Sequence[Answered | None]) -> bool:
    """Where no rounds of earlier runs are asked for."""
    return False


Breaks = Callable[[ClaimSpec], bool]
"""Whether a round that is found at once breaks a claim, whatever else is found."""


def nothing_breaks(spec: ClaimSpec) -> bool:
    """Where every obligation is to be answered."""
    return False


def answer_all(
    specs: Iterable[ClaimSpec],
    past: Past,
    workers: int,
    told: Told = tell_nobody,
    witnesses: Sequence[Wanted] = (),
    refuted: Refuted = nothing_is_known,
    breaks: Breaks = nothing_breaks,
) -> tuple[list[list[Answered]], list[ObligationResult]]:
    """An answer to each obligation of each claim, and what was found of each witness that is wanted.

    Every distinct question is asked once. Each group of questions has solvers of its own, so the answers do not depend
    on `workers`. `told` is called again and again while they are looked for. What an earlier run has not found is not
    looked for again in claims that are `refuted` whatever is found. Nothing is looked for in a claim that `breaks`, of
    which something would have to be looked for: all its obligations are left without an answer.
    """
    specs = tuple(specs)
    questions = Questions(past.printer)
    asked = [[questions.add(obligation) for obligation in spec.obligations] for spec in specs]
    groups = questions.groups
    answers = {text: known for text, group in groups.items() if (known := past.answers(group)) is not None}
    lacking = [any(query.context not in answers for query in queries) for queries in asked]
    broken = [lacks and breaks(spec) for spec, lacks in zip(specs, lacking, strict=True)]
    if any(broken):
        # Those left ask less of the contexts that they share with these, and each context's answers are kept together.
        others = [spec for spec, gone in zip(specs, broken, strict=True) if not gone]
        left, witnessed = answer_all(others, past, workers, told, witnesses, refuted)
        rest = iter(left)
        return [_unanswered(spec) if gone else next(rest) for spec, gone in zip(specs, broken, strict=True)], witnessed
    for text in _baseless(zip(specs, asked, strict=True), _by_query(groups, answers), refuted):
        del answers[text]
    # The longest first: whoever has it is not waited for by those who are done.
    missing = sorted((text for text in groups if text not in answers), key=lambda text: -_size(groups[text]))
    seen: dict[int, ObligationResult] = {}

    def progress() -> Progress:
        return _progress(asked, answers, len(seen) == len(witnesses))

    if missing or witnesses:
        # Only here: whoever knows every answer waits for no solver to load. Before there are processes: it loads once.
        from stratc_compiler.prove import find
        from stratc_compiler.workers import found

        tasks: list[Wanted | Task] = [*witnesses, *(groups[text].task(past.effort) for text in missing)]
        with closing(found(find, tasks, workers, lambda: told(progress()))) as finding:
            for number, one in finding:
                if isinstance(one, ObligationResult):
                    seen[number] = keep(one, past)
                else:
                    text = missing[number - len(witnesses)]
                    past.keep(groups[text], one)
                    answers[text] = one
        told(progress())
    by_query = _by_query(groups, answers)
    answered = [[by_query[query] for query in queries] for queries in asked]
    return answered, [seen[number] for number in range(len(witnesses))]


def _unanswered(spec: ClaimSpec) -> list[Answered]:
    return [Answered(obligation, None) for obligation in spec.obligations]


def _by_query(groups: Mapping[str, Group], answers: Mapping[str, list[Answered]]) -> dict[Query, Answered]:
    return {
        Query(text, goal): one
        for text, found in answers.items()
        for goal, one in zip(groups[text].asked, found, strict=True)
    }


def _baseless(
    claims: Iterable[tuple[ClaimSpec, Sequence[Query]]], known: Mapping[Query, Answered], refuted: Refuted
) -> set[str]:
    """What is to be asked again, by its text: a claim that is not refuted without it depends on what nothing shows."""
    baseless: set[str] = set()
    for spec, queries in claims:
        believed = {query.context for query in queries if query in known and known[query].believed}
        if believed and not refuted(spec, [known.get(query) for query in queries]):
            baseless |= believed
    return baseless


def _size(group: Group) -> int:
    """How long it may take, roughly: what is known is looked through for every question."""
    return len(group.script.text) * len(group.asked)


def _progress(asked: list[list[Query]], answers: Container[str], consistent: bool) -> Progress:
    """`consistent` is a claim, too: known where all of its witnesses are."""
    known = [[query.context in answers for query in queries] for queries in asked]
    return Progress(sum(map(all, known)) + consistent, len(known) + 1, sum(map(sum, known)), sum(map(len, known)))
