"""What the editor shows about the word under the pointer."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl import manual
from stratc_dsl.build_expression import SCALES
from stratc_dsl.navigate import Found, Library
from stratc_dsl.outline import Role, Word
from stratc_dsl.strategy import Allocation, Strategy
from stratc_dsl.words import percent, plain


def hover_text(library: Library, word: Word, strategies: tuple[Strategy, ...]) -> str | None:
    """Markdown about a word, or None where there is nothing to say. `strategies` is empty while the text has errors."""
    match word.role:
        case Role.NUMBER:
            return _number(word)
        case Role.COMMENT | Role.SIGN | Role.TEXT:
            return None
        case Role.ARGUMENT | Role.FIELD:
            return _entry(manual.FIELDS.get(word.text))
        case Role.CALLEE:
            return _entry(manual.ADAPTERS.get(word.text) or manual.SOURCES.get(word.text))
        case Role.MEMBER:
            return _joined(_entry(manual.KINDS.get(word.text)), _target(library, word, strategies))
        case Role.SUBJECT:
            table = manual.CLAIMS if word.block.word == "prove" else manual.ASSUMPTIONS
            return _entry(table.get(word.text) or manual.QUANTITIES.get(word.text))
        case Role.KEYWORD:
            return _keyword(word)
        case Role.MENTION | Role.DECLARED:
            found = library.declaration(word)
            said = _declared(library, found) if found else _entry(manual.QUANTITIES.get(word.text))
            return _joined(said, _target(library, word, strategies))


def _keyword(word: Word) -> str | None:
    # `nav` and `health` are words of the grammar in `5% of nav` and `to health 1.8`, and quantities all the same.
    entry = manual.QUANTITIES.get(word.text) if word.text in ("nav", "health") else manual.KEYWORDS.get(word.text)
    return _entry(entry)


def _entry(entry: manual.Entry | None) -> str | None:
    if entry is None:
        return None
    return _joined(_text(entry.form, entry.meaning), f"*{entry.dimension}*" if entry.dimension else None)


def _text(form: str, meaning: str) -> str:
    return f"```strat\n{form}\n```\n{meaning[:1].upper()}{meaning[1:]}."


def _joined(*parts: str | None) -> str | None:
    return "\n\n".join(part for part in parts if part) or None


# ── names ──


def _declared(library: Library, found: Found) -> str:
    kind = found.declaration.kind
    if kind == "strategy":
        return _text(f"strategy {found.declaration.name}", manual.KEYWORDS["strategy"].meaning)
    lines = [f"```strat\n{found.text}\n```"]
    adapter = manual.ADAPTERS.get(found.adapter or "")
    if kind == "venue" and adapter:
        lines.append(f"A venue: {adapter.meaning}.")
    else:
        meaning = manual.KEYWORDS[kind].meaning
        lines.append(f"{meaning[:1].upper()}{meaning[1:]}.")
    if found.outline is not library.main:
        lines.append(f"Declared in `{found.outline.source.name}`.")
    return "\n\n".join(lines)


# ── positions ──


def _target(library: Library, word: Word, strategies: tuple[Strategy, ...]) -> str | None:
    """The target of the position that a word belongs to, where one is allocated under that name."""
    found = [
        allocation
        for strategy in strategies
        if strategy.span.start == word.block.strategy
        for allocation in strategy.allocations
        if str(allocation.position) == _position(library, word)
    ]
    return _allocation(found[0]) if found else None


def _position(library: Library, word: Word) -> str:
    """`aave.debt(USDC)`, whichever of its words is meant; the word alone where no such thing is around it."""
    words = library.main.statement_of(word)
    index = words.index(word)
    if index > 1 and words[index - 1].text == ".":
        index -= 2
    end = index + 1
    if end + 1 < len(words) and words[end].text == ".":
        end += 2
    if end + 2 < len(words) and words[end].text == "(" and words[end + 2].text == ")":
        end += 3
    return "".join(one.text for one in words[index:end])


def _allocation(allocation: Allocation) -> str:
    said = f"Target {percent(allocation.target)} of nav"
    if allocation.low is not None and allocation.high is not None:
        said += f", band {percent(allocation.low)} .. {percent(allocation.high)}"
    if allocation.minimum is not None:
        said += f", at least {percent(allocation.minimum)}"
    if allocation.maximum is not None:
        said += f", at most {percent(allocation.maximum)}"
    return said + "."


# ── constants ──


def _number(word: Word) -> str | None:
    """The exact value: constants are never floats."""
    digits = word.text.rstrip("%bpsmhdy")
    unit = word.text[len(digits) :]
    value = Fraction(digits.replace("_", "")) * SCALES.get(unit, Fraction(1))
    if unit in ("%", "bps"):
        return f"`{word.text}` is exactly {value}, a ratio."
    if unit:
        return f"`{word.text}` is {plain(value)} seconds."
    return None if value.denominator == 1 else f"`{word.text}` is exactly {value}."
