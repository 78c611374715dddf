# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Perp v2 (Curie) adapter
@notice What this contract's own account has in one market: cash, and a short that is to be bought back. Cash is margin
        with realized profit, funding to this second, and what the short was sold for: value = cash - size * price.
@dev Layouts: Perp v2.6.0 `IClearingHouse`, `IVault`, `IAccountBalance`, `IExchange`; ratios, of 24 bits there, are read
     as whole words. Margin has the decimals of its token, all else 18; `scale` is what one smallest unit of margin counts
     there. The account has no orders, no other market, and is never long: this contract alone trades for it.
"""

from ethereum.ercs import IERC20

from . import arith
from . import tokens

struct OpenPosition:
    base_token: address
    is_base_to_quote: bool
    is_exact_input: bool
    amount: uint256
    opposite_amount_bound: uint256
    deadline: uint256
    sqrt_price_limit: uint160
    referral: bytes32

# The contracts of one deployment, as its clearing house names them, and the virtual token of one market.
struct Market:
    house: address
    vault: address
    balances: address
    exchange: address
    base: address
    scale: uint256

interface ClearingHouse:
    def getVault() -> address: view
    def getAccountBalance() -> address: view
    def getExchange() -> address: view
    def getClearingHouseConfig() -> address: view
    def openPosition(params: OpenPosition) -> (uint256, uint256): nonpayable

interface MarginVault:
    def decimals() -> uint8: view
    def getSettlementToken() -> address: view
    def getBalance(trader: address) -> int256: view
    def deposit(token: address, amount: uint256): nonpayable
    def withdraw(token: address, amount: uint256): nonpayable

interface AccountBalance:
    def getTakerPositionSize(trader: address, base: address) -> int256: view
    def getTakerOpenNotional(trader: address, base: address) -> int256: view
    def getPnlAndPendingFee(trader: address) -> (int256, int256, uint256): view
    def getMarkPrice(base: address) -> uint256: view

interface Exchange:
    def getPendingFundingPayment(trader: address, base: address) -> int256: view
    def getMaxTickCrossedWithinBlock(base: address) -> uint24: view

interface Config:
    def getImRatio() -> uint256: view
    def getMmRatio() -> uint256: view
    def getLiquidationPenaltyRatio() -> uint256: view

interface BaseToken:
    def isOpen() -> bool: view
    def getIndexPrice(interval: uint256) -> uint256: view


@internal
@view
def market(house: address, base: address) -> Market:
    """
    @notice The contracts behind a clearing house.
    """
    vault: address = staticcall ClearingHouse(house).getVault()
    return Market(
        house=house,
        vault=vault,
        balances=staticcall ClearingHouse(house).getAccountBalance(),
        exchange=staticcall ClearingHouse(house).getExchange(),
        base=base,
        scale=10 ** (18 - convert(staticcall MarginVault(vault).decimals(), uint256)),
    )


@internal
@view
def check_market(at: Market, token: address, price: uint256):
    """
    @notice Reverts unless margin is this token, the market is open and traded in, and its index says of the other token
            what the vault's feed says, to the digits of a feed.
    """
    assert staticcall MarginVault(at.vault).getSettlementToken() == token, "perp_v2: margin is another token"
    assert staticcall BaseToken(at.base).isOpen(), "perp_v2: the market is not open"
    assert staticcall Exchange(at.exchange).getMaxTickCrossedWithinBlock(at.base) > 0, "perp_v2: no such market"
    index: uint256 = staticcall BaseToken(at.base).getIndexPrice(0)
    assert max(index, price) - min(index, price) <= 10**10, "perp_v2: the index differs from the feed"


@internal
@view
def check_terms(at: Market, initial: uint256, maintenance: uint256, penalty: uint256):
    """
    @notice Reverts where the protocol asks for more margin than was proved, or takes more for a liquidation; in millionths.
    """
    config: address = staticcall ClearingHouse(at.house).getClearingHouseConfig()
    assert staticcall Config(config).getImRatio() <= initial, "perp_v2: initial margin was raised"
    assert staticcall Config(config).getMmRatio() <= maintenance, "perp_v2: maintenance was raised"
    taken: uint256 = staticcall Config(config).getLiquidationPenaltyRatio()
    assert taken <= penalty, "perp_v2: the penalty was raised"


@internal
@view
def shortfall(at: Market, initial: uint256, maintenance: uint256, penalty: uint256) -> uint256:
    """
    @notice By how much the protocol asks and takes more than was proved, in millionths, in all; one more while the market
            is paused or closed, when a short is no longer worth what the feed says.
    """
    config: address = staticcall ClearingHouse(at.house).getClearingHouseConfig()
    asked: uint256 = arith.monus(staticcall Config(config).getImRatio(), initial)
    kept: uint256 = arith.monus(staticcall Config(config).getMmRatio(), maintenance)
    taken: uint256 = arith.monus(staticcall Config(config).getLiquidationPenaltyRatio(), penalty)
    return asked + kept + taken + convert(not staticcall BaseToken(at.base).isOpen(), uint256)


@internal
@view
def short(at: Market) -> uint256:
    """
    @notice What was sold and is to be bought back, 18 decimals.
    """
    size: int256 = staticcall AccountBalance(at.balances).getTakerPositionSize(self, at.base)
    return convert(-size, uint256) if size < 0 else 0


@internal
@view
def cash(at: Market) -> uint256:
    """
    @notice Margin with profit and funding, and what the short was sold for, in the margin's token, rounded down: the
            account's value, were there nothing to buy back. Nothing where that is less than nothing.
    """
    sold: int256 = staticcall AccountBalance(at.balances).getTakerOpenNotional(self, at.base)
    return self._units(at, self._realized(at) + sold)


@internal
@view
def realized(at: Market, token: address) -> uint256:
    """
    @notice What of the cash is not bound to the short, rounded down, as far as the protocol has it: no more can be
            withdrawn. Profit is withdrawn only once it is realized, by buying back.
    """
    held: uint256 = staticcall IERC20(token).balanceOf(at.vault)
    return min(self._units(at, self._realized(at)), held)


@internal
@view
def _realized(at: Market) -> int256:
    owed: int256 = 0
    unrealized: int256 = 0
    fee: uint256 = 0
    owed, unrealized, fee = staticcall AccountBalance(at.balances).getPnlAndPendingFee(self)
    funding: int256 = staticcall Exchange(at.exchange).getPendingFundingPayment(self, at.base)
    booked: int256 = staticcall MarginVault(at.vault).getBalance(self)
    return booked * convert(at.scale, int256) + owed - funding


@internal
@pure
def _units(at: Market, amount: int256) -> uint256:
    return convert(amount, uint256) // at.scale if amount > 0 else 0


@internal
def deposit(at: Market, token: address, amount: uint256):
    """
    @notice Put margin in.
    """
    tokens.allow(token, at.vault, amount)
    extcall MarginVault(at.vault).deposit(token, amount)


@internal
def withdraw(at: Market, token: address, amount: uint256):
    """
    @notice Take margin out, which the protocol lets go while what is left is the initial margin of the short.
    """
    extcall MarginVault(at.vault).withdraw(token, amount)


@internal
def settle(at: Market):
    """
    @notice Have funding booked up to now: what is pending counts for all the time since anybody did. Nothing where the
            house is paused.
    """
    settled: bool = raw_call(
        at.house, abi_encode(self, method_id=method_id("settleAllFunding(address)")), revert_on_failure=False
    )


@internal
def sell(at: Market, amount: uint256, least: uint256):
    """
    @notice Enlarge the short by exactly so much, for at least so much margin token, the protocol's fee taken off.
    """
    self._trade(at, True, amount, max(least * at.scale, 1))


@internal
def buy(at: Market, amount: uint256, most: uint256):
    """
    @notice Buy back exactly so much of the short, for at most so much margin token, the protocol's fee included.
    """
    self._trade(at, False, amount, max(most * at.scale, 1))


@internal
def _trade(at: Market, sells: bool, amount: uint256, bound: uint256):
    """
    @dev A bound of 0 would be none. What the pool cannot fill whole is refused, where the protocol would stop short.
    """
    params: OpenPosition = OpenPosition(
        base_token=at.base,
        is_base_to_quote=sells,
        is_exact_input=sells,
        amount=amount,
        opposite_amount_bound=bound,
        deadline=block.timestamp,
        sqrt_price_limit=0,
        referral=empty(bytes32),
    )
    base: uint256 = 0
    quote: uint256 = 0
    base, quote = extcall ClearingHouse(at.house).openPosition(params)
    assert base == amount, "perp_v2: filled in part"
