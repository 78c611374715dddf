"""Theorems of the share conversions as they stand in an emitted vault: which way they round, and what that protects.

In what follows S is the supply and its virtual shares, T the total assets and one: a share is worth T / S.
"""

from __future__ import annotations

from library_proofs.lemmas import PRODUCTS_KEEP_ORDER
from library_proofs.meaning import Meaning, Value
from library_proofs.solver import prove
from library_proofs.terms import Term, both, implies, number, unknown
from library_proofs.vaults import Subject
from stratc_compiler.shares import virtual_shares

GIVEN, MORE = unknown("given"), unknown("more")


def _read(subject: Subject, name: str, given: Value) -> Meaning:
    """A conversion of an amount, with its value."""
    argument = "assets" if name.startswith("_to_shares") else "shares"
    return subject.function(name, given={argument: given})


def _value(subject: Subject, name: str, given: Term = GIVEN) -> Term:
    return _read(subject, name, given).returned


def _worth(subject: Subject) -> tuple[Term, Term]:
    """S and T."""
    base = subject.vault.strategy.token(subject.vault.base)
    return subject.supply + virtual_shares(base.decimals), unknown(f"s.{subject.fields['total_assets']}") + 1


def _facts(subject: Subject) -> tuple[Term, ...]:
    s, t = _worth(subject)
    return (*_read(subject, "_to_shares_down", GIVEN).facts, s > 0, t > 0, GIVEN >= 0)


def round_trips(subject: Subject) -> None:
    """Who converts there and back does not gain, where both round down; nor loses, where both round up."""
    s, t = _worth(subject)
    for there, back, to in (("_to_shares", "_to_assets", s), ("_to_assets", "_to_shares", t)):
        facts = _facts(subject)
        kept = _value(subject, f"{back}_down", _value(subject, f"{there}_down"))
        gain = PRODUCTS_KEEP_ORDER.at(a=GIVEN + 1, b=kept, c=to)
        prove(f"{there} down and back", (*facts, gain), kept <= GIVEN)
        enough = _value(subject, f"{back}_up", _value(subject, f"{there}_up"))
        loss = PRODUCTS_KEEP_ORDER.at(a=enough, b=GIVEN - 1, c=to)
        prove(f"{there} up and back", (*facts, loss), enough >= GIVEN)
        # A withdrawal burns shares that would have redeemed no less; a mint takes what would have bought no less.
        covered = _value(subject, f"{back}_down", _value(subject, f"{there}_up"))
        short = PRODUCTS_KEEP_ORDER.at(a=covered + 1, b=GIVEN, c=to)
        prove(f"{there} up and back down", (*facts, short), covered >= GIVEN)


def directions(subject: Subject) -> None:
    """Rounded up is no less than rounded down, by one at most, and equal where the division is exact."""
    for word in ("_to_shares", "_to_assets"):
        down, up = _value(subject, f"{word}_down"), _value(subject, f"{word}_up")
        prove(f"{word}: up and down", _facts(subject), both(down <= up, up - down <= 1))


def exact_bounds(subject: Subject) -> None:
    """down * divisor <= product < (down + 1) * divisor, and up likewise from above: nothing else is rounded."""
    s, t = _worth(subject)
    for word, times, over in (("_to_shares", s, t), ("_to_assets", t, s)):
        product = GIVEN * times
        down, up = _value(subject, f"{word}_down"), _value(subject, f"{word}_up")
        claim = both(
            down * over <= product, product < (down + 1) * over, up * over >= product, (up - 1) * over < product
        )
        prove(f"{word}: between its bounds", _facts(subject), claim)


def monotone(subject: Subject) -> None:
    """Who gives more gets no less, and who takes more gives no less."""
    s, t = _worth(subject)
    facts = (*_facts(subject), MORE >= GIVEN)
    for word, times, over in (("_to_shares", s, t), ("_to_assets", t, s)):
        for way in ("down", "up"):
            less, more = _value(subject, f"{word}_{way}"), _value(subject, f"{word}_{way}", MORE)
            product = PRODUCTS_KEEP_ORDER.at(a=GIVEN, b=MORE, c=times)
            other = PRODUCTS_KEEP_ORDER.at(a=more + 1, b=less, c=over)
            prove(f"{word}_{way}: monotone", (*facts, product, other), less <= more)


def price_stays(subject: Subject) -> None:
    """No deposit, mint, withdrawal or redemption lowers T / S, where total assets follow the flow exactly."""
    s, t = _worth(subject)
    facts = _facts(subject)
    shares, cost = _value(subject, "_to_shares_down"), _value(subject, "_to_assets_up")
    burnt, paid = _value(subject, "_to_shares_up"), _value(subject, "_to_assets_down")
    for name, assets, minted, sign in (
        ("deposit", GIVEN, shares, 1),
        ("mint", cost, GIVEN, 1),
        ("withdraw", GIVEN, burnt, -1),
        ("redeem", paid, GIVEN, -1),
    ):
        prove(f"{name}: the share price stays", facts, (t + sign * assets) * s >= t * (s + sign * minted))


def together(subject: Subject) -> None:
    """All shares together redeem no more than total assets, and nothing but nothing is free."""
    s, t = _worth(subject)
    paid = _value(subject, "_to_assets_down", subject.supply)
    least = PRODUCTS_KEEP_ORDER.at(a=t, b=paid, c=s)
    prove("all shares together", (*_facts(subject), least), paid <= t - 1)
    for word, over in (("_to_shares", t), ("_to_assets", s)):
        up = _value(subject, f"{word}_up")
        free = PRODUCTS_KEEP_ORDER.at(a=up, b=number(0), c=over)
        times = s if over is t else t
        some = PRODUCTS_KEEP_ORDER.at(a=1, b=GIVEN, c=times)
        prove(f"{word}_up: nothing is free", (*_facts(subject), free, some), implies(GIVEN > 0, up > 0))


THEOREMS = {one.__name__: one for one in (round_trips, directions, exact_bounds, monotone, price_stays, together)}
