"""Morpho Blue (npm @morpho-org/morpho-blue), compiled from its sources, with one market over two of the lab's feeds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from lab.artifacts import HERE, Solc, npm_source, vyper_artifact
from lab.feed import Feed
from lab.interface import Chain, Contract, Receipt
from lab.tokens import Token

WAD: int = 10**18
LLTV: int = 86 * WAD // 100  # of Morpho's own, the one that loans against ether mostly have

# The deployed code comes out of the new code generator, which takes four times as long to run.
_SOLC = Solc("solc-0.8.19", "paris")
_PACKAGE = "@morpho-org/morpho-blue"


class Position(NamedTuple):
    """An account as Morpho stores it."""

    supply_shares: int
    borrow_shares: int
    collateral: int


class Market(NamedTuple):
    """A market as Morpho stores it: interest since `last_update` is in none of the numbers."""

    supply_assets: int
    supply_shares: int
    borrow_assets: int
    borrow_shares: int
    last_update: int
    fee: int


@dataclass(frozen=True)
class MorphoLab:
    """Morpho and one market. Its interest is that of the package's own mock: the part that is lent out, per year."""

    chain: Chain
    admin: str
    contract: Contract
    irm: Contract
    oracle: Contract
    collateral: Token
    loan: Token
    lltv: int

    @property
    def address(self) -> str:
        return self.contract.address

    @property
    def params(self) -> tuple[str, str, str, str, int]:
        """MarketParams, which all calls name the market by."""
        return (
            self.loan.address,
            self.collateral.address,
            self.oracle.address,
            self.irm.address,
            self.lltv,
        )

    @property
    def id(self) -> bytes:
        """The market's id."""
        return market_id(self.params)

    def market(self) -> Market:
        return Market(*self.contract.call("market", self.id))

    def position(self, user: str) -> Position:
        return Position(*self.contract.call("position", self.id, user))

    def price(self) -> int:
        """Units of the loan for 10^36 units of collateral, as the market's oracle says."""
        return int(self.oracle.call("price"))

    def owed(self, user: str) -> int:
        """A debt with interest to now, as Morpho would book it: booked, read, and put back."""
        before = self.chain.snapshot()
        try:
            self.contract.send("accrueInterest", self.params)
            market, shares = self.market(), self.position(user).borrow_shares
            return -(-shares * (market.borrow_assets + 1) // (market.borrow_shares + 10**6))
        finally:
            self.chain.revert(before)

    def lent(self, user: str) -> int:
        """What is lent out, with interest to now, less the fee, as Morpho would book it: booked, read, and put back."""
        before = self.chain.snapshot()
        try:
            self.contract.send("accrueInterest", self.params)
            market, shares = self.market(), self.position(user).supply_shares
            return shares * (market.supply_assets + 1) // (market.supply_shares + 10**6)
        finally:
            self.chain.revert(before)

    def rate(self) -> int:
        """Interest per second now, in 10^-18."""
        return int(self.irm.call("borrowRateView", self.params, tuple(self.market())))

    # ── what users do ──────────────────────────────────────────────────────────────────────

    def seed(self, user: str, amount: int) -> Receipt:
        """Mint and lend."""
        self.loan.provide(user, self.contract, amount)
        return self.contract.send("supply", self.params, amount, 0, user, b"", sender=user)

    def withdraw(self, user: str, amount: int) -> Receipt:
        """Take back what was lent."""
        return self.contract.send("withdraw", self.params, amount, 0, user, user, sender=user)

    def pledge(self, user: str, amount: int, of: str | None = None) -> Receipt:
        """Mint collateral and supply it, perhaps in another's name."""
        self.collateral.provide(user, self.contract, amount)
        return self.contract.send("supplyCollateral", self.params, amount, of or user, b"", sender=user)

    def release(self, user: str, amount: int) -> Receipt:
        """Take collateral back."""
        return self.contract.send("withdrawCollateral", self.params, amount, user, user, sender=user)

    def borrow(self, user: str, amount: int) -> Receipt:
        return self.contract.send("borrow", self.params, amount, 0, user, user, sender=user)

    def repay(self, user: str, amount: int, of: str | None = None) -> Receipt:
        """Mint and repay, perhaps another's debt."""
        self.loan.provide(user, self.contract, amount)
        return self.contract.send("repay", self.params, amount, 0, of or user, b"", sender=user)

    def repay_shares(self, user: str, shares: int) -> Receipt:
        """Repay by shares what the user holds and has approved."""
        return self.contract.send("repay", self.params, 0, shares, user, b"", sender=user)

    def liquidate(self, liquidator: str, user: str, *, seized: int = 0, repaid_shares: int = 0) -> Receipt:
        """Take collateral for debt; the liquidator holds and has approved what he repays."""
        return self.contract.send("liquidate", self.params, user, seized, repaid_shares, b"", sender=liquidator)

    # ── what tests turn ────────────────────────────────────────────────────────────────────

    def set_fee(self, fee: int, recipient: str) -> None:
        """The part of all interest that is not the lenders', in 10^-18; at most a quarter."""
        if self.contract.call("feeRecipient") != recipient:
            self.contract.send("setFeeRecipient", recipient, sender=self.admin)
        if self.market().fee != fee:
            self.contract.send("setFee", self.params, fee, sender=self.admin)

    def misprice(self, factor: Fraction) -> None:
        """The market's oracle tells this part of what the feeds say; the vault's prices stay."""
        self.oracle.send("set_factor", int(factor * WAD), sender=self.admin)

    def other_market(self, *, lltv: int | None = None, oracle: Contract | None = None) -> MorphoLab:
        """Another market of the same contract and tokens, made now."""
        other = replace(self, lltv=lltv or self.lltv, oracle=oracle or self.oracle)
        _create(other)
        return other


def market_id(params: tuple[str, str, str, str, int]) -> bytes:
    """keccak256 of the five words of MarketParams."""
    from eth_abi.abi import encode
    from eth_utils.crypto import keccak

    return bytes(keccak(encode(["address", "address", "address", "address", "uint256"], params)))


def deploy_oracle(chain: Chain, admin: str, collateral: tuple[Token, Feed], loan: tuple[Token, Feed]) -> Contract:
    """An oracle over two feeds of as many decimals."""
    if collateral[1].decimals != loan[1].decimals:
        raise ValueError("the feeds need the same decimals")
    scale = 10 ** (36 + loan[0].decimals - collateral[0].decimals)
    artifact = vyper_artifact(HERE / "morpho_oracle.vy")
    return chain.deploy_artifact(artifact, collateral[1].address, loan[1].address, scale, sender=admin)


def deploy_morpho(
    chain: Chain, admin: str, collateral: tuple[Token, Feed], loan: tuple[Token, Feed], lltv: int = LLTV
) -> MorphoLab:
    """Morpho with a market for loans of one token against the other, in which nobody has lent anything."""
    morpho = chain.deploy_artifact(npm_source(_PACKAGE, "src/Morpho", _SOLC), admin, sender=admin)
    irm = chain.deploy_artifact(npm_source(_PACKAGE, "src/mocks/IrmMock", _SOLC), sender=admin)
    morpho.send("enableIrm", irm, sender=admin)
    oracle = deploy_oracle(chain, admin, collateral, loan)
    lab = MorphoLab(chain, admin, morpho, irm, oracle, collateral[0], loan[0], lltv)
    _create(lab)
    return lab


def _create(lab: MorphoLab) -> None:
    if not lab.contract.call("isLltvEnabled", lab.lltv):
        lab.contract.send("enableLltv", lab.lltv, sender=lab.admin)
    lab.contract.send("createMarket", lab.params, sender=lab.admin)
