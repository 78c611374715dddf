"""Aave v3.0 and v3.2, deployed as their own scripts do, and the handles that tests turn.

3.0 is npm's @aave/core-v3. 3.2, in which assets are in categories (eMode) by bitmaps and there is no stable debt, is
read from the wheel of web3-ethereum-defi.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from eth_abi.abi import encode

from lab.artifacts import HERE, Artifact, npm_artifact, vyper_artifact
from lab.feed import Feed, deploy_feed
from lab.interface import Chain, Contract, Receipt
from lab.tokens import MAX, Token
from lab.wheels import aave_v32_artifact

ZERO = "0x" + "00" * 20
RAY = 10**27
VARIABLE = 2  # interest rate mode; mode 1 (stable) is disabled
BONUS_BPS = 10_500  # liquidators receive 5% more than they repay
RESERVE_FACTOR_BPS = 1_000
FLASH_PREMIUM_BPS = 5  # what mainnet takes; 0 until set
FLASH_TO_PROTOCOL_BPS = 2_000  # of the premium
ACCOUNT_USD = 10**8  # unit of AccountData's amounts

CATEGORY_BONUS_BPS = 10_100

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
_RATES_BPS = (8_000, 0, 400, 7_500)  # the same, as 3.2 wants it
_POOL_LIBRARIES = ("SupplyLogic", "BorrowLogic", "LiquidationLogic", "EModeLogic", "BridgeLogic", "PoolLogic")


@dataclass(frozen=True)
class Generation:
    """A published version: its artefacts by their path in aave-v3-core, and which of them users call and hold."""

    artifact: Callable[[str], Artifact]
    pool: str
    configurator: str
    tokens: tuple[str, ...]  # aToken first, variable debt last
    rates: str
    has_bitmaps: bool


V30 = Generation(
    lambda path: npm_artifact("@aave/core-v3", path),
    "protocol/pool/Pool",
    "protocol/pool/PoolConfigurator",
    ("AToken", "StableDebtToken", "VariableDebtToken"),
    "DefaultReserveInterestRateStrategy",
    has_bitmaps=False,
)
V32 = Generation(
    lambda path: aave_v32_artifact(path.rsplit("/", 1)[-1]),
    "PoolInstance",
    "PoolConfiguratorInstance",
    ("ATokenInstance", "VariableDebtTokenInstance"),
    "DefaultReserveInterestRateStrategyV2",
    has_bitmaps=True,
)


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
    generation: Generation
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

    def set_category(
        self, category: int, ltv_bps: int, threshold_bps: int, collateral: Sequence[Token], loans: Sequence[Token]
    ) -> None:
        """Risk parameters of a category of assets (eMode); in 3.0 what is collateral in it can be borrowed too."""
        risk = (category, ltv_bps, threshold_bps, CATEGORY_BONUS_BPS)
        if not self.generation.has_bitmaps:
            self.configure("setEModeCategory", *risk, ZERO, "lab")
            for token in {*collateral, *loans}:
                self.configure("setAssetEModeCategory", token, category)
            return
        self.configure("setEModeCategory", *risk, "lab")
        for token in collateral:
            self.configure("setAssetCollateralInEMode", token, category, True)
        for token in loans:
            self.configure("setAssetBorrowableInEMode", token, category, True)

    def set_caps(self, token: Token, *, supply: int = 0, borrow: int = 0) -> None:
        """Caps in whole tokens; 0 is no cap."""
        self.configure("setSupplyCap", token, supply)
        self.configure("setBorrowCap", token, borrow)

    def set_rate(self, token: Token, percent: int) -> None:
        """So many percent a year when all of a token is lent out, from the next borrowing or repayment on."""
        slope = RAY * percent // 100 - _RATES[2]
        rates = _deploy_rates(self.chain, self.admin, self.provider, slope)
        self.configure("setReserveInterestRateStrategyAddress", token, rates)

    def list_reserve(self, asset: AaveAsset, source: Contract) -> None:
        """One more reserve, priced by `source` (`latestAnswer` in 10^-8 USD)."""
        self.oracle.send("setAssetSources", [asset.token.address], [source.address], sender=self.admin)
        _list_reserves(self, [asset])

    def misread(self, token: Token, feed: Feed, factor: Fraction) -> None:
        """Aave's own oracle tells this part of what a feed says; the feed itself, which vaults read, stays."""
        part = deploy_feed(self.chain, self.admin, "part", factor)
        product = vyper_artifact(HERE / "product_feed.vy")
        source = self.chain.deploy_artifact(product, part.address, feed.address, sender=self.admin)
        self.oracle.send("setAssetSources", [token.address], [source.address], sender=self.admin)

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


def deploy_aave(
    chain: Chain, admin: str, assets: Sequence[AaveAsset | tuple[Any, ...]], generation: Generation = V30
) -> AaveLab:
    """A market with these reserves, empty of deposits. `AaveAsset`s may be given as plain tuples."""
    listings = [AaveAsset(*asset) for asset in assets]
    provider = _deploy_provider(chain, admin, generation)
    oracle = _deploy_oracle(chain, admin, provider, listings, generation)
    pool, configurator = _deploy_pool(chain, admin, provider, generation)
    data = generation.artifact("misc/AaveProtocolDataProvider")
    data_provider = chain.deploy_artifact(data, provider.address, sender=admin)
    provider.send("setPoolDataProvider", data_provider, sender=admin)
    lab = AaveLab(chain, admin, generation, provider, pool, configurator, oracle, data_provider)
    _list_reserves(lab, listings)
    lab.configure("updateFlashloanPremiumTotal", FLASH_PREMIUM_BPS)
    lab.configure("updateFlashloanPremiumToProtocol", FLASH_TO_PROTOCOL_BPS)
    return lab


