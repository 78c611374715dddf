"""Tokens to lines: which pieces a line holds, how deep it stands, and what separates one piece from the next.

Lines are the author's: none is broken, none is joined with another. Only the space between pieces is ours.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator

from lark import Token
from msgspec import Struct, field

from stratc_dsl.build_expression import span_of

INDENT = 4
BYTE_ORDER_MARK = "\ufeff"
WHITESPACE = " \t\r\f\n"
"""What the language skips between words. Anything else is kept, however blank it looks."""

_SKIPPED = re.compile(rf"(?P<COMMENT>#[^\n]*)|(?P<NEWLINE>\n)|(?P<BAD>[^#{WHITESPACE}]+)")
CLOSED_BY = {"RBRACE": "LBRACE", "RPAR": "LPAR", "RSQB": "LSQB"}
_ENDS_STATEMENT = frozenset({"COMMA", "SEMICOLON", "LBRACE", "RBRACE"})
_GLUED = frozenset({"COMMA", "LIMIT_COMMA", "SEMICOLON", "COLON", "RPAR", "RSQB", "DOT"})
"""No space stands before these."""

_GLUED_PAIRS = frozenset({("NAME", "LPAR"), ("LBRACE", "RBRACE")})
_SIGNS = frozenset({"PLUS", "MINUS"})
_OPERANDS = frozenset({"NAME", "NUMBER", "RATIO", "DURATION", "STRING", "RPAR", "RSQB", "NAV"})
"""What an operand can end with: a sign behind it is an operator."""


class Piece(Struct):
    """A token, a comment, a line end; BAD is text that could not be read, IMPLIED a `}` that is not there."""

    type: str
    text: str
    start: int
    end: int
    gap: str = ""  # the space before it
    level: int = 0  # how many brackets are open around it; a bracket stands outside of itself

    @property
    def width(self) -> int:
        return len(self.gap) + len(self.text)


class Opened(Struct, eq=False):
    """A bracket that is open; `block` is the type of the word that its statement begins with."""

    type: str
    block: str
    indent: int


class Line(Struct):
    """One line. `around` is the innermost bracket that is open where it begins."""

    pieces: list[Piece] = field(default_factory=list)
    comment: Piece | None = None
    indent: int = 0
    level: int = 0
    around: Opened | None = None
    whole: bool = False  # statements from beginning to end, and nothing else

    @property
    def blank(self) -> bool:
        return not self.pieces and self.comment is None

    @property
    def width(self) -> int:
        """Without the comment."""
        return self.indent + sum(piece.width for piece in self.pieces)


def lines_of(text: str, tokens: Iterable[Token]) -> list[Line]:
    """Every line of a text whose tokens were read, with the usual space between the pieces."""
    builder = _Builder(text)
    for piece in _pieces(text, tokens):
        builder.add(piece)
    builder.end_line()
    return builder.lines


def with_unix_line_ends(text: str) -> str:
    return re.sub(r"\r+\n", "\n", text)


# ── what the text holds, in order ──


def _pieces(text: str, tokens: Iterable[Token]) -> Iterator[Piece]:
    end = len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0
    for token in tokens:
        if token.type == "_NL":
            continue  # found again between the others, as those inside brackets are
        start, stop = _trimmed(text, span_of(token).start, span_of(token).end)
        yield from _between(text, end, start)
        yield from _of_token(token.type, text, start, stop)
        end = max(end, stop)
    yield from _between(text, end, len(text))


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without the whitespace at its ends, which only a span of text that could not be read has."""
    stop = start + len(text[start:end].rstrip(WHITESPACE))
    return stop - len(text[start:stop].lstrip(WHITESPACE)), stop


def _between(text: str, start: int, end: int) -> Iterator[Piece]:
    """What the parser was not told. That nothing but comments and line ends is found here is not relied upon."""
    for match in _SKIPPED.finditer(text, start, end):
        written = match.group().rstrip(WHITESPACE) if match.lastgroup == "COMMENT" else match.group()
        yield Piece(match.lastgroup or "", written, match.start(), match.start() + len(written))


def _of_token(type: str, text: str, start: int, end: int) -> Iterator[Piece]:
    if type in ("COMMA_MIN", "COMMA_MAX"):  # two pieces: a column can begin behind the comma, which ends no statement
        word = end - len("min")
        yield Piece("LIMIT_COMMA", ",", start, start + 1)
        yield Piece(type, text[word:end], word, end)
    elif type == "BAD":
        # Line ends are one kind in the whole file: half of them would be worse than either.
        yield Piece(type, with_unix_line_ends(text[start:end]), start, end)
    else:
        yield Piece(type, text[start:end], start, end)


