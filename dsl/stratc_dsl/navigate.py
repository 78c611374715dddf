"""What a name in a text means: where it is declared, where it is used, and what is under the cursor."""

from __future__ import annotations

from collections.abc import Iterator

from stratc_dsl.outline import Declaration, Outline, Role, Word
from stratc_dsl.record import Record


class Found(Record):
    """A declaration and the text that it stands in."""

    outline: Outline
    declaration: Declaration

    @property
    def text(self) -> str:
        """The whole declaration as it is written."""
        return self.outline.source.text[self.declaration.whole.start : self.declaration.whole.end]

    @property
    def adapter(self) -> str | None:
        """The adapter of a venue."""
        whole = self.declaration.whole
        inside = (word for word in self.outline.words if whole.start <= word.span.start < whole.end)
        return next((word.text for word in inside if word.role is Role.CALLEE), None)


class Mention(Record):
    """One place where a declared name is written; `declares` tells the declaration itself from its uses."""

    outline: Outline
    word: Word
    declares: bool


class Library(Record):
    """A text with all texts that it uses, nearest first."""

    main: Outline
    used: tuple[Outline, ...] = ()

    def declaration(self, word: Word, outline: Outline | None = None) -> Found | None:
        """What the name of a word was declared as: in its strategy, else in its file, else in a file it uses.

        `outline` is the text of the word where that is not the main one.
        """
        home = outline or self.main
        if word.role not in (Role.MENTION, Role.DECLARED):
            return None
        strategy = word.block.strategy
        if word.role is Role.DECLARED:
            return next((Found(home, one) for one in home.named[word.text] if one.span == word.span), None)
        return next(self._called(word.text, home, strategy), None)

    def _called(self, name: str, home: Outline, strategy: int | None) -> Iterator[Found]:
        own = [one for one in home.named.get(name, ()) if one.kind != "strategy"]
        yield from (Found(home, one) for one in own if one.strategy == strategy)
        yield from (Found(home, one) for one in own if one.strategy is None)
        for other in self.used:
            if other is not home:
                shared = (one for one in other.named.get(name, ()) if one.kind != "strategy" and one.strategy is None)
                yield from (Found(other, one) for one in shared)

    def visible(self, strategy: int | None) -> list[Found]:
        """All that a statement of a strategy can name, each name once."""
        names = {one.name for outline in (self.main, *self.used) for one in outline.declarations}
        firsts = (next(self._called(name, self.main, strategy), None) for name in sorted(names))
        return [found for found in firsts if found is not None]

    def mentions(self, found: Found) -> list[Mention]:
        """Every place in all texts where the declared name is meant, in the order of each text."""
        return [
            Mention(outline, word, word.span == found.declaration.span and outline is found.outline)
            for outline in (self.main, *self.used)
            for word in outline.words
            if word.text == found.declaration.name and self.declaration(word, outline) == found
        ]
