"""Code lenses: the verdicts of the last verification, at the strategies and at the claims they are about."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from stratc.lsp.verification import Claim, Judged, Outcome
from stratc_dsl.outline import Declaration, Outline, outline
from stratc_dsl.record import Record
from stratc_dsl.span import Source, Span

VERIFY = "stratc.verify"
SCENARIO = "stratc.scenario"

SIGNS = {"proved": "✓", "refuted": "✗", "unknown": "?"}


class Lens(Record):
    """`refuted` is the strategy and the claim of which there is a scenario to show."""

    span: Span
    title: str
    refuted: tuple[str, str] | None = None


def lenses(now: Outline, program: Source, outcome: Outcome | None, running: Source | None) -> list[Lens]:
    """What to show at which places of the text as it is now, however old the verdicts are.

    `program` is that text with the files that it uses: verdicts are old as well when one of those has changed.
    """
    strategies = [one for one in now.declarations if one.kind == "strategy"]
    if running is not None:
        older = "" if running == program else " an older text"
        return [Lens(one.span, f"verifying{older} ...") for one in strategies]
    if outcome is None:
        return [Lens(one.span, "verify now") for one in strategies]
    age = "" if outcome.source == program else " (of an older text)"
    if outcome.problems:
        return [Lens(one.span, f"not verified: {outcome.problems[0]}{age}") for one in strategies]
    then = outline(outcome.source)
    judged = {one.name: one for one in outcome.strategies}
    return [
        lens
        for one in strategies
        if one.name in judged
        for lens in (
            Lens(one.span, _summary(judged[one.name]) + age, _refuted(judged[one.name])),
            *_of_claims(now, then, one, judged[one.name], age),
        )
    ]


def _summary(judged: Judged) -> str:
    count = len(judged.claims)
    for verdict in ("refuted", "unknown"):
        found = [claim.name for claim in judged.claims if claim.verdict == verdict]
        if found:
            return f"{SIGNS[verdict]} {verdict}: {', '.join(found)} ({len(found)} of {count} claims)"
    return f"{SIGNS['proved']} proved: all {count} claims, {judged.seconds:.1f} s"


def _refuted(judged: Judged) -> tuple[str, str] | None:
    return next(((judged.name, claim.name) for claim in judged.claims if claim.verdict == "refuted"), None)


def _of_claims(now: Outline, then: Outline, strategy: Declaration, judged: Judged, age: str) -> Iterator[Lens]:
    """The claims that are still written as they were when they were judged."""
    written = dict(_statements(now, strategy.whole.start))
    for claim in judged.claims:
        text = _statement_at(then, claim.start) if claim.start is not None else None
        if text in written:
            refuted = (judged.name, claim.name) if claim.verdict == "refuted" else None
            yield Lens(written[text], _said(claim) + age, refuted)


def _said(claim: Claim) -> str:
    return f"{SIGNS[claim.verdict]} {claim.verdict}" + (f": {claim.why}" if claim.why else "")


def _statements(now: Outline, strategy: int) -> Iterator[tuple[str, Span]]:
    """The statements of a strategy's `prove` blocks by their words."""
    for index, word in enumerate(now.words):
        if word.statement == index and word.block.word == "prove" and word.block.strategy == strategy:
            yield _words(now, index), word.span


def _statement_at(then: Outline, start: int) -> str | None:
    first = next((index for index, word in enumerate(then.words) if word.span.start == start), None)
    return _words(then, then.words[first].statement) if first is not None else None


def _words(text: Outline, first: int) -> str:
    return " ".join(word.text for word in text.statement_of(text.words[first]) if word.text not in (",", ";"))


def scenario_text(outcome: Outcome, strategy: str, claim: str) -> str | None:
    """How a claim breaks, as lines for people."""
    for judged in outcome.strategies:
        for one in judged.claims:
            if (judged.name, one.name) == (strategy, claim):
                lines = [f"{one.name}: {one.verdict}, {one.why}", *(f"{label}: {text}" for label, text in one.scenario)]
                return "\n".join([*lines, f"help: {one.help}"] if one.help else lines)
    return None


def to_protocol(lens: Lens, uri: str, range_: types.Range) -> types.CodeLens:
    """A refutation shows its scenario when clicked, everything else verifies again."""
    if lens.refuted is not None:
        return types.CodeLens(range_, types.Command(lens.title, SCENARIO, arguments=[uri, *lens.refuted]))
    return types.CodeLens(range_, types.Command(lens.title, VERIFY, arguments=[uri]))
