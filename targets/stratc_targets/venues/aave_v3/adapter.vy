# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Aave v3 adapter
@notice Collateral and variable-rate debt of this contract's own account, in the base market (no eMode).
@dev Layouts: aave-v3-core `DataTypes.ReserveData` (unchanged in later versions as `ReserveDataLegacy`) and
     `ReserveConfiguration` (bit fields of the configuration word).
"""

from ethereum.ercs import IERC20
from . import tokens

VARIABLE_RATE: constant(uint256) = 2
ACTIVE: constant(uint256) = 2**56
BORROWING: constant(uint256) = 2**58
PAUSED: constant(uint256) = 2**60

struct ReserveData:
    configuration: uint256
    liquidity_index: uint128
    liquidity_rate: uint128
    variable_borrow_index: uint128
    variable_borrow_rate: uint128
    stable_borrow_rate: uint128
    last_update: uint40
    id: uint16
    a_token: address
    stable_debt_token: address
    variable_debt_token: address
    interest_rate_strategy: address
    accrued_to_treasury: uint128
    unbacked: uint128
    isolation_mode_debt: uint128

interface Pool:
    def getReserveData(asset: address) -> ReserveData: view
    def getConfiguration(asset: address) -> uint256: view
    def supply(asset: address, amount: uint256, on_behalf_of: address, referral: uint16): nonpayable
    def withdraw(asset: address, amount: uint256, to: address) -> uint256: nonpayable
    def borrow(
        asset: address, amount: uint256, rate_mode: uint256, referral: uint16, on_behalf_of: address
    ): nonpayable
    def repay(asset: address, amount: uint256, rate_mode: uint256, on_behalf_of: address) -> uint256: nonpayable
    def flashLoanSimple(
        receiver: address, asset: address, amount: uint256, params: Bytes[1], referral: uint16
    ): nonpayable
    def FLASHLOAN_PREMIUM_TOTAL() -> uint128: view


@internal
@view
def a_token(pool: address, asset: address) -> address:
    """
    @notice The token that stands for collateral in `asset`. Reverts where the reserve is missing or inactive.
    """
    reserve: ReserveData = staticcall Pool(pool).getReserveData(asset)
    assert reserve.a_token != empty(address), "aave_v3: no such reserve"
    assert reserve.configuration & ACTIVE != 0, "aave_v3: reserve not active"
    return reserve.a_token


@internal
@view
def debt_token(pool: address, asset: address) -> address:
    """
    @notice The token that stands for variable debt in `asset`. Reverts where it cannot be borrowed.
    """
    reserve: ReserveData = staticcall Pool(pool).getReserveData(asset)
    assert reserve.variable_debt_token != empty(address), "aave_v3: no such reserve"
    assert reserve.configuration & BORROWING != 0, "aave_v3: borrowing not enabled"
    return reserve.variable_debt_token


@internal
@view
def check_risk(pool: address, asset: address, ltv: uint256, threshold: uint256):
    """
    @notice Reverts unless the reserve's loan-to-value and liquidation threshold (in basis points) are these.
    """
    configuration: uint256 = staticcall Pool(pool).getConfiguration(asset)
    assert configuration & 65535 == ltv, "aave_v3: loan-to-value differs"
    assert (configuration >> 16) & 65535 == threshold, "aave_v3: liquidation threshold differs"


@internal
@view
def check_flash_premium(pool: address, most: uint256):
    """
    @notice Reverts where a flash loan costs more than this, in basis points.
    """
    assert convert(staticcall Pool(pool).FLASHLOAN_PREMIUM_TOTAL(), uint256) <= most, "aave_v3: flash premium differs"


@internal
@view
def held(position: address) -> uint256:
    """
    @notice Amount held (of an aToken) or owed (of a debt token), interest to this block included.
    """
    return staticcall IERC20(position).balanceOf(self)


@internal
@view
def liquidity(pool: address, asset: address, collateral: address) -> uint256:
    """
    @notice What the reserve could pay out now: what its aToken contract holds, nothing while it is paused.
    """
    if (staticcall Pool(pool).getConfiguration(asset)) & PAUSED != 0:
        return 0
    return staticcall IERC20(asset).balanceOf(collateral)


@internal
def supply(pool: address, asset: address, amount: uint256):
    """
    @notice Supply collateral. Aave counts a first supply as collateral by itself.
    """
    tokens.allow(asset, pool, amount)
    extcall Pool(pool).supply(asset, amount, self, 0)


@internal
def withdraw(pool: address, asset: address, amount: uint256):
    """
    @notice Take collateral back. Reverts where Aave pays less, or where debt would not stay covered.
    """
    paid: uint256 = extcall Pool(pool).withdraw(asset, amount, self)
    assert paid == amount, "aave_v3: paid less"


@internal
def borrow(pool: address, asset: address, amount: uint256):
    """
    @notice Borrow at the variable rate.
    """
    extcall Pool(pool).borrow(asset, amount, VARIABLE_RATE, 0, self)


@internal
def repay(pool: address, asset: address, amount: uint256):
    """
    @notice Repay variable debt, no more than is owed.
    """
    tokens.allow(asset, pool, amount)
    taken: uint256 = extcall Pool(pool).repay(asset, amount, VARIABLE_RATE, self)
    assert taken == amount, "aave_v3: took less"


@internal
def flash_loan(pool: address, asset: address, amount: uint256):
    """
    @notice Borrow for this transaction: the pool pays, calls `executeOperation`, and takes back what it is then allowed.
    """
    extcall Pool(pool).flashLoanSimple(self, asset, amount, b"", 0)
