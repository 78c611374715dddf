# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Aave v3 adapter
@notice Collateral and variable-rate debt of this contract's own account, in one category of assets (eMode) or in none.
@dev Layouts: aave-v3-core `DataTypes.ReserveData` (unchanged in later versions as `ReserveDataLegacy`),
     `ReserveConfiguration` (bit fields of the configuration word) and `DataTypes.EModeCategory` (later
     `EModeCategoryLegacy`). Which assets are in a category stands in their configuration words in 3.0 and 3.1, and in
     bitmaps of the category from 3.2 on.
"""

from ethereum.ercs import IERC20
from . import tokens

VARIABLE_RATE: constant(uint256) = 2
ACTIVE: constant(uint256) = 2**56
BORROWING: constant(uint256) = 2**58
PAUSED: constant(uint256) = 2**60
VIRTUAL: constant(uint256) = 2**252
CATEGORY: constant(uint256) = 168  # from this bit on, eight bits
DEBT_CEILING: constant(uint256) = 212  # from this bit on, forty bits
LAST_KNOWN_REVISION: constant(uint256) = 5  # of Aave v3.2

# Words of a reserve's data, which is read undecoded: each field that is checked to fit its type would be code.
CONFIGURATION: constant(uint256) = 0
ID: constant(uint256) = 7
A_TOKEN: constant(uint256) = 8
VARIABLE_DEBT_TOKEN: constant(uint256) = 10

interface Pool:
    def getReserveData(asset: address) -> uint256[15]: view
    def getConfiguration(asset: address) -> uint256: view
    def getVirtualUnderlyingBalance(asset: address) -> uint128: view
    def supply(asset: address, amount: uint256, on_behalf_of: address, referral: uint16): nonpayable
    def withdraw(asset: address, amount: uint256, to: address) -> uint256: nonpayable
    def borrow(
        asset: address, amount: uint256, rate_mode: uint256, referral: uint16, on_behalf_of: address
    ): nonpayable
    def repay(asset: address, amount: uint256, rate_mode: uint256, on_behalf_of: address) -> uint256: nonpayable
    def POOL_REVISION() -> uint256: view
    def getUserConfiguration(user: address) -> uint256: view
    def setUserEMode(category: uint8): nonpayable
    def getUserEMode(user: address) -> uint256: view
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
    reserve: uint256[15] = staticcall Pool(pool).getReserveData(asset)
    assert reserve[A_TOKEN] != 0, "aave_v3: no such reserve"
    assert reserve[CONFIGURATION] & ACTIVE != 0, "aave_v3: reserve not active"
    return convert(convert(reserve[A_TOKEN], uint160), address)


@internal
@view
def debt_token(pool: address, asset: address) -> address:
    """
    @notice The token that stands for variable debt in `asset`. Reverts where it cannot be borrowed.
    """
    reserve: uint256[15] = staticcall Pool(pool).getReserveData(asset)
    assert reserve[VARIABLE_DEBT_TOKEN] != 0, "aave_v3: no such reserve"
    assert reserve[CONFIGURATION] & BORROWING != 0, "aave_v3: borrowing not enabled"
    return convert(convert(reserve[VARIABLE_DEBT_TOKEN], uint160), address)


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
def check_not_isolated(pool: address, asset: address):
    """
    @notice Reverts where the reserve is in isolation mode: Aave counts it as collateral by itself or not at all, not by
            being supplied, and lends little against it.
    """
    ceiling: uint256 = (staticcall Pool(pool).getConfiguration(asset)) >> DEBT_CEILING & (2**40 - 1)
    assert ceiling == 0, "aave_v3: isolated collateral"


@internal
@view
def shortfall(pool: address, asset: address, ltv: uint256, threshold: uint256) -> uint256:
    """
    @notice By how many basis points the reserve's loan-to-value and liquidation threshold are below these, in all.
    """
    configuration: uint256 = staticcall Pool(pool).getConfiguration(asset)
    return self._below(configuration & 65535, ltv) + self._below((configuration >> 16) & 65535, threshold)


@internal
@view
def category_shortfall(pool: address, category: uint256, asset: address, ltv: uint256, threshold: uint256) -> uint256:
    """
    @notice The same of the category that this account is in; all of the threshold where `asset` is no collateral in it,
            the account is in another, or the category has a price of its own.
    """
    words: uint256[5] = self._category(pool, category)
    if (
        words[4] != 0
        or staticcall Pool(pool).getUserEMode(self) != category
        or not self._is_in(
            pool, category, asset, method_id("getEModeCategoryCollateralBitmap(uint8)", output_type=bytes4)
        )
    ):
        return threshold
    return self._below(words[1], ltv) + self._below(words[2], threshold)


@internal
@pure
def _below(now: uint256, proved: uint256) -> uint256:
    return unsafe_sub(proved, now) if now < proved else 0


@internal
def enter_category(pool: address, category: uint256):
    """
    @notice From now on the category's risk parameters count for this account's assets that are in it, and nothing can
            be borrowed that is not. Reverts where the category does not exist or has a price of its own: that would
            value collateral by what the proof knows nothing of.
    """
    assert self._category(pool, category)[4] == 0, "aave_v3: the category has a price of its own"
    extcall Pool(pool).setUserEMode(convert(category, uint8))
    assert staticcall Pool(pool).getUserEMode(self) == category, "aave_v3: category not entered"


@internal
@view
def check_category_risk(pool: address, category: uint256, asset: address, ltv: uint256, threshold: uint256):
    """
    @notice Reverts unless `asset` is collateral in the category, which has this loan-to-value and liquidation
            threshold (in basis points).
    @dev Up to 3.2 what has no loan-to-value of its own is no collateral in a category either; `pledge` sees to it that
         a later version, in which it is, has counted it.
    """
    assert self._is_in(
        pool, category, asset, method_id("getEModeCategoryCollateralBitmap(uint8)", output_type=bytes4)
    ), "aave_v3: not in the category"
    if (staticcall Pool(pool).getConfiguration(asset)) & 65535 == 0:
        assert staticcall Pool(pool).POOL_REVISION() > LAST_KNOWN_REVISION, "aave_v3: would not count as collateral"
    words: uint256[5] = self._category(pool, category)
    assert words[1] == ltv, "aave_v3: loan-to-value differs"
    assert words[2] == threshold, "aave_v3: liquidation threshold differs"


@internal
@view
def check_category_loan(pool: address, category: uint256, asset: address):
    """
    @notice Reverts unless an account in the category may borrow `asset`.
    """
    assert self._is_in(
        pool, category, asset, method_id("getEModeCategoryBorrowableBitmap(uint8)", output_type=bytes4)
    ), "aave_v3: not borrowable in the category"


@internal
@view
def _category(pool: address, category: uint256) -> uint256[5]:
    """
    @dev The answer's first words: where it begins, loan-to-value, threshold, bonus, price source. A label of any length
         follows.
    """
    answer: Bytes[160] = raw_call(
        pool,
        abi_encode(category, method_id=method_id("getEModeCategoryData(uint8)")),
        max_outsize=160,
        is_static_call=True,
    )
    return abi_decode(answer, uint256[5])


@internal
@view
def _is_in(pool: address, category: uint256, asset: address, bitmap: bytes4) -> bool:
    """
    @dev By the bitmap that the function answers with, from 3.2 on; by the configuration word where there is none.
    """
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        pool,
        concat(bitmap, convert(category, bytes32)),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    if success and len(answer) == 32:
        reserve: uint256[15] = staticcall Pool(pool).getReserveData(asset)
        return (abi_decode(answer, uint256) >> reserve[ID]) & 1 == 1
    return ((staticcall Pool(pool).getConfiguration(asset)) >> CATEGORY) & 255 == category


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
    @dev Where Aave counts by its own books (from 3.1 on), no more than these say: what was given to the aToken contract
         past the pool can be withdrawn by nobody.
    """
    configuration: uint256 = staticcall Pool(pool).getConfiguration(asset)
    if configuration & PAUSED != 0:
        return 0
    there: uint256 = staticcall IERC20(asset).balanceOf(collateral)
    if configuration & VIRTUAL == 0:
        return there
    return min(there, convert(staticcall Pool(pool).getVirtualUnderlyingBalance(asset), uint256))


@internal
def supply(pool: address, asset: address, amount: uint256):
    """
    @notice Supply collateral. Aave counts a first supply as collateral by itself.
    """
    tokens.allow(asset, pool, amount)
    extcall Pool(pool).supply(asset, amount, self, 0)


@internal
def pledge(pool: address, asset: address, amount: uint256):
    """
    @notice Supply collateral for an account in a category. Reverts where Aave does not count it as collateral.
    """
    self.supply(pool, asset, amount)
    reserve: uint256[15] = staticcall Pool(pool).getReserveData(asset)
    counted: uint256 = (staticcall Pool(pool).getUserConfiguration(self)) >> (2 * reserve[ID] + 1)
    assert counted & 1 == 1, "aave_v3: not counted as collateral"


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
