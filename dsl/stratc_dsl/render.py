"""A diagnostic as text, plain or in colours: each source line once, every label under its place.

error[E0301]: cannot compare a value in USD and a ratio
  --> carry.strat:41:9
   |
41 |     when nav > 5% do freeze
   |          ---   ^^ a ratio
   |          |
   |          a value in USD
   |
   = help: a share of nav is written `5% of nav`

Labels in other files follow below a line `::: tokens.strat:3:7`, one for each file.
"""

from __future__ import annotations

from itertools import groupby
from unicodedata import combining, east_asian_width

from msgspec import Struct, field

from stratc_dsl.diagnostic import Diagnostic, Severity
from stratc_dsl.paint import Paint, Part, plain
from stratc_dsl.record import Record
from stratc_dsl.span import Source

MAX_WIDTH = 140
MAX_LABELS = 60


def render_diagnostic(diagnostic: Diagnostic, source: Source, paint: Paint = plain) -> str:
    """The diagnostic as text, ending in a newline. Any text can be printed, whatever the source holds."""
    pen = _Pen(paint, Part.ERROR if diagnostic.severity is Severity.ERROR else Part.WARNING)
    excerpts = _excerpts(diagnostic, source)
    gutter = " " * len(str(max(number for excerpt in excerpts for number in excerpt.marks)))
    bar = pen.frame(f"{gutter} |")
    severity = paint(f"{diagnostic.severity.value}[{diagnostic.code}]", pen.primary)
    out = [severity + paint(f": {printable(diagnostic.message)}", Part.TITLE)]
    for arrow, excerpt in zip(("-->", *[":::"] * len(excerpts)), excerpts, strict=False):
        place = f"{printable(excerpt.file.name)}:{excerpt.line}:{excerpt.column}"
        out.append(f"{pen.frame(gutter + arrow)} {place}")
        out += [bar, *_excerpt_rows(excerpt, gutter, pen), bar]
    if diagnostic.help:
        out.append(f"{pen.frame(f'{gutter} =')} {paint('help:', Part.HELP)} {printable(diagnostic.help)}")
    return "\n".join(out) + "\n"


class _Pen(Record):
    """How to paint what belongs to the primary label, and the rest."""

    paint: Paint
    primary: Part

    def frame(self, text: str) -> str:
        return self.paint(text, Part.FRAME)

    def mark(self, text: str, sign: str) -> str:
        """An underline of that sign, its stroke or its words."""
        return self.paint(text, self.primary if sign == "^" else Part.THERE)


Mark = tuple[int, int, str, str]  # from, to (columns in the source line), sign, words


class _Excerpt(Struct):
    """What to draw of one file: the place of its first label, and the marks under each line."""

    file: Source
    line: int
    column: int
    marks: dict[int, list[Mark]] = field(default_factory=dict)


def _excerpts(diagnostic: Diagnostic, source: Source) -> list[_Excerpt]:
    """One for each file, that of the primary label first."""
    excerpts: dict[int, _Excerpt] = {}
    labels = [(diagnostic.primary, "^"), *((label, "-") for label in diagnostic.secondary[:MAX_LABELS])]
    for label, sign in labels:
        file, start = source.file_at(label.span.start)
        line, column = file.line_and_column(start)
        excerpt = excerpts.setdefault(label.span.start - start, _Excerpt(file, line, column))
        length = max(1, min(label.span.end - label.span.start, _line_end(file, start) - start))
        excerpt.marks.setdefault(line, []).append((column - 1, column - 1 + length, sign, printable(label.text)))
    return list(excerpts.values())


def _line_end(file: Source, start: int) -> int:
    end = file.text.find("\n", start)
    return end if end >= 0 else len(file.text)


def _excerpt_rows(excerpt: _Excerpt, gutter: str, pen: _Pen) -> list[str]:
    bar = pen.frame(f"{gutter} |")
    rows: list[str] = []
    previous = 0
    for number, labels in sorted(excerpt.marks.items()):
        if previous and number > previous + 1:
            rows.append(pen.frame(f"{gutter}..."))
        previous = number
        text, placed = _line(excerpt.file.line(number), labels)
        rows.append(f"{pen.frame(f'{number:>{len(gutter)}} |')} {text}".rstrip())
        rows += [f"{bar} {row}" for row in _rows(placed, pen)]
    return rows


def _line(text: str, marks: list[Mark]) -> tuple[str, list[Mark]]:
    """The line as it can be printed, clipped around its marks, and where they then stand, from the left."""
    first = max(0, min(mark[0] for mark in marks) - MAX_WIDTH // 2) if len(text) > MAX_WIDTH else 0
    last = first + MAX_WIDTH
    shown = [_shown(character) for character in text[first:last]]
    widths = [sum(_width(one) for one in piece) for piece in shown]
    before = "..." if first else ""
    after = "..." if len(text) > last else ""

    def column(index: int) -> int:
        inside = min(max(index - first, 0), len(widths))
        return len(before) + sum(widths[:inside]) + max(0, min(index, last) - first - inside)

    placed = sorted(
        {(column(start), max(column(end), column(start) + 1), sign, words) for start, end, sign, words in marks}
    )
    return before + "".join(shown) + after, placed


def _rows(marks: list[Mark], pen: _Pen) -> list[str]:
    """Underlines with the last label beside them, then one row for every other label, from the right to the left."""
    underline = [" "] * max(mark[1] for mark in marks)
    for start, end, sign, _ in sorted(marks, key=lambda mark: mark[2]):
        underline[start:end] = sign * (end - start)
    *others, last = marks
    drawn = "".join(pen.mark("".join(run), sign) for sign, run in groupby(underline))
    rows = [f"{drawn} {pen.mark(last[3], last[2])}".rstrip()]
    if others:
        rows.append(_stems(others, pen))
    for index in range(len(others) - 1, -1, -1):
        start, _, sign, words = others[index]
        left, stems = _stems_width(others[:index]), _stems(others[:index], pen)
        rows.append(f"{stems}{' ' * (start - left)}{pen.mark(words, sign)}".rstrip())
    return rows


def _stems(marks: list[Mark], pen: _Pen) -> str:
    """A stroke under the beginning of each; two that begin at one place share the stroke of the later."""
    signs = {start: sign for start, _, sign, _ in marks}
    return "".join(pen.mark("|", signs[column]) if column in signs else " " for column in range(_stems_width(marks)))


def _stems_width(marks: list[Mark]) -> int:
    return max((start + 1 for start, _, _, _ in marks), default=0)


def _shown(character: str) -> str:
    if character == "\t":
        return "    "
    if character == "\ufeff":
        return ""
    return character if character.isprintable() else ascii(character)[1:-1]


def _width(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def printable(text: str) -> str:
    """In one line, without what would move the cursor or colours of a terminal, and what no encoding can write."""
    return "".join(_shown(character) for character in text)
