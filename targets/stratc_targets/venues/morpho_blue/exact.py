"""One market of Morpho Blue in exact integers, as morpho-blue 1.0.0 books it.

Sources: `Morpho.sol`, `SharesMathLib` (virtual shares), `MathLib` (rounding, `wTaylorCompounded`), `ConstantsLib`.
The oracle's price, the interest rate (a function of the market, as `IIrm.borrowRateView`) and the time are the
environment's; everything else is booked here, for everybody who is in the market. Not modelled: authorisations,
callbacks, and products of 2^256 and more.

The words of a `Reverted` are Morpho's own; an underflow, which Solidity refuses without words, is "underflow".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from stratc_compiler.interpret import Reverted

WAD: int = 10**18
PRICE_SCALE: int = 10**36
VIRTUAL_SHARES: int = 10**6
VIRTUAL_ASSETS = 1
LIQUIDATION_CURSOR: int = 3 * WAD // 10
LARGEST_INCENTIVE: int = 115 * WAD // 100
LARGEST: int = 2**128 - 1
LARGEST_COMPUTED: int = 2**256 - 1


def mul_div_down(left: int, right: int, divisor: int) -> int:
    return _computed(left * right) // divisor


def mul_div_up(left: int, right: int, divisor: int) -> int:
    return _computed(left * right + divisor - 1) // divisor


def compounded(rate: int, seconds: int) -> int:
    """e^(rate * seconds) - 1 by the first three terms of its series, in 10^-18, as `wTaylorCompounded`."""
    first = rate * seconds
    second = mul_div_down(first, first, 2 * WAD)
    return first + second + mul_div_down(second, first, 3 * WAD)


def incentive(lltv: int) -> int:
    """What a liquidator is given for a unit of debt that he repays, in 10^-18: min(1.15, 1 / (1 - 0.3 (1 - lltv)))."""
    kept = WAD - mul_div_down(LIQUIDATION_CURSOR, WAD - lltv, WAD)
    return min(LARGEST_INCENTIVE, mul_div_down(WAD, WAD, kept))


def _require(condition: bool, words: str) -> None:
    if not condition:
        raise Reverted(f"morpho: {words}")


def _computed(number: int) -> int:
    """A number that fits the word it is computed in: an absurd price stops whoever owes."""
    _require(number <= LARGEST_COMPUTED, "Panic(0x11)")
    return number


def _word(number: int) -> int:
    """A number that fits the 128 bits it is stored in."""
    _require(number <= LARGEST, "max uint128 exceeded")
    return number


@dataclass(slots=True)
class Account:
    """What somebody has in the market: lent out and owed in shares, collateral in its token."""

    supply_shares: int = 0
    borrow_shares: int = 0
    collateral: int = 0


class Totals(NamedTuple):
    """Assets and shares that are lent and owed in the market, interest included."""

    supply_assets: int
    supply_shares: int
    borrow_assets: int
    borrow_shares: int


class Liquidation(NamedTuple):
    """Collateral that was taken and debt that was repaid for it; debt that nothing stands behind, now the lenders'."""

    seized: int
    repaid: int
    bad_debt: int


