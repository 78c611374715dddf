"""`fair`: what deposits, mints, withdrawals, redemptions and gifts do to the shares of others. Exact, in polynomials.

Here amounts are not told by their worth, as in the claims about rounds, but in the contract's own units: every division
of the model is a quotient between its bounds, `q * divisor <= product < (q + 1) * divisor`, for symbolic prices, units
and supplies. What is read off twice, before and after a flow, is rounded twice: total assets follow a flow up to
`1 + grain` smallest units of base, `grain` being the worth of 10^-18 USD in them, at least one. That is the rounding
which the claim allows for.
"""

from __future__ import annotations

from stratc_compiler.expr import (
    Add,
    Cmp,
    Expr,
    Formula,
    Mul,
    Rel,
    Rounding,
    Sub,
    Var,
    number,
)
from stratc_compiler.fair_terms import Exact, obligation
from stratc_compiler.relax import ZERO, real
from stratc_compiler.shares import SHARES, SUPPLY, assets_var, to_assets, to_shares, total_assets, virtual_shares
from stratc_compiler.staying import stays
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Obligation
from stratc_dsl.record import Record

TEXT = "no share loses value when others come, go or give"
ONE = number(1)
FLOW, GRAIN = real("flow"), real("grain")
BEFORE, AFTER = real("total assets"), real("total assets after")


def fairness(vault: Vault) -> tuple[Obligation, ...]:
    """The obligations of `fair`: first that total assets follow flows, then what follows for shares from that."""
    return (
        *_follows(vault, "in", 1),
        *_follows(vault, "out", -1),
        _gift(vault),
        *(_keeps_price(vault, operation) for operation in _operations(vault)),
        _keeps_price_of_gifts(vault),
        _all_together(vault),
        _first_depositor(vault),
        *stays(vault),
    )


# ── total assets ───────────────────────────────────────────────────────────────────────────


def _prices(vault: Vault) -> Exact:
    """Base at any price, in any decimals; `grain` smallest units of it are worth 10^-18 USD or more."""
    exact = Exact(vault)
    price, unit = exact.amount(f"price({vault.base})"), exact.amount(f"unit({vault.base})")
    exact.known |= {price.name: price, unit.name: unit}
    exact.learn("definition", Cmp(price, Rel.GE, ONE), Cmp(unit, Rel.GE, ONE))
    exact.learn("definition", Cmp(GRAIN, Rel.GE, ONE), Cmp(Mul(GRAIN, price), Rel.GE, unit))
    return exact


def _total(exact: Exact, idle: Expr, values: dict[str, Expr]) -> Expr:
    """Total assets by the model's own definitions, of a vault with so much idle and these values of other positions."""
    vault = exact.vault
    exact.known |= {f"idle({vault.base})": idle, **values}
    for name in (f"value(idle({vault.base}))", "assets", "debts", "nav", "total_assets"):
        exact.known[name] = exact.expr(vault.definitions[name])
    return exact.known["total_assets"]


def _values(exact: Exact) -> dict[str, Expr]:
    others = (held for held in exact.vault.held if held.name != f"idle({exact.vault.base})")
    return {held.value.name: exact.amount(held.value.name) for held in others}


def _follows(vault: Vault, way: str, sign: int) -> tuple[Obligation, ...]:
    exact = _prices(vault)
    idle, flow = exact.amount(f"idle({vault.base})"), exact.amount(FLOW.name)
    moved = Add(idle, Mul(number(sign), flow))
    exact.learn("flows", Cmp(moved, Rel.GE, ZERO))
    values = _values(exact)
    before = _total(exact, idle, values)
    after = _total(exact, moved, values)
    follows = _following(before, after, Mul(number(sign), flow))
    words = f"total assets follow what flows {way}, up to rounding"
    return tuple(
        obligation(f"follows/{way}/{edge}", words, exact, goal)
        for edge, goal in zip(("least", "most"), follows, strict=True)
    )


def _following(before: Expr, after: Expr, flow: Expr) -> tuple[Formula, Formula]:
    """`after` is within less than `1 + grain` of `before + flow`."""
    exactly, rounding = Add(before, flow), Add(ONE, GRAIN)
    return Cmp(after, Rel.GT, Sub(exactly, rounding)), Cmp(after, Rel.LT, Add(exactly, rounding))


def _gift(vault: Vault) -> Obligation:
    """Whoever adds to a position, or repays debt, does not lower total assets."""
    exact = _prices(vault)
    idle = exact.amount(f"idle({vault.base})")
    before = _total(exact, idle, _values(exact))
    assets, debts = (exact.known[name] for name in ("assets", "debts"))
    exact.known["assets"], exact.known["debts"] = exact.amount("assets after"), exact.amount("debts after")
    exact.learn("gift", Cmp(exact.known["assets"], Rel.GE, assets), Cmp(exact.known["debts"], Rel.LE, debts))
    exact.known["nav"] = exact.expr(vault.definitions["nav"])
    after = exact.expr(vault.definitions["total_assets"])
    least, _ = _following(before, after, ZERO)
    return obligation("follows/gift", "total assets do not fall by a gift, up to rounding", exact, least)


