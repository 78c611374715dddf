"""Where the account's arithmetic cannot revert: bounds on what is read that suffice.

Amounts below 2^128 smallest units, prices from 1 to below 2^112 (in 10^-18 USD: five quadrillion dollars a token),
supply below 2^127 shares. Then every value stays below 2^235, total assets below 2^245.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from library_proofs.accounts import _triggers
from library_proofs.lemmas import PRODUCTS_KEEP_ORDER
from library_proofs.meaning import Meaning, Struct
from library_proofs.solver import prove
from library_proofs.terms import Term, both, unknown
from library_proofs.vaults import Subject

AMOUNT, PRICE, SUPPLY = 2**128, 2**112, 2**127
VALUE, TOTAL = 2**235, 2**245


def bounds(subject: Subject) -> None:
    """Within these bounds `_derive`, floors, bands and triggers do not revert, nor conversions within `shares`."""
    _derived(subject)
    for name in ("_floors_hold", "_in_band", *(f"_when_{rule}" for rule in _triggers(subject))):
        read = subject.function(name)
        values = _below("s", {subject.fields[one]: VALUE for one in subject.vault.definitions if one != "total_assets"})
        amounts = _below("s", _amounts(subject))
        prices = _priced(subject, "s")
        prove(f"{name}: within bounds", (*read.facts, *values, *amounts, *prices, *_hints(read)), read.computes)
    for name in ("_to_shares_down", "_to_shares_up", "_to_assets_down", "_to_assets_up"):
        read = subject.function(name)
        total = f"s.{subject.fields['total_assets']}"
        small = {total: AMOUNT, str(subject.supply.leaf): SUPPLY, "assets": AMOUNT, "shares": SUPPLY}
        limits = tuple(unknown(one) < most for one, most in small.items() if one in read.words)
        prove(f"{name}: within bounds", (*read.facts, *limits, *_hints(read)), read.succeeds)


def _derived(subject: Subject) -> None:
    read = subject.function("_derive")
    facts = (*_below("before", _amounts(subject)), *_priced(subject, "before"), *read.facts)
    hints = _hints(read)
    shown: tuple[Term, ...] = ()
    for variable in subject.vault.definitions:
        found = read.struct[subject.fields[variable]]
        assert isinstance(found, Term)
        most = TOTAL if variable == "total_assets" else VALUE // 2**12 if variable.startswith("value(") else VALUE
        claim = both(found >= 0, found < most)
        prove(f"_derive: {variable} within bounds", (*facts, *hints, *shown), claim)
        shown = (*shown, claim)
    prove("_derive: within bounds", (*facts, *hints, *shown), read.succeeds)


def _amounts(subject: Subject) -> dict[str, int]:
    derived = {*subject.vault.definitions, *(f"price({token.name})" for token in subject.vault.strategy.tokens)}
    return {member: AMOUNT for variable, member in subject.fields.items() if variable not in derived}


def _below(state: str, limits: dict[str, int]) -> tuple[Term, ...]:
    return tuple(unknown(f"{state}.{member}") < most for member, most in limits.items())


def _priced(subject: Subject, state: str) -> tuple[Term, ...]:
    prices = (unknown(f"{state}.{subject.fields[f'price({token.name})']}") for token in subject.vault.strategy.tokens)
    return tuple(both(price >= 1, price < PRICE) for price in prices)


def _hints(read: Meaning) -> tuple[Term, ...]:
    """For every quotient in it: it is no more than its dividend, and products are below the products of the bounds."""
    checked = (part for check in read.checks for part in (check.path, check.holds))
    found = dict.fromkeys(_quotients((*read.definitions.values(), *checked, *_returned(read))))
    return tuple(
        fact
        for product, divisor in found
        if product.op == "*"
        for fact in (
            PRODUCTS_KEEP_ORDER.at(a=1, b=divisor, c=product // divisor),
            PRODUCTS_KEEP_ORDER.at(a=product // divisor, b=-1, c=divisor),
            PRODUCTS_KEEP_ORDER.at(a=0, b=product.args[0], c=product.args[1]),
            *(
                PRODUCTS_KEEP_ORDER.at(a=product.args[0], b=most - 1, c=product.args[1])
                for most in (AMOUNT, SUPPLY + 10**18, VALUE)
            ),
        )
    )


def _returned(read: Meaning) -> tuple[Term, ...]:
    return () if read.value is None or isinstance(read.value, Struct) else (read.value,)


def _quotients(terms: Iterable[Term]) -> Iterator[tuple[Term, Term]]:
    for term in terms:
        if term.op in ("div", "mod"):
            yield term.args[0], term.args[1]
        yield from _quotients(term.args)


THEOREMS = {"bounds": bounds}