@dataclass(slots=True)
class MorphoMarket:
    """The whole market. `lltv` and `fee` are in 10^-18, `price` is in loan units per unit of collateral times 10^36.

    The price is None while the oracle has no answer; `rate` is the interest per second in 10^-18, None for a market
    without. Calls raise Reverted as Morpho would, having changed nothing or not: undo outside.
    """

    lltv: int
    price: int | None
    now: int
    last_update: int
    rate: Callable[[MorphoMarket], int] | None = None
    fee: int = 0
    fee_recipient: str = ""
    supply_assets: int = 0
    supply_shares: int = 0
    borrow_assets: int = 0
    borrow_shares: int = 0
    accounts: dict[str, Account] = field(default_factory=dict)

    def account(self, owner: str) -> Account:
        return self.accounts.setdefault(owner, Account())

    # ── interest ───────────────────────────────────────────────────────────────────────────

    def _interest(self) -> int:
        """What has accrued since the market was last touched, rounded down."""
        elapsed = self.now - self.last_update
        if not elapsed or self.rate is None:
            return 0
        return mul_div_down(self.borrow_assets, compounded(self.rate(self), elapsed), WAD)

    def _fee_shares(self, interest: int) -> int:
        amount = mul_div_down(interest, self.fee, WAD)
        return _to_shares(amount, self.supply_assets + interest - amount, self.supply_shares, mul_div_down)

    def expected(self) -> Totals:
        """The totals as the next call will find them."""
        interest = self._interest()
        return Totals(
            self.supply_assets + interest,
            self.supply_shares + self._fee_shares(interest),
            self.borrow_assets + interest,
            self.borrow_shares,
        )

    def accrue(self) -> None:
        """Book the interest up to now, and the fee's part of it as shares of the fee's recipient."""
        interest = self._interest()
        fee_shares = self._fee_shares(interest)
        self.supply_assets = _word(self.supply_assets + interest)
        self.borrow_assets = _word(self.borrow_assets + interest)
        self.supply_shares = _word(self.supply_shares + fee_shares)
        if fee_shares:
            self.account(self.fee_recipient).supply_shares += fee_shares
        self.last_update = self.now

    # ── what can be read ───────────────────────────────────────────────────────────────────

    def owed(self, owner: str) -> int:
        """Debt with interest to this second, rounded up: what repaying all of it takes."""
        totals = self.expected()
        return _to_assets(self.account(owner).borrow_shares, totals.borrow_assets, totals.borrow_shares, mul_div_up)

    def lent(self, owner: str) -> int:
        """What is lent out with interest to this second, less the fee, rounded down: what all its shares are paid."""
        totals = self.expected()
        return _to_assets(self.account(owner).supply_shares, totals.supply_assets, totals.supply_shares, mul_div_down)

    def healthy(self, owner: str) -> bool:
        """Whether the collateral covers the debt, as the market stands: interest that was not booked does not count."""
        account = self.account(owner)
        if not account.borrow_shares:
            return True
        owed = _to_assets(account.borrow_shares, self.borrow_assets, self.borrow_shares, mul_div_up)
        return self.largest_debt(owner) >= owed

    def largest_debt(self, owner: str) -> int:
        """What the collateral covers, in units of the loan, rounded down twice."""
        worth = mul_div_down(self.account(owner).collateral, self._price(), PRICE_SCALE)
        return mul_div_down(worth, self.lltv, WAD)

    def _price(self) -> int:
        if self.price is None:
            raise Reverted("morpho: the oracle has no answer")
        return self.price

    @property
    def liquid(self) -> int:
        """Of the loan's token, what is not lent out."""
        return self.supply_assets - self.borrow_assets

    # ── lending ────────────────────────────────────────────────────────────────────────────

    def supply(self, owner: str, assets: int) -> int:
        """Returns the shares, rounded down."""
        _require(assets != 0, "inconsistent input")
        self.accrue()
        shares = _to_shares(assets, self.supply_assets, self.supply_shares, mul_div_down)
        self.account(owner).supply_shares += shares
        self.supply_shares = _word(self.supply_shares + shares)
        self.supply_assets = _word(self.supply_assets + assets)
        return shares

    def withdraw(self, owner: str, assets: int) -> None:
        """The shares that are burnt are rounded up."""
        _require(assets != 0, "inconsistent input")
        self.accrue()
        self._burn_lent(owner, _to_shares(assets, self.supply_assets, self.supply_shares, mul_div_up), assets)

    def withdraw_shares(self, owner: str, shares: int) -> int:
        """The same by shares, which are paid assets rounded down; returns the assets."""
        _require(shares != 0, "inconsistent input")
        self.accrue()
        assets = _to_assets(shares, self.supply_assets, self.supply_shares, mul_div_down)
        self._burn_lent(owner, shares, assets)
        return assets

    def draw(self, owner: str, amount: int) -> None:
        """As `adapter.vy` withdraws: all that is lent by its shares, so that nothing remains, a part by assets."""
        if amount == self.lent(owner):
            self.withdraw_shares(owner, self.account(owner).supply_shares)
        else:
            self.withdraw(owner, amount)

    def _burn_lent(self, owner: str, shares: int, assets: int) -> None:
        account = self.account(owner)
        _require(shares <= account.supply_shares and assets <= self.supply_assets, "underflow")
        account.supply_shares -= shares
        self.supply_shares -= shares
        self.supply_assets -= assets
        _require(self.liquid >= 0, "insufficient liquidity")

    # ── borrowing ──────────────────────────────────────────────────────────────────────────

    def supply_collateral(self, owner: str, amount: int) -> None:
        """No interest is booked here."""
        _require(amount != 0, "zero assets")
        account = self.account(owner)
        account.collateral = _word(account.collateral + _word(amount))

    def withdraw_collateral(self, owner: str, amount: int) -> None:
        """What remains must cover the debt."""
        _require(amount != 0, "zero assets")
        self.accrue()
        account = self.account(owner)
        _require(amount <= account.collateral, "underflow")
        account.collateral -= amount
        _require(self.healthy(owner), "insufficient collateral")

    def borrow(self, owner: str, assets: int) -> int:
        """The debt grows by shares, rounded up; returns these."""
        _require(assets != 0, "inconsistent input")
        self.accrue()
        shares = _to_shares(assets, self.borrow_assets, self.borrow_shares, mul_div_up)
        account = self.account(owner)
        account.borrow_shares = _word(account.borrow_shares + _word(shares))
        self.borrow_shares = _word(self.borrow_shares + shares)
        self.borrow_assets = _word(self.borrow_assets + _word(assets))
        _require(self.healthy(owner), "insufficient collateral")
        _require(self.liquid >= 0, "insufficient liquidity")
        return shares

    def repay(self, owner: str, assets: int) -> int:
        """The debt falls by shares, rounded down; returns `assets`. All of a debt is more often than not too much."""
        _require(assets != 0, "inconsistent input")
        self.accrue()
        self._burn_debt(owner, _to_shares(assets, self.borrow_assets, self.borrow_shares, mul_div_down), assets)
        return assets

    def repay_shares(self, owner: str, shares: int) -> int:
        """The same by shares, which take assets rounded up; returns the assets."""
        _require(shares != 0, "inconsistent input")
        self.accrue()
        assets = _to_assets(shares, self.borrow_assets, self.borrow_shares, mul_div_up)
        self._burn_debt(owner, shares, assets)
        return assets

    def _burn_debt(self, owner: str, shares: int, assets: int) -> None:
        account = self.account(owner)
        _require(shares <= account.borrow_shares, "underflow")
        account.borrow_shares -= shares
        self.borrow_shares -= shares
        self.borrow_assets = max(self.borrow_assets - assets, 0)

    def pay_back(self, owner: str, amount: int) -> int:
        """As `adapter.vy` repays: all that is owed by its shares, so that nothing of it remains, a part by assets."""
        if amount == self.owed(owner):
            return self.repay_shares(owner, self.account(owner).borrow_shares)
        return self.repay(owner, amount)

    # ── liquidation ────────────────────────────────────────────────────────────────────────

    def liquidate(self, borrower: str, *, seized: int = 0, repaid_shares: int = 0) -> Liquidation:
        """Take collateral for debt at the incentive: the amount of exactly one of the two is given.

        Where no collateral remains, what is still owed is taken off the lenders' assets.
        """
        _require((seized == 0) != (repaid_shares == 0), "inconsistent input")
        self.accrue()
        price, factor = self._price(), incentive(self.lltv)
        _require(not self.healthy(borrower), "position is healthy")
        if seized:
            worth = mul_div_up(seized, price, PRICE_SCALE)
            repaid = mul_div_up(worth, WAD, factor)
            repaid_shares = _to_shares(repaid, self.borrow_assets, self.borrow_shares, mul_div_up)
        else:
            repaid = _to_assets(repaid_shares, self.borrow_assets, self.borrow_shares, mul_div_down)
            _require(price != 0, "division by zero")
            seized = mul_div_down(mul_div_down(repaid, factor, WAD), PRICE_SCALE, price)
        repaid = _to_assets(repaid_shares, self.borrow_assets, self.borrow_shares, mul_div_up)
        self._burn_debt(borrower, repaid_shares, repaid)
        account = self.account(borrower)
        _require(seized <= account.collateral, "underflow")
        account.collateral -= seized
        return Liquidation(seized, repaid, 0 if account.collateral else self._write_off(account))

    def _write_off(self, account: Account) -> int:
        """Debt that nothing stands behind any more is the lenders' loss; returns it."""
        shares = account.borrow_shares
        lost = _to_assets(shares, self.borrow_assets, self.borrow_shares, mul_div_up)
        lost = min(lost, self.borrow_assets)
        self.borrow_assets -= lost
        self.supply_assets -= lost
        self.borrow_shares -= shares
        account.borrow_shares = 0
        return lost


_Divide = Callable[[int, int, int], int]


def _to_shares(assets: int, total_assets: int, total_shares: int, rounded: _Divide) -> int:
    return rounded(assets, total_shares + VIRTUAL_SHARES, total_assets + VIRTUAL_ASSETS)


def _to_assets(shares: int, total_assets: int, total_shares: int, rounded: _Divide) -> int:
    return rounded(shares, total_assets + VIRTUAL_ASSETS, total_shares + VIRTUAL_SHARES)
