"""Aave v3.0 (npm @aave/core-v3), deployed as its own scripts do, and the handles that tests turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lab.artifacts import Artifact, npm_artifact
from lab.feed import Feed
from lab.interface import Chain, Contract, Receipt
from lab.tokens import MAX, Token

ZERO = "0x" + "00" * 20
RAY = 10**27
VARIABLE = 2  # interest rate mode; mode 1 (stable) is disabled
BONUS_BPS = 10_500  # liquidators receive 5% more than they repay
RESERVE_FACTOR_BPS = 1_000
FLASH_PREMIUM_BPS = 5  # what mainnet takes; 0 until set
FLASH_TO_PROTOCOL_BPS = 2_000  # of the premium
ACCOUNT_USD = 10**8  # unit of AccountData's amounts

# What mainnet gives a main asset: 4% at the kink of 80% utilisation, 79% when all is lent out.
_RATES = (
    RAY * 80 // 100,
    0,
    RAY * 4 // 100,
    RAY * 75 // 100,
    RAY * 5 // 1000,
    RAY * 75 // 100,
    RAY // 100,
    RAY * 8 // 100,
    RAY * 20 // 100,
)
_POOL_LIBRARIES = ("SupplyLogic", "BorrowLogic", "LiquidationLogic", "EModeLogic", "BridgeLogic", "PoolLogic")


class AaveAsset(NamedTuple):
    """A reserve to list. `ltv_bps` 0 means: not collateral."""

    token: Token
    feed: Feed
    ltv_bps: int
    threshold_bps: int
    borrowable: bool


class AccountData(NamedTuple):
    """`getUserAccountData`: values in 1e-8 USD, thresholds in basis points, health factor in 1e-18."""

    collateral: int
    debt: int
    available: int
    threshold_bps: int
    ltv_bps: int
    health: int


@dataclass(frozen=True)
class Reserve:
    """A listed token with the tokens that stand for deposits and debts of it."""

    token: Token
    a_token: Contract
    debt_token: Contract


@dataclass
class AaveLab:
    """A running Aave market."""

    chain: Chain
    admin: str
    provider: Contract
    pool: Contract
    configurator: Contract
    oracle: Contract
    data_provider: Contract
    reserves: dict[str, Reserve] = field(default_factory=dict)

    def reserve(self, token: Token) -> Reserve:
        """The reserve of a token."""
        return self.reserves[token.symbol]

    def account(self, user: str) -> AccountData:
        """The user's position as Aave values it."""
        return AccountData(*self.pool.call("getUserAccountData", user))

    def supplied(self, user: str, token: Token) -> int:
        """Deposit of a user, with interest."""
        return int(self.reserve(token).a_token.call("balanceOf", user))

    def owed(self, user: str, token: Token) -> int:
        """Debt of a user, with interest."""
        return int(self.reserve(token).debt_token.call("balanceOf", user))

    def seed(self, user: str, token: Token, amount: int) -> Receipt:
        """Mint and supply."""
        token.provide(user, self.pool, amount)
        return self.supply(user, token, amount)

    def supply(self, user: str, token: Token, amount: int) -> Receipt:
        """Supply what the user holds and has approved."""
        return self.pool.send("supply", token, amount, user, 0, sender=user)

    def withdraw(self, user: str, token: Token, amount: int = MAX) -> Receipt:
        """Withdraw, all if no amount is given; the receipt's value is the amount."""
        return self.pool.send("withdraw", token, amount, user, sender=user)

    def borrow(self, user: str, token: Token, amount: int) -> Receipt:
        """Borrow at the variable rate."""
        return self.pool.send("borrow", token, amount, VARIABLE, 0, user, sender=user)

    def repay(self, user: str, token: Token, amount: int = MAX) -> Receipt:
        """Repay what the user holds and has approved, all if no amount is given; the value is the amount."""
        return self.pool.send("repay", token, amount, VARIABLE, user, sender=user)

    def liquidate(self, liquidator: str, user: str, collateral: Token, debt: Token, amount: int = MAX) -> Receipt:
        """Repay as much of a user's debt as is allowed and take collateral for it."""
        return self.pool.send("liquidationCall", collateral, debt, user, amount, False, sender=liquidator)

    def set_collateral(self, token: Token, ltv_bps: int, threshold_bps: int, bonus_bps: int = BONUS_BPS) -> None:
        """What governance may change under an open position."""
        self.configure("configureReserveAsCollateral", token, ltv_bps, threshold_bps, bonus_bps)

    def set_caps(self, token: Token, *, supply: int = 0, borrow: int = 0) -> None:
        """Caps in whole tokens; 0 is no cap."""
        self.configure("setSupplyCap", token, supply)
        self.configure("setBorrowCap", token, borrow)

    def freeze(self, token: Token, on: bool = True) -> None:
        """No new supply and no new debt; repaying and withdrawing go on."""
        self.configure("setReserveFreeze", token, on)

    def pause(self, token: Token, on: bool = True) -> None:
        """Nothing works for this token, liquidations included."""
        self.configure("setReservePause", token, on)

    def lend_by_flash(self, token: Token, on: bool = True) -> None:
        """Whether flash loans of this token are given."""
        self.configure("setReserveFlashLoaning", token, on)

    def set_flash_premium(self, bps: int) -> None:
        """What flash loans cost from now on."""
        self.configure("updateFlashloanPremiumTotal", bps)

    def configure(self, fn: str, *args: object) -> None:
        """Any call of the PoolConfigurator, as its admin."""
        self.configurator.send(fn, *args, sender=self.admin)


