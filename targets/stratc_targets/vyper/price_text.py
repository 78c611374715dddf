"""Prices in the contract: read strictly, asked for, and how old they are. A ratio's other token comes before it."""

from __future__ import annotations

from collections.abc import Iterator

from stratc_compiler.vault import Vault
from stratc_dsl.strategy import RatioPrice, Token
from stratc_targets.vyper.layout import Doc, both
from stratc_targets.vyper.symbols import Symbols


def read_prices(vault: Vault, symbols: Symbols) -> list[str]:
    """A line for each token's price, each after those that it is told in."""
    tokens = sorted(vault.strategy.tokens, key=lambda token: len(_chain(token, vault)))
    return [f"s.{_field(token.name, symbols)} = {_price(token, symbols)}" for token in tokens]


def _price(token: Token, symbols: Symbols) -> str:
    feed = symbols.tokens[token.name].feed
    if isinstance(token.price, RatioPrice):
        return f"oracle.price_in({feed}, s.{_field(token.price.other, symbols)})"
    return f"oracle.price_of({feed})"


def _field(token: str, symbols: Symbols) -> str:
    return symbols.fields[f"price({token})"]


def prices_usable(vault: Vault, symbols: Symbols) -> Doc:
    """Whether every price could be read: those that others are told in are asked for with these."""
    told_in = {token.price.other for token in vault.strategy.tokens if isinstance(token.price, RatioPrice)}
    asked = [token for token in vault.strategy.tokens if token.name not in told_in]
    return both("oracle.sequencer_is_up()", *(f"{_or_none(token, vault, symbols)} != 0" for token in asked))


def unusable(name: str, vault: Vault, symbols: Symbols) -> str:
    """Whether one token's price could not be read."""
    token = vault.strategy.token(name)
    if not isinstance(token.price, RatioPrice):
        return f"not oracle.usable({symbols.tokens[name].feed})"
    return f"not (oracle.sequencer_is_up() and {_or_none(token, vault, symbols)} != 0)"


def _or_none(token: Token, vault: Vault, symbols: Symbols) -> str:
    feed = symbols.tokens[token.name].feed
    if isinstance(token.price, RatioPrice):
        other = _or_none(vault.strategy.token(token.price.other), vault, symbols)
        return f"oracle.price_in_or_none({feed}, {other})"
    return f"oracle.price_or_none({feed})"


def oldest_answer(name: str, vault: Vault, symbols: Symbols) -> str:
    """Seconds since the oldest answer that a token's price is made of."""
    first, *more = (f"oracle.age({symbols.tokens[one.name].feed})" for one in _chain(vault.strategy.token(name), vault))
    for age in more:
        first = f"max({first}, {age})"
    return first


def _chain(token: Token, vault: Vault) -> tuple[Token, ...]:
    """The token and, as long as prices are ratios, the one that it is told in."""
    return tuple(_told_in(token, vault))


def _told_in(token: Token, vault: Vault) -> Iterator[Token]:
    yield token
    while isinstance(token.price, RatioPrice):
        token = vault.strategy.token(token.price.other)
        yield token
