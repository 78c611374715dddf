"""Theorems of one vault's account: what it holds and owes, floors, bands, triggers, flows. Contract and model agree.

Every function is read out of the emitted text, and compared with the model's expressions, which the proofs use. The
calls of `arith` stand for the theorems of `library`. Equal means: for all integers that the inputs can be.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from library_proofs.known import Known
from library_proofs.library import ARITH, Promise
from library_proofs.meaning import Meaning, Value
from library_proofs.model_terms import quantity, truth
from library_proofs.solver import Unproved, prove
from library_proofs.terms import (
    MAX,
    TRUE,
    Term,
    both,
    choice,
    either,
    equal,
    implies,
    negated,
    number,
    same_truth,
    unknown,
)
from library_proofs.vaults import CALLS, GUARDING, SHORTFALL, Subject
from stratc_compiler.expr import Expr, Formula, Rounding, price, scale
from stratc_compiler.fairness import _operations
from stratc_compiler.fees import mark
from stratc_compiler.guard import round_price, shortfall
from stratc_compiler.shares import SUPPLY, round_assets, to_assets, to_shares
from stratc_compiler.vault import OnCondition, VenueModel
from stratc_targets.vyper.symbols import symbols_of

EXITED = 2


def _held(*where: Term) -> Promise:
    """A balance: the same unknown wherever it is read at the same place."""
    return unknown(f"held({', '.join(str(one.leaf) for one in where)})"), ()


READING = Known({**ARITH.contracts, "tokens.held": _held, "aave_v3.held": _held, "erc4626.held": _held})


REFRESHING = Known({**READING.contracts, "book._idle": lambda: (unknown("held(idle)"), ())})


def values(subject: Subject) -> None:
    """`_derive` gives every derived quantity the value of its definition, and leaves what was read as it was."""
    read = subject.function("_derive")
    names = subject.names("before")
    if read.struct.keys() != set(subject.fields.values()):
        raise Unproved(read.name, "the State has other members than the model has variables")
    for variable, member in subject.fields.items():
        if variable not in subject.vault.definitions:
            prove(f"{read.name}: {variable}", read.facts, equal(_number(read.struct[member]), names[variable]))
    _derived(subject, read, names)


def _derived(subject: Subject, read: Meaning, names: dict[str, Term]) -> None:
    """Every derived quantity of a struct is the model's, where what is not derived has these values."""
    for variable, definition in subject.vault.definitions.items():
        found = _number(read.struct[subject.fields[variable]])
        prove(f"{read.name}: {variable}", read.facts, equal(found, quantity(definition, names)))
        # What comes after it is compared as a function of what was found here, which is equal.
        names[variable] = found


def refreshed(subject: Subject) -> None:
    """`_refresh` keeps prices, reads every balance, each from a place of its own, and derives the rest as `_derive`."""
    read = subject.function("_refresh", REFRESHING)
    found = {variable: read.struct[member] for variable, member in subject.fields.items()}
    names = subject.names("before")
    prices = [f"price({token.name})" for token in subject.vault.strategy.tokens]
    for one in prices:
        prove(f"{read.name}: {one}", read.facts, _number(found[one]).same(names[one]))
    charged = [one for one in (SUPPLY.name, mark(subject.vault.base).name) if one in found]
    for one in charged:
        prove(f"{read.name}: {one}", read.facts, _number(found[one]).same(names[one]))
    stays = {*prices, *charged, *subject.vault.definitions}
    balances = [found[one] for one in found if one not in stays]
    if len(set(balances)) != len(balances) or not all(_is_read(one) for one in balances):
        raise Unproved(read.name, "reads two balances at one place, or one nowhere")
    _derived(subject, read, subject.names(read.struct))


def _is_read(value: Value) -> bool:
    return isinstance(value, Term) and str(value.leaf).startswith("held(")


def _number(value: Value) -> Term:
    assert isinstance(value, Term)
    return value


def _says(subject: Subject, function: str, formula: Formula) -> None:
    """A function of the state is true in the states in which the formula is."""
    read = subject.function(function)
    prove(read.name, read.facts, same_truth(read.returned, truth(formula, subject.names("s"))))


