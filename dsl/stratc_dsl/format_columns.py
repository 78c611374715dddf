"""Columns: what stands below each other in consecutive lines of one kind, as in a table."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby, pairwise

from stratc_dsl.format_lines import Line, Piece

_DECLARED = ("TOKEN", "SIGNAL")
_LABELLED = frozenset({"ALLOCATE", "HEDGE", "FEES", "ROLES", "EXIT", "TOKEN", "SIGNAL"})
_COMPARING = frozenset({"FLOORS", "LIMITS"})
_JUNCTIONS = frozenset({"AND", "OR", "NOT"})
_NUMBERS = frozenset({"NUMBER", "RATIO"})
_SEPARATORS = frozenset({"COMMA", "SEMICOLON"})
_SEVERAL = _SEPARATORS | {"LBRACE"}
_BRACKETS = frozenset({"LBRACE", "LPAR", "LSQB", "RBRACE", "RPAR", "RSQB"})
_NAMING = frozenset({"LPAR", "EQUAL", "COLON"})
"""What follows a name that says which column a value belongs to, unlike a name that is a value."""


def align(lines: list[Line]) -> None:
    """Widen gaps so that tables have columns. A blank line, or a line of another kind, ends a table."""
    for kind, table in _tables(lines):
        match kind:
            case "VENUE":
                _widen([(line.pieces, 2) for line in table])
            case "block":
                _widen([(line.pieces, 1) for line in table])
            case "TOKEN" | "SIGNAL":
                _align_cells([_fields(line.pieces) for line in table], 0)
            case "comparison":
                _widen([(line.pieces, _only(line, "RELATION")) for line in table])
            case _:
                _align_labels(table)


# ── which lines are a table ──


def _tables(lines: list[Line]) -> Iterator[tuple[str, list[Line]]]:
    code = (line for line in lines if line.pieces or line.blank)  # a comment between two rows does not part them
    for (kind, _), table in groupby(code, lambda line: (_kind(line), id(line.around))):
        if kind:
            yield kind, list(table)


def _kind(line: Line) -> str:
    """Which kind of table a line can be a row of; empty where of none."""
    types = [piece.type for piece in line.pieces]
    if types[:1] == ["VENUE"] and types[2:3] == ["EQUAL"]:
        return "VENUE"
    if not types or not line.whole or "BAD" in types:
        return ""
    if types[0] in _DECLARED and types[-1] == "RBRACE" and types.count("LBRACE") == 1:
        return types[0]
    if types[1:2] == ["LBRACE"] and types[-1] == "RBRACE" and types.count("LBRACE") == 1:
        return "block"
    if any(piece.level == line.level and piece.type in _SEVERAL for piece in line.pieces[:-1]):
        return ""
    block = line.around.block if line.around else ""
    if block in _COMPARING and _only(line, "RELATION") and _JUNCTIONS.isdisjoint(types):
        return "comparison"
    return "label" if block in _LABELLED and 0 < _only(line, "COLON") < len(types) - 1 else ""


def _only(line: Line, type: str) -> int:
    """The index of the one piece of that type outside of brackets; 0 where there is none, or another."""
    found = [index for index, piece in enumerate(line.pieces) if piece.type == type and piece.level == line.level]
    return found[0] if len(found) == 1 else 0


# ── columns ──


def _widen(rows: list[tuple[list[Piece], int]]) -> None:
    """Let the piece at the index begin in the same column in all rows, as the first pieces do."""
    _pad([(pieces[index], _width(pieces[:index])) for pieces, index in rows])


def _pad(ends: list[tuple[Piece, int]]) -> None:
    """Widen the space before each piece by what the text before it is shorter than the longest."""
    longest = max((width for _, width in ends), default=0)
    for piece, width in ends:
        piece.gap += " " * (longest - width)


def _width(pieces: list[Piece]) -> int:
    """From where the first piece begins to where the last one ends."""
    return sum(piece.width for piece in pieces) - (len(pieces[0].gap) if pieces else 0)


def _fields(pieces: list[Piece]) -> list[list[Piece]]:
    """A declaration on one line, cut before its brace and behind every separator."""
    cuts = [index for index, piece in enumerate(pieces) if piece.type == "LBRACE"]
    cuts += [index + 1 for index, piece in enumerate(pieces) if piece.type in _SEPARATORS]
    return [pieces[start:end] for start, end in pairwise([0, *cuts, len(pieces)])]


def _align_cells(rows: list[list[list[Piece]]], first: int) -> None:
    """Align cell after cell, as long as rows agree in what the cells are about. `first` begins in the same column."""
    pending = [(rows, first)]
    while pending:
        rows, index = pending.pop()
        alike = defaultdict(list)
        for row in rows:
            if index + 1 < len(row):
                alike[_subject(row[index])].append(row)
        for group in alike.values():
            _widen([([*row[index], row[index + 1][0]], len(row[index])) for row in group])
            pending.append((group, index + 1))


def _subject(cell: list[Piece]) -> tuple[str, ...]:
    """The brackets of a cell, and the names that say what its values are; not the values."""
    following = [piece.type for piece in cell[1:]] + [""]
    return tuple(
        piece.text
        for piece, after in zip(cell, following, strict=True)
        if piece.type in _BRACKETS or (piece.type == "NAME" and after in _NAMING)
    )


def _align_labels(table: list[Line]) -> None:
    values = [_only(line, "COLON") + 1 for line in table]
    _widen([(line.pieces, value) for line, value in zip(table, values, strict=True)])
    if table[0].around and table[0].around.block == "ALLOCATE":
        _align_shares([line.pieces[value:] for line, value in zip(table, values, strict=True)])


def _align_shares(rows: list[list[Piece]]) -> None:
    """Shares by their decimal points, then the bands, then the limits. What is no plain number takes no part."""
    plain = [(row, length) for row in rows if (length := _number_length(row))]
    starts = [(row[0], _width(row[: length - 1]) + _whole_digits(row[length - 1].text)) for row, length in plain]
    _pad(starts)
    longest = max((width for _, width in starts), default=0)
    # The points stand below each other now: a number ends as far behind its point as it is long.
    bands = [
        (row[length:], longest - lead + _width(row[:length]))
        for (row, length), (_, lead) in zip(plain, starts, strict=True)
        if len(row) > length and row[length].type == "TOLERANCE"
    ]
    _pad([(row[0], end) for row, end in bands])
    _align_cells([_limits(row) for row, _ in bands], 0)


def _whole_digits(number: str) -> int:
    """How many signs stand before the decimal point, or where it would be."""
    return len(re.split("[.%b]", number)[0])


def _number_length(row: list[Piece]) -> int:
    """How many pieces the number has that the row begins with; 0 where it begins otherwise."""
    types = [piece.type for piece in row[:2]]
    if types[:1] and types[0] in _NUMBERS:
        return 1
    return 2 if len(types) == 2 and types[0] in ("PLUS", "MINUS") and types[1] in _NUMBERS else 0


def _limits(pieces: list[Piece]) -> list[list[Piece]]:
    cuts = [index for index, piece in enumerate(pieces) if piece.type in ("COMMA_MIN", "COMMA_MAX")]
    return [pieces[start:end] for start, end in pairwise([0, *cuts, len(pieces)])]


# ── comments behind code ──


def align_comments(lines: list[Line], text: str) -> None:
    """Comments behind consecutive lines begin in one column, two spaces behind the longest of these lines.

    Where all of a file's stand in one column already, though not all on consecutive lines, that column is kept.
    """
    groups = list(_commented(lines))
    if not groups:
        return
    columns = [max(line.width for line, _ in group) + 2 for group in groups]
    written = {_column(comment, text) for group in groups for _, comment in group}
    common = written.pop() if len(written) == 1 and len(groups) > 1 else None
    if common is not None:
        columns = [max(common, *columns)] * len(columns)
    for group, column in zip(groups, columns, strict=True):
        for line, comment in group:
            comment.gap = " " * (column - line.width)


def _commented(lines: list[Line]) -> Iterator[list[tuple[Line, Piece]]]:
    for (commented, _), group in groupby(lines, lambda line: (_has_comment(line), line.level)):
        if commented:
            yield [(line, line.comment) for line in group if line.comment]


def _has_comment(line: Line) -> bool:
    """Whether there is a comment behind code of a known width."""
    return bool(line.pieces and line.comment) and all(piece.type != "BAD" for piece in line.pieces)


def _column(comment: Piece, text: str) -> int | None:
    """Where a comment stands in the text; nobody knows how wide a tab before it is."""
    before = text[text.rfind("\n", 0, comment.start) + 1 : comment.start]
    return None if "\t" in before else len(before)
