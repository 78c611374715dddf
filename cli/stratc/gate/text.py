"""What the gate found, for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stratc.compared import counts
from stratc.diff import change_text
from stratc.gate.certificates import Audit
from stratc.gate.judged import Judged
from stratc.gate.revision import State
from stratc.render import verification_text
from stratc.status import Status
from stratc_dsl.paint import Paint, Part, plain
from stratc_dsl.render import printable

WORDS = {
    Status.PROVED: "passes",
    Status.REFUTED: "fails",
    Status.BAD_INPUT: "cannot be judged",
    Status.UNKNOWN: "is not decided",
}


def judged_text(judged: Judged, paint: Paint = plain) -> str:
    """Verdicts, changes, certificates, and notes of one file, under a line that names it."""
    state = "" if judged.chosen.state is State.GIVEN else f"  {judged.chosen.state.value}"
    name = printable(judged.file)
    # GitHub takes a line that begins with `::` for a command.
    lines = [paint(f"{'./' if name.startswith('::') else ''}{name}{state}", Part.TITLE)]
    lines += [f"  note: {printable(note)}" for note in judged.notes]
    for one in judged.report.results:
        lines += [verification_text(one.verification, one.seconds, paint), ""]
    lines += _changes(judged, paint)
    lines += [_audit(one, paint) for one in judged.audits]
    return "\n".join(lines).rstrip("\n")


def _changes(judged: Judged, paint: Paint) -> Iterator[str]:
    for one in judged.compared:
        yield paint(f"{one.name}  since {printable(judged.base or '')}: {counts(one.all_changes)}", Part.TITLE)
        for change in one.all_changes:
            yield change_text(change, paint)


def _audit(one: Audit, paint: Paint) -> str:
    name = printable(f"{one.certificate}: {one.strategy}")
    if one.why is None:
        said = f"{one.derivations} proofs checked, {one.witnesses} witnesses replayed"
        return f"  {paint('audited ', Part.GOOD)} {name}, {said}"
    word = paint("unproved" if one.status is Status.UNKNOWN else "rejected", Part.ERROR)
    return f"  {word} {name}, {printable(one.why)}"


def left_out_text(files: Sequence[str]) -> str:
    """Every strategy that `--exclude` leaves out, so that nothing is left out unseen."""
    return "\n".join(["not judged, by --exclude:", *(f"  {printable(file)}" for file in files)])


def summary(judged: Sequence[Judged], base: str | None, status: Status) -> str:
    """One line: what passes and what does not, and why not."""
    since = f" since {printable(base)}" if base is not None else ""
    if not judged:
        return f"gate: no strategy changed{since}"
    count = len(judged)
    said = f"gate: {count} {'file' if count == 1 else 'files'}{since}: {WORDS[status]}"
    wrong = [f"{printable(one.file)} {WORDS[one.status]}" for one in judged if one.status is not Status.PROVED]
    return f"{said}; {', '.join(wrong)}" if wrong and count > 1 else said
