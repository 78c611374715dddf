"""The strategy's own words in the contract: comments and revert reasons, made safe to print."""

from __future__ import annotations

from pathlib import PurePath

from stratc_dsl.span import Source, Span


def plain(text: str) -> str:
    """The text in printable ASCII on one line; what is not becomes a question mark."""
    return "".join(char if " " <= char <= "~" else "?" for char in " ".join(text.split()))


def quoted(text: str) -> str:
    """The text as the inside of a Vyper string literal."""
    return plain(text).replace("\\", "\\\\").replace('"', '\\"')


def file_name(source: Source) -> str:
    """The source's name without its folder, so that output does not depend on where it was compiled."""
    return plain(PurePath(source.name).name)


def place(span: Span, source: Source, text: str) -> str:
    """`eth_carry.strat:34  health(aave) >= 1.35`."""
    file, start = source.file_at(span.start)
    return f"{file_name(file)}:{file.line_and_column(start)[0]}  {plain(text)}"
