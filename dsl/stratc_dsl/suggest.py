"""What could be written at a place, also in a text that does not parse.

Only the statement up to the place is read by the grammar, inside the headers of the blocks around it: so no mistake
elsewhere in the text is in the way. Names come from all of the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from stratc_dsl import manual
from stratc_dsl.adapters import ADAPTERS, Risks
from stratc_dsl.navigate import Library
from stratc_dsl.outline import Block, Role, Word
from stratc_dsl.parse import expected, keyword_of
from stratc_dsl.record import Record


class Suggestion(Record):
    """`kind` says what the text names; `call` that parentheses belong behind it, `form` how all of it is written."""

    text: str
    kind: str
    form: str = ""
    meaning: str = ""
    call: bool = False


def suggestions(library: Library, offset: int) -> tuple[Suggestion, ...]:
    """What could stand at an offset, most telling first; the word that is begun there counts for nothing."""
    start = _word_start(library.main.source.text, offset)
    inside = library.main.word_at(offset)
    if inside and inside.role is Role.COMMENT and inside.span.start < offset:
        return ()
    if inside and inside.role is Role.TEXT and inside.span.start < offset < inside.span.end:
        return ()
    place = _Place(library, library.main.block_at(start), tuple(_before(library, start)), start)
    terminals = expected(place.beginning())
    names = list(place.names()) if "NAME" in terminals else []
    opener = place.opener()
    called = opener is not None and opener > 0 and place.before[opener - 1].role is not Role.SIGN
    words = [] if called else sorted(word for word in map(keyword_of, terminals) if word)
    return (*names, *(_described(word, "keyword", manual.KEYWORDS) for word in words))


def _word_start(text: str, offset: int) -> int:
    while offset and (text[offset - 1].isalnum() or text[offset - 1] == "_"):
        offset -= 1
    return offset


def _before(library: Library, start: int) -> Iterator[Word]:
    """The words of the statement that goes on at `start`."""
    text = library.main.source.text
    words = [one for one in library.main.words if one.span.end <= start and one.role is not Role.COMMENT]
    if not words or words[-1].text in ("{", "}", ";"):
        return
    last = words[-1]
    if not last.depth and (last.text == "," or "\n" in text[last.span.end : start]):
        return
    yield from (one for one in words if one.statement == last.statement)


def _described(word: str, kind: str, table: dict[str, manual.Entry]) -> Suggestion:
    entry = table.get(word)
    return Suggestion(word, kind, entry.form, entry.meaning, "(" in entry.form) if entry else Suggestion(word, kind)


class _Place(Record):
    library: Library
    block: Block
    before: Sequence[Word]
    start: int

    def beginning(self) -> str:
        """The statement up to the place with the headers of the blocks that it stands in."""
        headers: list[str] = []
        block: Block | None = self.block
        while block is not None and block.word:
            headers.insert(0, f"{block.word} {block.name or 'x'} {{\n" if block.name else f"{block.word} {{\n")
            block = block.parent
        begun = self.library.main.source.text[self.before[0].span.start : self.start] if self.before else ""
        return "".join(headers) + begun

    def names(self) -> Iterator[Suggestion]:
        head = self.before[0].text if self.before else ""
        last = self.before[-1].text if self.before else ""
        opener = self.opener()
        if last == ".":
            yield from self._kinds()
        elif opener is not None:
            yield from self._inside(opener, head, last)
        elif not self.before:
            yield from self._first()
        elif last == "=" and head == "venue":
            yield from _all(manual.ADAPTERS, "adapter")
        elif last == ":" and self.block.word == "token":
            yield from _all(manual.SOURCES, "source")
        elif self.before[-1].role is Role.NUMBER and last[-1].isdigit():
            yield from (*self._declared("token"), Suggestion("USD", "token", meaning="a value in USD"))
        elif last == "base":
            yield from self._declared("token")
        elif last in ("deleverage", "harvest", "of"):
            yield from self._declared("venue")
        elif last in ("top_up", "unwind", "using"):
            yield from self._positions()
        elif head not in ("venue", "token", "strategy", "signal", "invariant") or last == ":":
            yield from _all(manual.QUANTITIES, "quantity")

    def opener(self) -> int | None:
        """The innermost bracket of the statement that is open at the place."""
        closed = 0
        for index in range(len(self.before) - 1, -1, -1):
            sign = self.before[index].text
            if sign in (")", "]"):
                closed += 1
            elif sign in ("(", "["):
                if not closed:
                    return index
                closed -= 1
        return None

    def _first(self) -> Iterator[Suggestion]:
        match self.block.word:
            case "token":
                yield from (_described(word, "field", manual.FIELDS) for word in ("decimals", "price"))
            case "exit":
                yield _described("order", "field", manual.FIELDS)
            case "assume":
                yield from _all(manual.ASSUMPTIONS, "assumption")
            case "prove":
                yield from _all(manual.CLAIMS, "claim")
            case "allocate":
                yield from self._positions()
            case "floors" | "hedge" | "limits":
                yield from _all(manual.QUANTITIES, "quantity")
            case _:
                return

    def _inside(self, opener: int, head: str, last: str) -> Iterator[Suggestion]:
        callee = self.before[opener - 1] if opener else None
        if self.before[opener].text == "[" or last == "=":
            in_order = self.block.word == "exit"
            yield from (
                self._positions() if "from" in _texts(self.before) else self._declared("venue" if in_order else "token")
            )
        elif callee is None or callee.role is Role.MEMBER:
            yield from self._declared("token")
        elif callee.role is Role.CALLEE:
            yield from self._arguments_of_callee(callee.text)
        elif head == "venue":
            yield from _arguments(_risks(self.before[3].text if len(self.before) > 3 else ""))
        else:
            yield from self._argument_of(callee)

    def _arguments_of_callee(self, callee: str) -> Iterator[Suggestion]:
        if callee in ADAPTERS:
            yield from _arguments(one.name for one in ADAPTERS[callee].parameters)
            yield from self._declared("token")
        elif callee == "chainlink":
            yield from _arguments(("heartbeat", "deviation"))
        else:
            yield from self._declared("token")

    def _argument_of(self, callee: Word) -> Iterator[Suggestion]:
        """What a quantity, an assumption or a claim speaks of, by the form in which the manual writes it."""
        tables = {"assume": manual.ASSUMPTIONS, "prove": manual.CLAIMS}
        table = tables.get(self.block.word, {}) if callee.role is Role.SUBJECT else manual.QUANTITIES
        form = table[callee.text].form if callee.text in table else ""
        if "(v)" in form or callee.text == "flash":
            yield from self._declared("venue")
        elif "(p)" in form or "(v." in form:
            yield from self._positions()
        elif "(T" in form:
            yield from self._declared("token")
        elif "(price(T))" in form:
            yield _described("price", "quantity", manual.QUANTITIES)
        elif callee.text == "signal":
            yield from self._declared("signal")
        else:
            yield from (*self._declared("token"), *self._declared("venue"))

    def _declared(self, kind: str) -> Iterator[Suggestion]:
        for found in self.library.visible(self.block.strategy):
            if found.declaration.kind == kind:
                yield Suggestion(found.declaration.name, kind, " ".join(found.text.split()))

    def _positions(self) -> Iterator[Suggestion]:
        yield from self._declared("venue")
        yield _described("idle", "quantity", manual.QUANTITIES)

    def _kinds(self) -> Iterator[Suggestion]:
        found = self.library.declaration(self.before[-2]) if len(self.before) > 1 else None
        for kind in manual.KINDS_OF.get(found.adapter or "", ()) if found else manual.KINDS:
            yield _described(kind, "kind", manual.KINDS)


def _texts(words: Iterable[Word]) -> set[str]:
    return {word.text for word in words}


def _all(table: dict[str, manual.Entry], kind: str) -> Iterator[Suggestion]:
    return (_described(word, kind, table) for word in table)


def _risks(adapter: str) -> tuple[str, ...]:
    """The risk parameters that a collateral of an adapter takes."""
    parameters = ADAPTERS[adapter].parameters if adapter in ADAPTERS else ()
    return next((one.takes.names for one in parameters if isinstance(one.takes, Risks)), ())


def _arguments(names: Iterable[str]) -> Iterator[Suggestion]:
    for name in names:
        entry = manual.FIELDS.get(name)
        yield Suggestion(f"{name}=", "argument", entry.form if entry else "", entry.meaning if entry else "")
