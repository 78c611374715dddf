"""What the gate found as Markdown for a comment on a pull request. Nothing of a strategy is taken for Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stratc.compared import counts
from stratc.gate.judged import Judged
from stratc.gate.revision import State
from stratc.gate.text import WORDS
from stratc.render import verification_text
from stratc.status import Status
from stratc_compiler.change import Direction
from stratc_compiler.verdict import Proved

MARK = "<!-- stratc gate -->"
"""First in the text: whoever posts it again finds the comment of last time by it."""

LONGEST = 60_000
"""Characters. GitHub takes 65,536 in a comment."""

_JOINER = "&#8288;"
"""Takes no room, and parts no line."""

_SIGNS = {Direction.WEAKER: "❌ weaker", Direction.STRONGER: "✅ stronger", Direction.NEITHER: "neither"}
_VERDICTS = {"proved": "✅ proved", "refuted": "❌ refuted", "unknown": "❔ unknown"}


def markdown(judged: Sequence[Judged], base: str | None, status: Status, left_out: Sequence[str] = ()) -> str:
    """The comment, with a line end, short enough to be posted: a longer one ends at a line and says so."""
    lines = [MARK, f"### stratc gate: {WORDS[status]}", ""]
    since = f" since {code(base)}" if base is not None else ""
    lines += [f"{_count(judged)}{since}." if judged else f"No strategy changed{since}.", ""]
    if left_out:
        files = f"{len(left_out)} {'file' if len(left_out) == 1 else 'files'}"
        lines += [f"<details><summary>Not judged, by --exclude: {files}</summary>", ""]
        lines += [*(f"- {code(file)}" for file in left_out), "", "</details>", ""]
    for one in judged:
        lines += _file(one)
    return _shortened("\n".join(lines).rstrip("\n") + "\n")


def _count(judged: Sequence[Judged]) -> str:
    passing = sum(one.status is Status.PROVED for one in judged)
    return (
        f"{passing} of {len(judged)} {'file' if len(judged) == 1 else 'files'} {'passes' if passing == 1 else 'pass'}"
    )


def _file(judged: Judged) -> Iterator[str]:
    state = "" if judged.chosen.state is State.GIVEN else f" ({judged.chosen.state.value})"
    yield from (f"#### {code(judged.file)}{state}: {WORDS[judged.status]}", "")
    for note in judged.notes:
        yield from (f"> {escaped(note)}", "")
    for problem in (*judged.report.problems, *judged.chosen.problems):
        yield from _block(problem.text)
    yield from _claims(judged)
    yield from _changes(judged)
    for one in judged.audits:
        said = "accepted" if one.why is None else f"**{escaped(one.why)}**"
        yield from (f"Certificate {code(one.certificate)} of {code(one.strategy)}: {said}.", "")


def _claims(judged: Judged) -> Iterator[str]:
    for result in judged.report.results:
        verification = result.verification
        yield from (f"| {code(verification.vault.strategy.name)} | claim |", "| --- | --- |")
        for claim in verification.claims:
            word = _VERDICTS[type(claim.verdict).__name__.lower()]
            yield f"| {word} | {code(claim.name)}: {escaped(claim.text)} |"
        yield ""
        if not all(isinstance(claim.verdict, Proved) for claim in verification.claims):
            yield from ("<details><summary>How it breaks</summary>", "")
            yield from _block(verification_text(verification, result.seconds))
            yield from ("</details>", "")


def _changes(judged: Judged) -> Iterator[str]:
    for one in judged.compared:
        if not one.all_changes:
            yield from (f"{code(one.name)} says the same as before.", "")
            continue
        yield from (f"{code(one.name)}: {counts(one.all_changes)}", "")
        yield from ("| | what | change | why |", "| --- | --- | --- | --- |")
        for change in one.all_changes:
            passes = change.direction is Direction.WEAKER and not judged.fails(change, one)
            sign = "weaker, allowed" if passes else _SIGNS[change.direction]
            yield f"| {sign} | {change.subject.value} | {_quoted(change.text)} | {escaped(change.why)} |"
        yield ""


def _quoted(text: str) -> str:
    """A change's text, in which the words of the strategy stand between backquotes already."""
    parts = enumerate(text.split("`"))
    return " ".join(shown for number, part in parts if (shown := code(part) if number % 2 else escaped(part)))


def code(text: str) -> str:
    """As code in a line or a cell of a table, whatever the text holds."""
    text = " ".join(text.split())
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}".replace("|", "\\|")


def escaped(text: str) -> str:
    """As plain words: no sign in it means anything, no name calls anybody, no number is an issue.

    GitHub looks for `@name`, `#1` and `GH-1` when all signs are resolved already, so something invisible parts them.
    """
    text = re.sub(r"([\\`*_{}\[\]()#+!|~>-])", r"\\\1", " ".join(text.split()).replace("&", "&amp;"))
    text = text.replace("<", "&lt;").replace("@", f"@{_JOINER}").replace("\\#", f"\\#{_JOINER}")
    return re.sub(r"(?i)\b(gh\\-)(?=\d)", rf"\1{_JOINER}", text)


def _block(text: str) -> list[str]:
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return [f"{fence}text", text.rstrip("\n"), fence, ""]


def _shortened(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    kept = text[:LONGEST].rpartition("\n")[0]
    fences = re.findall(r"^(`{3,})(?:text)?$", kept, re.MULTILINE)
    closing = f"\n{fences[-1]}" if len(fences) % 2 else ""
    details = "\n\n</details>" if kept.count("<details>") > kept.count("</details>") else ""
    rest = "The rest is left out, for want of room: `stratc gate` prints everything."
    return f"{kept}{closing}{details}\n\n{rest}\n"
