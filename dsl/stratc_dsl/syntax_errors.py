"""What the parser could not read, told in words: which statement or sign could stand at that place."""

from __future__ import annotations

import re

from stratc_dsl.errors import MisplacedUse, NotClosed, NotOpened, Unexpected, UnexpectedCharacter, UnterminatedText
from stratc_dsl.errors.base import LanguageError, did_you_mean, listed
from stratc_dsl.span import Span

CLOSING = {"{": "}", "(": ")", "[": "]"}

# Sets of terminals that together begin one thing. The first that fits replaces its members, so larger sets go first.
GROUPS: tuple[tuple[str, frozenset[str]], ...] = (
    ("a block or declaration of the strategy", frozenset({"BASE", "ALLOCATE", "RULES"})),
    ("`strategy`", frozenset({"STRATEGY", "USE"})),
    ("a rule (`when ... do ...` or `every ... do ...`)", frozenset({"WHEN", "EVERY"})),
    ("an action", frozenset({"REBALANCE", "DELEVERAGE"})),
    ("an assumption", frozenset({"KEEPER", "NAME"})),
    ("a claim", frozenset({"SURVIVES", "NAME"})),
    ("a role", frozenset({"ANYONE", "NAME"})),
    ("`moves`, `stays` or `<=`", frozenset({"MOVES", "STAYS"})),
    ("an expression", frozenset({"NUMBER", "NAME", "LPAR"})),
    ("a constant", frozenset({"NUMBER", "RATIO"})),
)

# What a group brings with it: words that need no mention beside it.
IMPLIED = {
    "a block or declaration of the strategy": frozenset(
        {"BASE", "TOKEN", "VENUE", "ASSUME", "ALLOCATE", "HEDGE", "FLOORS", "RULES", "SIGNALS", "SIGNAL"}
        | {"ROLES", "LIMITS", "FEES", "EXIT", "PROVE"}
    ),
    "`strategy`": frozenset({"STRATEGY", "USE", "TOKEN", "VENUE", "ASSUME"}),
    "a rule (`when ... do ...` or `every ... do ...`)": frozenset({"WHEN", "EVERY"}),
    "an action": frozenset(
        {"REBALANCE", "REHEDGE", "DELEVERAGE", "HARVEST", "TOP_UP", "UNWIND", "FREEZE", "EXIT"},
    ),
    "an assumption": frozenset({"KEEPER", "NAME"}),
    "a claim": frozenset({"SURVIVES", "INVARIANT", "NAME"}),
    "a role": frozenset({"ANYONE", "NAME"}),
    "`moves`, `stays` or `<=`": frozenset({"MOVES", "STAYS", "IN", "OFF", "RELATION", "LPAR", "DOT"}),
    "an expression": frozenset(
        {"NUMBER", "RATIO", "DURATION", "NAME", "STRING", "LPAR", "LSQB", "PLUS", "MINUS", "NOT"},
    ),
    "a constant": frozenset({"NUMBER", "RATIO", "DURATION"}),
}

_COMMA_IN_NUMBER = re.compile(r"(?<=[0-9]),[0-9]")
_USE = re.compile(r'\buse[ \t]*"[^"\n]*"')

LINE_END = frozenset({"_NL", "SEMICOLON", "COMMA"})
OPERATORS = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "OF", "OUTSIDE", "AND", "OR"})

SIGNS = {
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LSQB": "`[`",
    "RSQB": "`]`",
    "COLON": "`:`",
    "COMMA": "`,`",
    "DOT": "`.`",
    "EQUAL": "`=`",
    "RANGE": "`..`",
    "RELATION": "a comparison (`<`, `<=`, `>=`, `>`)",
    "TOLERANCE": "`+-`",
    "COMMA_MIN": "`, min`",
    "COMMA_MAX": "`, max`",
    "NAME": "a name",
    "STRING": "a text in quotes",
    "STAR": "`*`",
    "SLASH": "`/`",
    "PLUS": "`+`",
    "MINUS": "`-`",
    "NUMBER": "a number",
    "$END": "the end of the file",
}