def floors(subject: Subject) -> None:
    """Each floor is the model's; `_floors_hold` is all of them, and `_assert_floors` reverts where one is broken."""
    names = subject.names("s")
    formulas = [floor.formula for floor in subject.vault.floors]
    for function, formula in zip(subject.floors, formulas, strict=True):
        _says(subject, function, formula)
    every = both(*(truth(formula, names) for formula in formulas))
    hold = subject.function("_floors_hold")
    prove(hold.name, hold.facts, same_truth(hold.returned, every))
    asserted = subject.function("_assert_floors")
    prove(asserted.name, asserted.facts, same_truth(asserted.asserts, every))


def _in_band(subject: Subject) -> Term:
    names = subject.names("s")
    return both(*(truth(one.formula, names) for band in subject.vault.bands for one in band.inside))


def _triggers(subject: Subject) -> dict[str, Formula]:
    triggers = {rule.name: rule.trigger for rule in subject.vault.rules}
    return {name: one.condition.formula for name, one in triggers.items() if isinstance(one, OnCondition)}


def bands(subject: Subject) -> None:
    """`_in_band` is every position inside its band."""
    read = subject.function("_in_band")
    prove(read.name, read.facts, same_truth(read.returned, _in_band(subject)))


def triggers(subject: Subject) -> None:
    """Each rule on a condition is due where the model says."""
    for name, formula in _triggers(subject).items():
        _says(subject, f"_when_{name}", formula)


def guard(subject: Subject) -> None:
    """`_is_guarded` says of prices, those remembered and terms what the model says; `_not_guarded` reverts there."""
    if subject.vault.guard is None:
        return
    names = {**subject.names("s")}
    for token in subject.vault.guard.remembered:
        names[price(token).name] = unknown(subject.fields[price(token).name])
        names[round_price(token).name] = unknown(f"book.round_price_{token.lower()}")
    names |= {shortfall(venue).name: unknown(SHORTFALL) for venue in subject.vault.guard.governed}
    expected = truth(subject.vault.guard.guarded, names)
    read = subject.function("_is_guarded", GUARDING)
    prove(read.name, read.facts, same_truth(read.returned, expected))
    asserted = subject.function("_not_guarded", GUARDING)
    prove(asserted.name, asserted.facts, same_truth(asserted.asserts, negated(expected)))


def settled(subject: Subject) -> None:
    """`_is_settled` is what the model calls settled, and no rule on a condition due."""
    names = subject.names("s")
    read = subject.function("_is_settled")
    quiet = (negated(truth(formula, names)) for formula in _triggers(subject).values())
    expected = both(*(truth(one.formula, names) for one in subject.vault.settled), *quiet)
    prove(read.name, read.facts, same_truth(read.returned, expected))


def rounds(subject: Subject) -> None:
    """`_round_allowance` is the model's share of the assets that the round began with, less what was withdrawn."""
    read = subject.function("_round_allowance")
    share = subject.vault.withdrawals
    expected = number(MAX)
    if share is not None:
        begun = round_assets(subject.vault.base)
        limit = quantity(scale(begun, share, Rounding.DOWN), subject.names("s"))
        withdrawn = unknown("rounds.round_withdrawn")
        free = either(unknown("modes.mode") >= EXITED, equal(unknown("rounds.round_assets"), 0))
        expected = choice(free, number(MAX), choice(limit >= withdrawn, limit - withdrawn, number(0)))
    prove(read.name, read.facts, equal(read.returned, expected))


def requests(subject: Subject) -> None:
    """`_idle` is the balance of base less what is set aside; `_ahead` what pending shares would be paid, rounded up."""
    vault = subject.vault
    if not vault.queues:
        return
    idle = subject.function("_idle", READING)
    balance, reserved = unknown(f"held(book.{symbols_of(vault).token(vault.base)})"), unknown("requests.reserved")
    prove(idle.name, idle.facts, equal(idle.returned, balance - reserved))
    ahead = subject.function("_ahead")
    names = {**subject.names("s"), "shares": unknown("requests.shares_requested")}
    owed = quantity(to_assets(vault.base, vault.strategy.token(vault.base).decimals, Rounding.UP), names)
    expected = choice(unknown("modes.mode") >= EXITED, number(0), owed)
    prove(ahead.name, ahead.facts, equal(ahead.returned, expected))


def health(subject: Subject) -> None:
    """Each health factor is weighted collateral over debt, times 10^18, rounded down; the largest without debt.

    Each buffer is one less debt over weighted collateral, likewise.
    """
    for venue in subject.vault.venues:
        if venue.health is not None:
            _health(subject, venue)
            _buffer(subject, venue)