def _deploy_provider(chain: Chain, admin: str, generation: Generation) -> Contract:
    provider = chain.deploy_artifact(
        generation.artifact("protocol/configuration/PoolAddressesProvider"), "lab", admin, sender=admin
    )
    provider.send("setACLAdmin", admin, sender=admin)  # before ACLManager, whose constructor reads it
    manager = generation.artifact("protocol/configuration/ACLManager")
    acl = chain.deploy_artifact(manager, provider.address, sender=admin)
    provider.send("setACLManager", acl, sender=admin)
    acl.send("addPoolAdmin", admin, sender=admin)
    acl.send("addEmergencyAdmin", admin, sender=admin)
    return provider


def _deploy_oracle(
    chain: Chain, admin: str, provider: Contract, listings: list[AaveAsset], generation: Generation
) -> Contract:
    if any(asset.feed.decimals != 8 for asset in listings):
        raise ValueError("Aave's oracle takes every answer as a price in 1e-8 USD: the feeds need 8 decimals")
    tokens = [asset.token.address for asset in listings]
    feeds = [asset.feed.address for asset in listings]
    args = (provider.address, tokens, feeds, ZERO, ZERO, ACCOUNT_USD)
    oracle = chain.deploy_artifact(generation.artifact("misc/AaveOracle"), *args, sender=admin)
    provider.send("setPriceOracle", oracle, sender=admin)
    return oracle


def _deploy_pool(chain: Chain, admin: str, provider: Contract, generation: Generation) -> tuple[Contract, Contract]:
    libraries: dict[str, str] = {}
    for name in (*_POOL_LIBRARIES, "ConfiguratorLogic", "FlashLoanLogic"):  # the last links BorrowLogic
        artifact = generation.artifact(f"protocol/libraries/logic/{name}").linked(libraries)
        libraries[name] = chain.deploy_artifact(artifact, sender=admin).address
    pool, configurator = generation.artifact(generation.pool), generation.artifact(generation.configurator)
    pool_code = chain.deploy_artifact(pool.linked(libraries), provider.address, sender=admin)
    configurator_code = chain.deploy_artifact(configurator.linked(libraries), sender=admin)
    # The provider puts a proxy before each: what users call is the proxy.
    provider.send("setPoolImpl", pool_code, sender=admin)
    provider.send("setPoolConfiguratorImpl", configurator_code, sender=admin)
    return chain.at(pool, provider.call("getPool")), chain.at(configurator, provider.call("getPoolConfigurator"))


def _deploy_rates(chain: Chain, admin: str, provider: Contract, slope: int) -> Contract:
    """Of 3.0: the usual curve, but for how steep it is above the kink (rays)."""
    artifact = V30.artifact(f"protocol/pool/{V30.rates}")
    return chain.deploy_artifact(artifact, provider.address, *_RATES[:3], slope, *_RATES[4:], sender=admin)


def _list_reserves(lab: AaveLab, listings: list[AaveAsset]) -> None:
    chain, admin, generation = lab.chain, lab.admin, lab.generation
    if generation.has_bitmaps:
        curve = generation.artifact(f"protocol/pool/{generation.rates}")
        rates = chain.deploy_artifact(curve, lab.provider.address, sender=admin)
    else:
        rates = _deploy_rates(chain, admin, lab.provider, _RATES[3])
    tokens = [
        chain.deploy_artifact(generation.artifact(f"protocol/tokenization/{name}"), lab.pool.address, sender=admin)
        for name in generation.tokens
    ]
    build = _reserve_of_32 if generation.has_bitmaps else _reserve_of_30
    lab.configure("initReserves", [build(asset.token, tokens, rates, admin) for asset in listings])
    for asset in listings:
        _configure_reserve(lab, asset)
        a_address, _, debt_address = lab.data_provider.call("getReserveTokensAddresses", asset.token)
        lab.reserves[asset.token.symbol] = Reserve(
            asset.token,
            Contract(chain, tokens[0].abi, a_address, f"a{asset.token.symbol}"),
            Contract(chain, tokens[-1].abi, debt_address, f"debt{asset.token.symbol}"),
        )


def _reserve_of_30(token: Token, tokens: list[Contract], rates: Contract, treasury: str) -> tuple[object, ...]:
    names = [f"{kind}{token.symbol}" for kind in ("Aave ", "a", "Aave debt ", "debt", "Aave stable ", "sdebt")]
    return (*tokens, token.decimals, rates, token, treasury, ZERO, *names, b"")


def _reserve_of_32(token: Token, tokens: list[Contract], rates: Contract, treasury: str) -> tuple[object, ...]:
    names = [f"{kind}{token.symbol}" for kind in ("Aave ", "a", "Aave debt ", "debt")]
    return (*tokens, True, rates, token, treasury, ZERO, *names, b"", encode(["uint256"] * 4, _RATES_BPS))


def _configure_reserve(lab: AaveLab, asset: AaveAsset) -> None:
    if asset.ltv_bps:
        lab.set_collateral(asset.token, asset.ltv_bps, asset.threshold_bps)
    if asset.borrowable:
        lab.configure("setReserveBorrowing", asset.token, True)
    lab.configure("setReserveFlashLoaning", asset.token, True)
    lab.configure("setReserveFactor", asset.token, RESERVE_FACTOR_BPS)