FOUND_HINTS = {
    "=": "`=` names an argument; compare with `<`, `<=`, `>=` or `>`",
    "\n": "finish the statement on this line; a line goes on only inside ( ) and [ ]",
    "": "the text ends too early: is something cut off?",
}

PASTED = {
    **dict.fromkeys("'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb", 'a text stands in plain double quotes, `"`'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "write the plain sign `-`"),
    **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", "write a plain space"),
    "\u2264": "write `<=`",
    "\u2265": "write `>=`",
    "\u00d7": "write `*`",
    "\u2026": "write `..`",
    "\u2030": "write `%` or `bps`",
}
"""What word processors and other languages put in the place of a sign of this one."""

EXPECTED_HINTS = {
    "`strategy`": "begin with `strategy NAME {`",
    "a block or declaration of the strategy": "a strategy holds `base`, `token`, `venue`, `assume`, `allocate`, "
    "`hedge`, `floors`, `rules`, `signals`, `roles`, `limits`, `fees`, `exit`, `prove`",
    "a rule (`when ... do ...` or `every ... do ...`)": "rules are what the keeper does, one on each line",
    "an action": "actions are `rebalance`, `rehedge`, `deleverage v to health x`, `harvest v`, `unwind p`, `freeze`, "
    "`exit` and `top_up p to margin_ratio(v) 80% from [p, p]`",
    "an assumption": "for example `keeper every 1h`, `price(T) moves -20% .. +20%`, `slippage(v) <= 0.3%`",
    "a claim": "claims are `solvent`, `safe(v)`, `loss <= r per round`, `exit >= r of nav`, `survives loss of v`, "
    "`invariant name: condition`",
    "`moves`, `stays` or `<=`": "for example `price(T) moves -20% .. +20%`, `price(T) stays 0.98 .. 1.02`",
    "the end of the line": "a statement ends with its line; inside braces a `,` or `;` may stand for the line end",
    "an expression": "for example a quantity such as `nav` or `health(v)`, or a number such as `5%`, `1h`, `100 USDC`",
    "`{`": "a block opens with `{` on the line of its name",
    "`..`": "write a range such as `-20% .. +20%`",
    "a name": "names are letters, digits and `_`",
}


INSTRUMENT = "say what is traded for it: `using perp.short(WETH)`, or a debt or holding in the token itself"

_HEDGE_USING = re.compile(r"\.\.[^\n]*\busing[ \t]*$")


def expected_words(accepted: frozenset[str], inside_brackets: bool) -> tuple[str, ...]:
    """What could stand at a place, from the terminals that the parser accepts there."""
    words: list[str] = []
    left = set(accepted) - {"BAD"}
    for words_of_group, members in GROUPS:
        if members <= left:
            words.append(words_of_group)
            left -= IMPLIED[words_of_group]
    if {"_NL", "SEMICOLON"} <= left:
        left -= LINE_END
        if not words:
            words.append("the end of the line")
    if words or left - OPERATORS:
        left -= OPERATORS | {"LPAR", "DOT"} if len(left - OPERATORS) > 1 or words else OPERATORS
    if inside_brackets:
        left -= {"RANGE", "RELATION", "EQUAL", "DOT", "LPAR"} if left & {"RPAR", "RSQB"} else set()
    words += sorted(SIGNS.get(terminal, f"`{terminal.lower()}`") for terminal in left)
    return tuple(words)