def _health(subject: Subject, venue: VenueModel) -> None:
    assert venue.health is not None
    read = subject.function(f"health_{venue.name}", CALLS)
    names = subject.names("state")
    # Multiplied by the same number, both sides have whole weights.
    factor = lcm(*(weight.denominator for side in venue.health for weight in side.values()))
    covered, owed = (_weighted(side, factor, names) for side in venue.health)
    found = read.returned
    prove(
        read.name,
        read.facts,
        both(
            implies(equal(owed, 0), equal(found, MAX)),
            implies(owed > 0, both(found * owed <= covered * 10**18, (found + 1) * owed > covered * 10**18)),
        ),
    )


def _buffer(subject: Subject, venue: VenueModel) -> None:
    assert venue.health is not None
    read = subject.function(f"buffer_{venue.name}", CALLS)
    names = subject.names("state")
    factor = lcm(*(weight.denominator for side in venue.health for weight in side.values()))
    covered, owed = (_weighted(side, factor, names) for side in venue.health)
    found, left = read.returned, (covered - owed) * 10**18
    rounded = both(found * covered <= left, (found + 1) * covered > left)
    prove(
        read.name,
        read.facts,
        both(
            implies(equal(owed, 0), equal(found, 10**18)),
            both(
                implies(both(owed > 0, covered <= owed), equal(found, 0)),
                implies(both(owed > 0, covered > owed), rounded),
            ),
        ),
    )


def _weighted(side: dict[Expr, Fraction], factor: int, names: dict[str, Term]) -> Term:
    terms = (quantity(expr, names) * int(weight * factor) for expr, weight in side.items())
    return sum(terms, number(0))


def conversions(subject: Subject) -> None:
    """The four conversions between assets and shares are the model's."""
    base, decimals = subject.vault.base, subject.vault.strategy.token(subject.vault.base).decimals
    for word, given, convert in (("shares", "assets", to_shares), ("assets", "shares", to_assets)):
        for rounding in Rounding:
            read = subject.function(f"_to_{word}_{rounding.value}")
            names = {**subject.names("s"), given: unknown(given)}
            expected = quantity(convert(base, decimals, rounding), names)
            prove(read.name, read.facts, equal(read.returned, expected))


PREVIEWS = {
    "deposit": ("previewDeposit", "convertToShares"),
    "mint": ("previewMint",),
    "withdraw": ("previewWithdraw",),
    "redeem": ("previewRedeem", "convertToAssets"),
}


def flows(subject: Subject) -> None:
    """What a call of ERC-4626 moves, returns and previews is what `fair` was proved of: the operation of that name."""
    read = subject.function("totalAssets", subject.calls)
    prove(read.name, read.facts, equal(read.returned, subject.names("state")["total_assets"]))
    for operation in _operations(subject.vault):
        given = unknown(operation.given.name)
        computed = quantity(operation.other, {**subject.names("state"), operation.given.name: given})
        for preview in PREVIEWS[operation.name]:
            read = subject.function(preview, subject.calls)
            prove(read.name, read.facts, equal(read.returned, computed))
        read = subject.function(operation.name, subject.calls)
        prove(f"{read.name}: returns", read.facts, equal(read.returned, computed))
        assets, shares = (given, computed) if operation.given.name == "assets" else (computed, given)
        _moves(read, "Vault._take" if operation.sign > 0 else "Vault._pay", assets, shares)


def _moves(read: Meaning, function: str, assets: Term, shares: Term) -> None:
    """All that it does is to call this function, always, with these assets and shares."""
    if [effect.function for effect in read.effects] != [function]:
        raise Unproved(read.name, f"does not just call {function}")
    (effect,) = read.effects
    moved_assets, moved_shares = effect.arguments[:2]
    assert isinstance(moved_assets, Term)
    assert isinstance(moved_shares, Term)
    claim = both(effect.path.same(TRUE), equal(moved_assets, assets), equal(moved_shares, shares))
    prove(f"{read.name}: moves", read.facts, claim)


THEOREMS = {
    one.__name__: one
    for one in (
        values,
        refreshed,
        floors,
        bands,
        triggers,
        guard,
        settled,
        rounds,
        requests,
        health,
        conversions,
        flows,
    )
}