# ── shares ─────────────────────────────────────────────────────────────────────────────────


class _Operation(Record):
    """A call of ERC-4626: what is given, how the other side is computed, and which way assets and shares go."""

    name: str
    given: Var
    other: Expr
    sign: int


def _operations(vault: Vault) -> tuple[_Operation, ...]:
    base, decimals = vault.base, vault.strategy.token(vault.base).decimals
    assets = assets_var(base)
    return (
        _Operation("deposit", assets, to_shares(base, decimals, Rounding.DOWN), 1),
        _Operation("mint", SHARES, to_assets(base, decimals, Rounding.UP), 1),
        _Operation("withdraw", assets, to_shares(base, decimals, Rounding.UP), -1),
        _Operation("redeem", SHARES, to_assets(base, decimals, Rounding.DOWN), -1),
    )


def _shares(vault: Vault) -> Exact:
    """Any supply and any total assets before an operation, and total assets after it."""
    exact = Exact(vault)
    exact.known |= {SUPPLY.name: exact.amount(SUPPLY.name), total_assets(vault.base).name: exact.amount(BEFORE.name)}
    exact.amount(AFTER.name)
    exact.learn("definition", Cmp(GRAIN, Rel.GE, ONE))
    return exact


def _virtual(vault: Vault) -> Expr:
    return number(virtual_shares(vault.strategy.token(vault.base).decimals))


def _keeps_price(vault: Vault, operation: _Operation) -> Obligation:
    """(total assets + 1) over (supply + virtual shares), what a share is worth, does not fall by the operation."""
    exact = _shares(vault)
    given = exact.amount(operation.given.name)
    exact.known[operation.given.name] = given
    computed = exact.expr(operation.other)
    assets, shares = (computed, given) if operation.given == SHARES else (given, computed)
    sign = number(operation.sign)
    least, _ = _following(BEFORE, AFTER, Mul(sign, assets))
    exact.learn("follows", least)
    supply = Add(exact.known[SUPPLY.name], Mul(sign, shares))
    exact.learn("flows", Cmp(supply, Rel.GE, ZERO))
    words = f"a {operation.name} leaves the share price where it is or above, up to rounding"
    return obligation(operation.name, words, exact, _price_stays(vault, exact, supply))


def _keeps_price_of_gifts(vault: Vault) -> Obligation:
    exact = _shares(vault)
    least, _ = _following(BEFORE, AFTER, ZERO)
    exact.learn("follows", least)
    words = "a gift leaves the share price where it is or above, up to rounding"
    return obligation("gift", words, exact, _price_stays(vault, exact, exact.known[SUPPLY.name]))


def _price_stays(vault: Vault, exact: Exact, supply: Expr) -> Formula:
    before, virtual = exact.known[SUPPLY.name], _virtual(vault)
    rounded = Add(Add(AFTER, ONE), Add(ONE, GRAIN))
    return Cmp(Mul(rounded, Add(before, virtual)), Rel.GE, Mul(Add(BEFORE, ONE), Add(supply, virtual)))


def _redeems_all(vault: Vault, exact: Exact) -> Expr:
    """What redeeming every share would pay."""
    exact.known[SHARES.name] = exact.known[SUPPLY.name]
    return exact.expr(to_assets(vault.base, vault.strategy.token(vault.base).decimals, Rounding.DOWN))


def _all_together(vault: Vault) -> Obligation:
    exact = _shares(vault)
    paid = _redeems_all(vault, exact)
    words = "all shares together claim no more than total assets"
    # Both are whole numbers: less than one more is no more.
    return obligation("together", words, exact, Cmp(paid, Rel.LT, Add(BEFORE, ONE)))


def _first_depositor(vault: Vault) -> Obligation:
    """Whoever holds all shares, by deposits and gifts as they like, gets no more back once somebody else has come.

    What the vault holds before is all theirs, so whatever they gave to move the share price is lost to them.
    """
    exact = _shares(vault)
    base, decimals = vault.base, vault.strategy.token(vault.base).decimals
    theirs = exact.known[SUPPLY.name]
    exact.known[assets_var(base).name] = came = exact.amount(FLOW.name)
    minted = exact.expr(to_shares(base, decimals, Rounding.DOWN))
    _, most = _following(BEFORE, AFTER, came)
    exact.learn("follows", most)
    exact.known |= {SUPPLY.name: Add(theirs, minted), total_assets(base).name: AFTER, SHARES.name: theirs}
    paid = exact.expr(to_assets(base, decimals, Rounding.DOWN))
    words = "the holders of all shares cannot take from whoever comes next, up to rounding"
    return obligation("first", words, exact, Cmp(paid, Rel.LT, Add(Add(BEFORE, ONE), Add(ONE, GRAIN))))