def unexpected(
    text: str, span: Span, accepted: frozenset[str], words: tuple[str, ...], opened: Span | None
) -> LanguageError:
    """The error for a token that cannot stand where it stands, or for the letter right behind it that is none here.

    `accepted` are the terminals that could, `words` the keywords among them, `opened` the innermost open bracket.
    """
    found = text[span.start : span.end]
    if found.isidentifier() and text[span.end : span.end + 1].isalpha():
        return unexpected_character(text, span.end, frozenset({"NAME"}))
    bracket = text[opened.start] if opened else ""
    expected = expected_words(accepted, bracket in ("(", "["))
    if opened and bracket == "{" and (use := _use_at(text, span)):
        return MisplacedUse(use, shown(text[use.start : use.end]).strip("`"), opened)
    if found in ("}", ")", "]") and CLOSING.get(bracket) != found and bracket in ("", "{"):
        return NotOpened(span, found)
    if opened and _is_unclosed(text, span, bracket):
        return NotClosed(span, listed(expected), shown(found), bracket, CLOSING[bracket], opened)
    far = opened if bracket in ("(", "[") and opened and "\n" in text[opened.start : span.start] else None
    cure = _of_another_language(text, span) or _of_hedge(text, span, accepted) or _cure(found, expected, words)
    return Unexpected(span, listed(expected), shown(found), cure, far)


def _use_at(text: str, span: Span) -> Span | None:
    """The `use "PATH"` that a token is part of."""
    line = text.rfind("\n", 0, span.start) + 1
    for match in _USE.finditer(text, line, text.find("\n", span.start) if "\n" in text[span.start :] else len(text)):
        if match.start() <= span.start < match.end():
            return Span(*match.span())
    return None


def _is_unclosed(text: str, span: Span, bracket: str) -> bool:
    """At the end of the file anything open is unclosed; a round or square bracket is where its line has ended."""
    found = text[span.start : span.end]
    if not found:
        return True
    begins_line = not text[text.rfind("\n", 0, span.start) + 1 : span.start].strip()
    return bracket in ("(", "[") and (begins_line or found in ("}", "{"))


def _of_another_language(text: str, span: Span) -> str | None:
    """What to write for a comma within a number, and for the comments of other languages."""
    if text.startswith(("//", "/*"), span.start):
        return "comments start with `#`"
    if _COMMA_IN_NUMBER.match(text, span.start if text[span.start : span.end] == "," else span.start - 1):
        return "a number has a decimal point, `0.5`, and `_` between thousands, `1_000`"
    return None


def _of_hedge(text: str, span: Span, accepted: frozenset[str]) -> str | None:
    """What to write behind the `using` of a hedge's range, which an instrument follows."""
    line = text.rfind("\n", 0, span.start) + 1
    after = "NAME" in accepted and text[span.start : span.end] == "\n" and _HEDGE_USING.search(text, line, span.start)
    return INSTRUMENT if after else None


def _cure(found: str, expected: tuple[str, ...], words: tuple[str, ...]) -> str:
    from difflib import get_close_matches  # here, as most texts have no syntax error

    near = get_close_matches(found, words, 1) if found.isidentifier() else []
    if near:
        return did_you_mean(near[0], "")
    if expected == ("`using`",):
        return INSTRUMENT
    if found in FOUND_HINTS and expected != ("`{`",):
        return FOUND_HINTS[found]
    hints = (EXPECTED_HINTS[one] for one in expected if one in EXPECTED_HINTS)
    return next(hints, f"write {listed(expected)} here")


def unexpected_character(text: str, offset: int, accepted: frozenset[str]) -> LanguageError:
    """The error for a character that begins no word or sign at all."""
    span = Span(offset, offset + 1)
    if text[offset] == '"':
        end = text.find("\n", offset)
        return UnterminatedText(Span(offset, end if end >= 0 else len(text)))
    no_letter = text[offset].isalpha() and "names are letters from a to z, digits and `_`"
    cure = PASTED.get(text[offset]) or no_letter or "remove it; comments start with `#`"
    return UnexpectedCharacter(span, shown(text[offset]), listed(expected_words(accepted, False)), cure)


def shown(found: str) -> str:
    """A piece of the text as it may stand in a message: short, and printable in ASCII."""
    if not found:
        return "the end of the file"
    if found == "\n":
        return "the end of the line"
    short = found if len(found) <= 40 else found[:37] + "..."
    return f"`{short if short.isprintable() and short.isascii() else ascii(short)[1:-1]}`"