# ── lines, and how deep they stand ──


class _Builder:
    """Takes the pieces of a text one by one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines: list[Line] = []
        self.open: list[Opened] = []
        self.statement: deque[Piece] = deque(maxlen=2)  # the newest pieces of the statement, over its line ends too
        self.head = ""  # the type of the word that the statement begins with; empty between statements
        self.line = Line(whole=True)
        self.quotients: list[int] = []  # where the line has a `/` inside brackets

    def add(self, piece: Piece) -> None:
        match piece.type:
            case "NEWLINE":
                self.end_line()
            case "COMMENT":
                self._add_comment(piece)
            case "IMPLIED":
                self._close("RBRACE")
                if self.line.blank:
                    self.line = self._new_line()
            case _:
                self._add_code(piece)

    def end_line(self) -> None:
        self._tighten_pairs()
        self.line.whole &= len(self.open) == self.line.level
        self.lines.append(self.line)
        if not self._in_brackets():
            self._end_statement()
        self.line = self._new_line()

    def _new_line(self) -> Line:
        around = self.open[-1] if self.open else None
        indent = around.indent + INDENT if around else 0
        return Line([], None, indent, len(self.open), around, not self._in_brackets())

    def _in_brackets(self) -> bool:
        return bool(self.open) and self.open[-1].type != "LBRACE"

    def _end_statement(self) -> None:
        self.head = ""
        self.statement.clear()

    def _add_comment(self, piece: Piece) -> None:
        if self.line.pieces:
            last = self.line.pieces[-1]
            piece.gap = self.text[last.end : piece.start] if last.type == "BAD" else "  "
        self.line.comment = piece

    def _add_code(self, piece: Piece) -> None:
        if piece.type in CLOSED_BY:
            self._dedent(self._close(piece.type))
        piece.level = len(self.open)
        self.line.whole &= piece.level >= self.line.level
        self.head = self.head or piece.type
        if self.line.pieces:
            piece.gap = self._gap(self.line.pieces[-1], piece)
        self.line.pieces.append(piece)
        self.statement.append(piece)
        if piece.type in CLOSED_BY.values():
            self.open.append(Opened(piece.type, self.head, self.line.indent))
        if not self._in_brackets() and piece.type in _ENDS_STATEMENT:
            self._end_statement()

    def _close(self, type: str) -> Opened | None:
        """What a bracket closes, with all that was left open inside."""
        wanted = CLOSED_BY[type]
        if all(one.type != wanted for one in self.open):
            return None
        while (closed := self.open.pop()).type != wanted:
            pass
        return closed

    def _dedent(self, closed: Opened | None) -> None:
        """A line that begins with closing brackets stands where the line stands that opened them."""
        if closed and all(one.type in CLOSED_BY for one in self.line.pieces):
            self.line.indent = closed.indent

    # ── space ──

    def _gap(self, last: Piece, piece: Piece) -> str:
        before, after = last.type, piece.type
        if "BAD" in (before, after) or self._could_become_limit(last, piece):
            return self.text[last.end : piece.start]
        if "SLASH" in (before, after):
            if after == "SLASH" and self._in_brackets():
                self.quotients.append(len(self.line.pieces))
            return " "
        if after in _GLUED or before in ("LPAR", "LSQB", "DOT") or (before, after) in _GLUED_PAIRS:
            return ""
        if "EQUAL" in (before, after) and self._in_brackets():
            return ""
        return "" if before in _SIGNS and after not in _SIGNS and not self._has_left_operand() else " "

    def _could_become_limit(self, last: Piece, piece: Piece) -> bool:
        """`, min+1` begins another item, where `, min +1` is the limit of a share: no space may be put there."""
        item = [one.type for one in self.line.pieces[-2:]] == ["COMMA", "NAME"]
        return item and last.text in ("min", "max") and piece.type in _SIGNS

    def _has_left_operand(self) -> bool:
        """Whether the newest piece of the statement, a sign, follows an operand."""
        return len(self.statement) == 2 and self.statement[0].type in _OPERANDS

    def _tighten_pairs(self) -> None:
        """`WETH/USDC` inside brackets is a pair; between anything longer than names `/` divides."""
        types = ["", *(piece.type for piece in self.line.pieces), "", ""]
        for slash in self.quotients:
            left, far_left, right, far_right = types[slash], types[slash - 1], types[slash + 2], types[slash + 3]
            if left == right == "NAME" and far_left != "DOT" and far_right not in ("DOT", "LPAR"):
                for piece in self.line.pieces[slash : slash + 2]:
                    piece.gap = ""
        self.quotients.clear()