def deploy_aave(chain: Chain, admin: str, assets: Sequence[AaveAsset | tuple[Any, ...]]) -> AaveLab:
    """A market with these reserves, empty of deposits. `AaveAsset`s may be given as plain tuples."""
    listings = [AaveAsset(*asset) for asset in assets]
    provider = _deploy_provider(chain, admin)
    oracle = _deploy_oracle(chain, admin, provider, listings)
    pool, configurator = _deploy_pool(chain, admin, provider)
    data_provider = chain.deploy_artifact(_artifact("misc/AaveProtocolDataProvider"), provider.address, sender=admin)
    provider.send("setPoolDataProvider", data_provider, sender=admin)
    lab = AaveLab(chain, admin, provider, pool, configurator, oracle, data_provider)
    _list_reserves(lab, listings)
    lab.configure("updateFlashloanPremiumTotal", FLASH_PREMIUM_BPS)
    lab.configure("updateFlashloanPremiumToProtocol", FLASH_TO_PROTOCOL_BPS)
    return lab


def _artifact(path: str) -> Artifact:
    return npm_artifact("@aave/core-v3", path)


def _deploy_provider(chain: Chain, admin: str) -> Contract:
    provider = chain.deploy_artifact(
        _artifact("protocol/configuration/PoolAddressesProvider"), "lab", admin, sender=admin
    )
    provider.send("setACLAdmin", admin, sender=admin)  # before ACLManager, whose constructor reads it
    acl = chain.deploy_artifact(_artifact("protocol/configuration/ACLManager"), provider.address, sender=admin)
    provider.send("setACLManager", acl, sender=admin)
    acl.send("addPoolAdmin", admin, sender=admin)
    acl.send("addEmergencyAdmin", admin, sender=admin)
    return provider


def _deploy_oracle(chain: Chain, admin: str, provider: Contract, listings: list[AaveAsset]) -> Contract:
    if any(asset.feed.decimals != 8 for asset in listings):
        raise ValueError("Aave's oracle takes every answer as a price in 1e-8 USD: the feeds need 8 decimals")
    tokens = [asset.token.address for asset in listings]
    feeds = [asset.feed.address for asset in listings]
    args = (provider.address, tokens, feeds, ZERO, ZERO, ACCOUNT_USD)
    oracle = chain.deploy_artifact(_artifact("misc/AaveOracle"), *args, sender=admin)
    provider.send("setPriceOracle", oracle, sender=admin)
    return oracle


def _deploy_pool(chain: Chain, admin: str, provider: Contract) -> tuple[Contract, Contract]:
    libraries: dict[str, str] = {}
    for name in (*_POOL_LIBRARIES, "ConfiguratorLogic", "FlashLoanLogic"):  # the last links BorrowLogic
        artifact = _artifact(f"protocol/libraries/logic/{name}").linked(libraries)
        libraries[name] = chain.deploy_artifact(artifact, sender=admin).address
    pool = _artifact("protocol/pool/Pool")
    configurator = _artifact("protocol/pool/PoolConfigurator")
    pool_code = chain.deploy_artifact(pool.linked(libraries), provider.address, sender=admin)
    configurator_code = chain.deploy_artifact(configurator.linked(libraries), sender=admin)
    # The provider puts a proxy before each: what users call is the proxy.
    provider.send("setPoolImpl", pool_code, sender=admin)
    provider.send("setPoolConfiguratorImpl", configurator_code, sender=admin)
    return chain.at(pool, provider.call("getPool")), chain.at(configurator, provider.call("getPoolConfigurator"))


def _list_reserves(lab: AaveLab, listings: list[AaveAsset]) -> None:
    chain, admin = lab.chain, lab.admin
    rates = chain.deploy_artifact(
        _artifact("protocol/pool/DefaultReserveInterestRateStrategy"),
        lab.provider.address,
        *_RATES,
        sender=admin,
    )
    a_token, stable, variable = (
        chain.deploy_artifact(_artifact(f"protocol/tokenization/{name}"), lab.pool.address, sender=admin)
        for name in ("AToken", "StableDebtToken", "VariableDebtToken")
    )
    lab.configure(
        "initReserves",
        [_reserve_input(asset.token, a_token, stable, variable, rates, admin) for asset in listings],
    )
    for asset in listings:
        _configure_reserve(lab, asset)
        a_address, _, debt_address = lab.data_provider.call("getReserveTokensAddresses", asset.token)
        lab.reserves[asset.token.symbol] = Reserve(
            asset.token,
            Contract(chain, a_token.abi, a_address, f"a{asset.token.symbol}"),
            Contract(chain, variable.abi, debt_address, f"debt{asset.token.symbol}"),
        )


def _reserve_input(
    token: Token, a_token: Contract, stable: Contract, variable: Contract, rates: Contract, treasury: str
) -> tuple[object, ...]:
    names = [f"{kind}{token.symbol}" for kind in ("Aave ", "a", "Aave debt ", "debt", "Aave stable ", "sdebt")]
    return (a_token, stable, variable, token.decimals, rates, token, treasury, ZERO, *names, b"")


def _configure_reserve(lab: AaveLab, asset: AaveAsset) -> None:
    if asset.ltv_bps:
        lab.set_collateral(asset.token, asset.ltv_bps, asset.threshold_bps)
    if asset.borrowable:
        lab.configure("setReserveBorrowing", asset.token, True)
    lab.configure("setReserveFlashLoaning", asset.token, True)
    lab.configure("setReserveFactor", asset.token, RESERVE_FACTOR_BPS)
