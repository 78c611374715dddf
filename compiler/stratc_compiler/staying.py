"""`fair`, of a redemption that unwinds its part: what it leaves to those who stay, of every token, exactly.

The plan is carried out in symbols, at any state and supply. Of its venues nothing is believed but that what is drawn
arrives and what is repaid is taken: what a position is afterwards may be anything, and so may what a swap brings. Then
per share, the virtual ones counted, as much of every token is held as before, idle and at venues, debts deducted.
"""

from __future__ import annotations

from collections.abc import Iterable

from stratc_compiler.expr import Add, Cmp, Expr, Formula, Kind, Mul, Rel, Sub, TokenDim, Var, variables
from stratc_compiler.fair_terms import Exact, obligation
from stratc_compiler.relax import ZERO
from stratc_compiler.shares import SHARES, SUPPLY, WHOLE, whole
from stratc_compiler.vault import Held, Leave, Let, Require, Swap, Vault
from stratc_compiler.verdict import Obligation


class Unwound(Exact):
    """What the plan has done so far. `known` has what every position is now."""

    def _monus(self, left: Expr, right: Expr) -> Expr:
        """At least the difference, and not negative; multiplied by what everything is divided by, too."""
        result = self.fresh("excess")
        difference, divisor = Sub(left, right), self.known[WHOLE.name]
        self.learn("definition", Cmp(result, Rel.GE, ZERO), Cmp(result, Rel.GE, difference))
        self.learn("definition", Cmp(Mul(divisor, result), Rel.GE, Mul(divisor, difference)))
        return result

    def carry_out(self) -> None:
        """The whole plan. Raises TypeError for a step that takes on more than there was."""
        for item in self.vault.unwinding:
            match item:
                case Let(name, expr):
                    self.known[name.name] = self._unknown(name.name) if _at_a_price(expr) else self.expr(expr)
                case Leave(held, amount):
                    self._leave(held, self.expr(amount))
                case Swap(sold=sold, bought=bought, amount=amount, received=received):
                    self._spend(sold, self.expr(amount))
                    self.known[received.name] = self._unknown(received.name)
                    self._spend(bought, Sub(ZERO, self.known[received.name]))
                case Require(Cmp(left, rel, right)):
                    self.learn("it goes through", Cmp(self.expr(left), rel, self.expr(right)))
                case other:
                    raise TypeError(f"no step of an unwinding: {type(other).__name__}")

    def _leave(self, held: Held, amount: Expr) -> None:
        self._spend(held.token, amount if held.debt else Sub(ZERO, amount))
        self.known[held.name] = self._unknown(held.name)

    def _unknown(self, name: str) -> Var:
        return self.amount(f"{name} after {len(self.facts)}")

    def _spend(self, token: str, amount: Expr) -> None:
        idle = f"idle({token})"
        self.known[idle] = Sub(self.known[idle], amount)

    def net(self, token: str) -> Expr:
        """What is held of a token, debts deducted."""
        result: Expr = self.known[f"idle({token})"]
        for held in _at_venues(self.vault):
            if held.token == token:
                result = (Sub if held.debt else Add)(result, self.known[held.name])
        return result


def _at_a_price(expr: Expr) -> bool:
    """What costs so much may be anything: the plan requires that no more is spent than there is to spend."""
    return any(isinstance(var.dim, TokenDim) and var.dim.kind is Kind.PRICE for var in variables(expr))


def stays(vault: Vault) -> tuple[Obligation, ...]:
    """One obligation for every token. None where nothing is unwound."""
    if not vault.unwinding:
        return ()
    exact = Unwound(vault)
    shares, supply = exact.amount(SHARES.name), exact.amount(SUPPLY.name)
    exact.learn("flows", Cmp(shares, Rel.LE, supply))
    exact.known |= {SHARES.name: shares, SUPPLY.name: supply}
    divisor = exact.known[WHOLE.name] = exact.expr(whole(vault.strategy.token(vault.base).decimals))
    for held in (*vault.idle, *_at_venues(vault)):
        exact.known[held.name] = exact.amount(held.name)
    before = {token.name: exact.net(token.name) for token in vault.strategy.tokens}
    exact.carry_out()
    # What is paid leaves the vault.
    exact.known[f"idle({vault.base})"] = Sub(exact.known[f"idle({vault.base})"], exact.known["paid"])
    return tuple(
        obligation(
            f"unwound/{token}",
            f"who is paid out of positions leaves the others their {token}, to the last unit",
            exact,
            _stays(held, exact.net(token), shares, divisor),
        )
        for token, held in before.items()
    )


def _stays(before: Expr, after: Expr, shares: Expr, divisor: Expr) -> Formula:
    """after / (divisor - shares) >= before / divisor, multiplied out."""
    return Cmp(Mul(after, divisor), Rel.GE, Mul(before, Sub(divisor, shares)))


def _at_venues(vault: Vault) -> Iterable[Held]:
    return (held for venue in vault.venues for held in venue.positions)
