"""One Aave v3 account in exact integers, as aave-v3-core 3.0 and 3.2 book it.

Sources: `WadRayMath`, `PercentageMath` (half up), `ScaledBalanceTokenBase` (balances are scaled by an index),
`SupplyLogic`, `BorrowLogic`, `FlashLoanLogic`, `LiquidationLogic`, `ValidationLogic`, `GenericLogic`. Reserves'
indices, prices and liquidity are the environment's: they move with time and with other accounts. Not modelled: prices
of a category's own, isolation, stable rates, caps, and the casts to 128 bits.

The words of a `Reverted` are Aave's error codes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from stratc_compiler.interpret import Reverted

RAY: int = 10**27
WAD: int = 10**18
PERCENT: int = 10_000
INFINITE: int = 2**256 - 1


def ray_mul(left: int, right: int) -> int:
    return (left * right + RAY // 2) // RAY


def ray_div(left: int, right: int) -> int:
    return (left * RAY + right // 2) // right


def percent_mul(value: int, basis_points: int) -> int:
    return (value * basis_points + PERCENT // 2) // PERCENT


def percent_div(value: int, basis_points: int) -> int:
    return (value * PERCENT + basis_points // 2) // basis_points


def wad_div(left: int, right: int) -> int:
    return (left * WAD + right // 2) // right


class Category(NamedTuple):
    """A category of assets (eMode) with its risk parameters in basis points."""

    ltv: int
    threshold: int


@dataclass(slots=True)
class Reserve:
    """One token's reserve and the account's part in it.

    The environment's: `unit` (smallest units per whole token), `price` (the oracle's answer, 10^-8 USD), indices
    (rays, at the block's timestamp), `available` (what the aToken contract holds; from 3.1 on what Aave's own books
    say of that), risk parameters in basis points, flags; `category` where the account is in one (eMode) and the reserve
    is collateral in it, and whether the account
    may borrow it. The account's: scaled balances, and Aave's own record of what is collateral and what is borrowed.
    """

    unit: int
    price: int
    available: int
    ltv: int
    threshold: int
    liquidity_index: int = RAY
    borrow_index: int = RAY
    frozen: bool = False
    paused: bool = False
    category: Category | None = None
    borrowable: bool = True
    lends_by_flash: bool = True
    scaled_supplied: int = 0
    scaled_owed: int = 0
    is_collateral: bool = False
    is_borrowed: bool = False

    @property
    def risk(self) -> Category:
        """What counts for the account. Without a loan-to-value of its own, a reserve has none in a category."""
        if self.category is None:
            return Category(self.ltv, self.threshold)
        return Category(self.category.ltv if self.ltv else 0, self.category.threshold)

    @property
    def supplied(self) -> int:
        """The aToken balance."""
        return ray_mul(self.scaled_supplied, self.liquidity_index)

    @property
    def owed(self) -> int:
        """The variable debt token balance."""
        return ray_mul(self.scaled_owed, self.borrow_index)

    def worth(self, amount: int) -> int:
        """Value of an amount in 10^-8 USD, rounded down."""
        _require(self.price > 0, "no price")
        return amount * self.price // self.unit


class AccountData(NamedTuple):
    """`getUserAccountData`: values in 10^-8 USD, thresholds in basis points, health factor in 10^-18."""

    collateral: int
    debt: int
    available: int
    threshold: int
    ltv: int
    health: int


def _require(condition: bool, code: str) -> None:
    if not condition:
        raise Reverted(f"aave: {code}")


def _scaled(amount: int, index: int, code: str) -> int:
    scaled = ray_div(amount, index)
    _require(scaled != 0, code)
    return scaled


@dataclass(slots=True)
class AaveAccount:
    """The account of one user. Calls raise Reverted as the pool would, having changed nothing or not: undo outside.

    `flash_premium` is the environment's, in basis points.
    """

    reserves: dict[str, Reserve] = field(default_factory=dict)
    flash_premium: int = 0

    def supply(self, token: str, amount: int) -> None:
        """Supply collateral; a first supply of what has a loan-to-value is counted as collateral."""
        reserve = self.reserves[token]
        _require(amount != 0, "26")
        _require(not reserve.paused, "29")
        _require(not reserve.frozen, "28")
        if reserve.scaled_supplied == 0 and reserve.ltv != 0:
            reserve.is_collateral = True
        reserve.scaled_supplied += _scaled(amount, reserve.liquidity_index, "24")
        reserve.available += amount

    def pledge(self, token: str, amount: int) -> None:
        """Supply as the vault does in a category: what Aave does not count as collateral is refused by the adapter."""
        self.supply(token, amount)
        if not self.reserves[token].is_collateral:
            raise Reverted("aave_v3: not counted as collateral")

    def withdraw(self, token: str, amount: int) -> None:
        """Take a supply back; what is collateral must leave a health factor of 1 behind."""
        reserve = self.reserves[token]
        _require(amount != 0, "26")
        _require(amount <= reserve.supplied, "32")
        _require(not reserve.paused, "29")
        _require(amount <= reserve.available, "liquidity")
        was_collateral = reserve.is_collateral
        if amount == reserve.supplied:
            reserve.is_collateral = False
        self._burn_supply(reserve, amount)
        if was_collateral and any(other.is_borrowed for other in self.reserves.values()):
            _require(self.data().health >= WAD, "35")
            _require(not self._zero_ltv_collateral() or reserve.ltv == 0, "57")

    def hand_over(self, token: str, amount: int) -> None:
        """Give aTokens to somebody else: the pool's liquidity stays, health is looked at as in a withdrawal."""
        reserve = self.reserves[token]
        before = reserve.supplied
        _require(amount <= before, "balance")
        scaled = ray_div(amount, reserve.liquidity_index)
        _require(scaled <= reserve.scaled_supplied, "balance")
        reserve.scaled_supplied -= scaled
        _require(not reserve.paused, "29")
        if scaled == 0 or not reserve.is_collateral:
            return
        if any(other.is_borrowed for other in self.reserves.values()):
            _require(self.data().health >= WAD, "35")
            _require(not self._zero_ltv_collateral() or reserve.ltv == 0, "57")
        if amount == before:
            reserve.is_collateral = False

    def _burn_supply(self, reserve: Reserve, amount: int) -> None:
        scaled = _scaled(amount, reserve.liquidity_index, "25")
        _require(scaled <= reserve.scaled_supplied, "balance")
        reserve.scaled_supplied -= scaled
        reserve.available -= amount

    def _zero_ltv_collateral(self) -> bool:
        return any(one.is_collateral and one.threshold and not one.ltv for one in self.reserves.values())

    def borrow(self, token: str, amount: int) -> None:
        """Borrow at the variable rate, up to the loan-to-value of the collateral."""
        reserve = self.reserves[token]
        _require(amount != 0, "26")
        _require(not reserve.paused, "29")
        _require(not reserve.frozen, "28")
        _require(reserve.borrowable, "58")
        self._check_borrow(reserve, amount)
        _require(amount <= reserve.available, "liquidity")
        if reserve.scaled_owed == 0:
            reserve.is_borrowed = True
        reserve.scaled_owed += _scaled(amount, reserve.borrow_index, "24")
        reserve.available -= amount

    def _check_borrow(self, reserve: Reserve, amount: int) -> None:
        data = self.data()
        _require(data.collateral != 0, "34")
        _require(data.ltv != 0, "57")
        _require(data.health > WAD, "35")
        _require(percent_div(data.debt + reserve.worth(amount), data.ltv) <= data.collateral, "36")

    def repay(self, token: str, amount: int) -> int:
        """Repay up to what is owed; returns what was taken."""
        reserve = self.reserves[token]
        _require(amount != 0, "26")
        _require(not reserve.paused, "29")
        _require(reserve.owed != 0, "39")
        taken = min(amount, reserve.owed)
        self._burn_debt(reserve, taken)
        return taken

    def _burn_debt(self, reserve: Reserve, amount: int) -> None:
        if amount == reserve.owed:
            reserve.is_borrowed = False
        scaled = _scaled(amount, reserve.borrow_index, "25")
        _require(scaled <= reserve.scaled_owed, "balance")
        reserve.scaled_owed -= scaled
        reserve.available += amount

    def flash_loan(self, token: str, amount: int) -> int:
        """Lend for a transaction (`executeFlashLoanSimple`); returns what is to be given back."""
        reserve = self.reserves[token]
        _require(not reserve.paused, "29")
        _require(reserve.lends_by_flash, "91")
        _require(amount <= reserve.available, "liquidity")
        reserve.available -= amount
        return amount + percent_mul(amount, self.flash_premium)

    def flash_repaid(self, token: str, owed: int) -> None:
        """The end of a flash loan. The premium raises the reserve's liquidity index, which is the environment's."""
        self.reserves[token].available += owed

    def liquidated(self, collateral: str, seized: int, debt: str, repaid: int) -> None:
        """What a liquidation of the observed size does to the account. Raises Reverted at a health factor of 1."""
        _require(self.data().health < WAD, "45")
        taken, owed = self.reserves[collateral], self.reserves[debt]
        if seized == taken.supplied:
            taken.is_collateral = False
        self._burn_debt(owed, repaid)
        self._burn_supply(taken, seized)

    def data(self) -> AccountData:
        """The account as Aave values it."""
        pledged = [one for one in self.reserves.values() if one.is_collateral and one.threshold]
        worth = [(one, one.worth(one.supplied)) for one in pledged]
        collateral = sum(value for _, value in worth)
        debt = sum(one.worth(one.owed) for one in self.reserves.values() if one.is_borrowed)
        ltv = sum(value * one.risk.ltv for one, value in worth) // collateral if collateral else 0
        threshold = sum(value * one.risk.threshold for one, value in worth) // collateral if collateral else 0
        health = wad_div(percent_mul(collateral, threshold), debt) if debt else INFINITE
        return AccountData(collateral, debt, max(percent_mul(collateral, ltv) - debt, 0), threshold, ltv, health)
