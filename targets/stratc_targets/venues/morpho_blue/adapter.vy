# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Morpho Blue adapter
@notice What this contract's own account has in one market: collateral, debt, and what it lends out. Debts and loans are
        kept in shares, whose worth grows with interest that Morpho books only when somebody acts; here it is counted to
        the second.
@dev Layouts and formulas: morpho-blue 1.0.0 `IMorpho`, `SharesMathLib`, `MathLib`, `MorphoBalancesLib`.
"""

from . import tokens

WAD: constant(uint256) = 10**18
PRICE_SCALE: constant(uint256) = 10**36
VIRTUAL_SHARES: constant(uint256) = 10**6

# Units of 10^-18 USD by which a price of the vault may fall short of what its feeds say: where one token is told in
# another, products are rounded down.
LAST_DIGITS: constant(uint256) = 4

struct MarketParams:
    loan_token: address
    collateral_token: address
    oracle: address
    irm: address
    lltv: uint256

struct Market:
    total_supply_assets: uint128
    total_supply_shares: uint128
    total_borrow_assets: uint128
    total_borrow_shares: uint128
    last_update: uint128
    fee: uint128

struct Position:
    supply_shares: uint256
    borrow_shares: uint128
    collateral: uint128

interface Morpho:
    def market(id: bytes32) -> Market: view
    def position(id: bytes32, user: address) -> Position: view
    def supply(
        market: MarketParams, assets: uint256, shares: uint256, on_behalf: address, data: Bytes[1]
    ) -> (uint256, uint256): nonpayable
    def withdraw(
        market: MarketParams, assets: uint256, shares: uint256, on_behalf: address, receiver: address
    ) -> (uint256, uint256): nonpayable
    def supplyCollateral(
        market: MarketParams, assets: uint256, on_behalf: address, data: Bytes[1]
    ): nonpayable
    def withdrawCollateral(
        market: MarketParams, assets: uint256, on_behalf: address, receiver: address
    ): nonpayable
    def borrow(
        market: MarketParams, assets: uint256, shares: uint256, on_behalf: address, receiver: address
    ) -> (uint256, uint256): nonpayable
    def repay(
        market: MarketParams, assets: uint256, shares: uint256, on_behalf: address, data: Bytes[1]
    ) -> (uint256, uint256): nonpayable
    def flashLoan(token: address, assets: uint256, data: Bytes[1]): nonpayable

interface InterestRateModel:
    def borrowRateView(params: MarketParams, market: Market) -> uint256: view

interface Oracle:
    def price() -> uint256: view


@internal
@pure
def market_id(market: MarketParams) -> bytes32:
    """
    @notice The name of the market with these parameters, none of which anybody can change.
    """
    return keccak256(abi_encode(market))


@internal
@view
def check_market(morpho: address, id: bytes32):
    """
    @notice Reverts unless there is such a market: of these tokens, with this threshold, oracle and interest rate model.
    """
    assert (staticcall Morpho(morpho).market(id)).last_update != 0, "morpho_blue: no such market"


@internal
@view
def check_oracle(source: address, price: uint256, unit: uint256, loan_price: uint256, loan_unit: uint256):
    """
    @notice Reverts unless the market's oracle says of the collateral what these prices of both tokens say, up to their
            last digits and a unit of its scale.
    """
    scale: uint256 = PRICE_SCALE * loan_unit // unit
    told: uint256 = scale * price // loan_price
    found: uint256 = staticcall Oracle(source).price()
    slack: uint256 = LAST_DIGITS * (scale + told) // loan_price + 1
    assert max(told, found) - min(told, found) <= slack, "morpho_blue: the oracle differs from the feeds"


@internal
@view
def collateral(morpho: address, id: bytes32) -> uint256:
    """
    @notice Collateral held, which nobody else borrows: all of it can be withdrawn that no debt needs.
    """
    return convert((staticcall Morpho(morpho).position(id, self)).collateral, uint256)


@internal
@view
def owed(morpho: address, id: bytes32, params: MarketParams) -> uint256:
    """
    @notice Debt, interest to this block included, rounded up: what repaying all of it takes.
    """
    shares: uint256 = convert((staticcall Morpho(morpho).position(id, self)).borrow_shares, uint256)
    if shares == 0:
        return 0
    market: Market = staticcall Morpho(morpho).market(id)
    assets: uint256 = convert(market.total_borrow_assets, uint256) + self._interest(params, market)
    all_shares: uint256 = convert(market.total_borrow_shares, uint256) + VIRTUAL_SHARES
    return (shares * (assets + 1) + all_shares - 1) // all_shares


@internal
@view
def _interest(params: MarketParams, market: Market) -> uint256:
    """
    @dev What borrowers owe beyond what is booked, up to this block.
    """
    elapsed: uint256 = block.timestamp - convert(market.last_update, uint256)
    if elapsed == 0 or params.irm == empty(address):
        return 0
    first: uint256 = elapsed * staticcall InterestRateModel(params.irm).borrowRateView(params, market)
    second: uint256 = first * first // (2 * WAD)
    compounded: uint256 = first + second + second * first // (3 * WAD)
    return convert(market.total_borrow_assets, uint256) * compounded // WAD


@internal
@view
def lent(morpho: address, id: bytes32, params: MarketParams) -> uint256:
    """
    @notice What is lent out, interest to this block included, less the fee, rounded down: what all its shares are paid.
    """
    shares: uint256 = (staticcall Morpho(morpho).position(id, self)).supply_shares
    if shares == 0:
        return 0
    market: Market = staticcall Morpho(morpho).market(id)
    interest: uint256 = self._interest(params, market)
    assets: uint256 = convert(market.total_supply_assets, uint256) + interest
    all_shares: uint256 = convert(market.total_supply_shares, uint256) + VIRTUAL_SHARES
    taken: uint256 = interest * convert(market.fee, uint256) // WAD
    all_shares += taken * all_shares // (assets - taken + 1)
    return shares * (assets + 1) // all_shares


@internal
@view
def not_borrowed(morpho: address, id: bytes32) -> uint256:
    """
    @notice What of all that is lent out in the market could be drawn now. Interest is the borrowers' and the lenders' alike.
    """
    market: Market = staticcall Morpho(morpho).market(id)
    return convert(market.total_supply_assets - market.total_borrow_assets, uint256)


@internal
def supply(morpho: address, params: MarketParams, amount: uint256):
    """
    @notice Lend. Reverts where a share has become worth more than a unit, as `borrow` does.
    """
    tokens.allow(params.loan_token, morpho, amount)
    taken: uint256 = 0
    shares: uint256 = 0
    taken, shares = extcall Morpho(morpho).supply(params, amount, 0, self, b"")
    assert shares >= amount, "morpho_blue: a share is worth more than a unit"


@internal
def withdraw(morpho: address, id: bytes32, params: MarketParams, amount: uint256):
    """
    @notice Draw no more than is lent. All of it is drawn by its shares, so that nothing of it remains.
    """
    assets: uint256 = amount
    shares: uint256 = 0
    if amount == self.lent(morpho, id, params):
        assets = 0
        shares = (staticcall Morpho(morpho).position(id, self)).supply_shares
    paid: uint256 = 0
    burnt: uint256 = 0
    paid, burnt = extcall Morpho(morpho).withdraw(params, assets, shares, self, self)
    assert paid == amount, "morpho_blue: paid less"


@internal
def supply_collateral(morpho: address, params: MarketParams, amount: uint256):
    """
    @notice Supply collateral.
    """
    tokens.allow(params.collateral_token, morpho, amount)
    extcall Morpho(morpho).supplyCollateral(params, amount, self, b"")


@internal
def withdraw_collateral(morpho: address, params: MarketParams, amount: uint256):
    """
    @notice Take collateral back. Reverts where debt would not stay covered.
    """
    extcall Morpho(morpho).withdrawCollateral(params, amount, self, self)


@internal
def borrow(morpho: address, params: MarketParams, amount: uint256):
    """
    @notice Borrow. Reverts where a share of debt has become worth more than a unit: then one share more or less would be
            more than is proved of rounding.
    """
    borrowed: uint256 = 0
    shares: uint256 = 0
    borrowed, shares = extcall Morpho(morpho).borrow(params, amount, 0, self, self)
    assert shares >= amount, "morpho_blue: a share is worth more than a unit"


@internal
def repay(morpho: address, id: bytes32, params: MarketParams, amount: uint256):
    """
    @notice Repay no more than is owed. All of it is repaid by its shares, so that nothing of it remains: as many assets
            would be worth a few shares more than there are.
    """
    tokens.allow(params.loan_token, morpho, amount)
    assets: uint256 = amount
    shares: uint256 = 0
    if amount == self.owed(morpho, id, params):
        assets = 0
        shares = convert((staticcall Morpho(morpho).position(id, self)).borrow_shares, uint256)
    taken: uint256 = 0
    burnt: uint256 = 0
    taken, burnt = extcall Morpho(morpho).repay(params, assets, shares, self, b"")
    assert taken == amount, "morpho_blue: took less"


@internal
def flash_loan(morpho: address, asset: address, amount: uint256):
    """
    @notice Borrow for this transaction, of all that lies at Morpho, free of charge: it pays, calls `onMorphoFlashLoan`,
            and takes back as much.
    """
    extcall Morpho(morpho).flashLoan(asset, amount, b"")
