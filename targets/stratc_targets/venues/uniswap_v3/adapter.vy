# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Uniswap v3 adapter
@notice Swaps an exact input through one pool, by the periphery's `SwapRouter` (the one whose parameters have a deadline);
        borrows from a pool within one transaction.
"""

from . import tokens

struct ExactInputSingle:
    token_in: address
    token_out: address
    fee: uint24
    recipient: address
    deadline: uint256
    amount_in: uint256
    amount_out_minimum: uint256
    sqrt_price_limit_x96: uint160

interface Router:
    def factory() -> address: view
    def exactInputSingle(params: ExactInputSingle) -> uint256: nonpayable

interface Factory:
    def getPool(token_a: address, token_b: address, fee: uint24) -> address: view

interface Pool:
    def token0() -> address: view
    def flash(recipient: address, amount0: uint256, amount1: uint256, data: Bytes[1]): nonpayable


@internal
@view
def check_pool(router: address, fee: uint24, token_a: address, token_b: address):
    """
    @notice Reverts unless the router's factory has a pool of these tokens at this fee (in millionths).
    """
    assert self.pool(router, fee, token_a, token_b) != empty(address), "uniswap_v3: no pool"


@internal
@view
def pool(router: address, fee: uint24, token_a: address, token_b: address) -> address:
    """
    @notice The pool that the router's factory has of these tokens at this fee, zero for none.
    """
    factory: address = staticcall Router(router).factory()
    return staticcall Factory(factory).getPool(token_a, token_b, fee)


@internal
def swap(
    router: address, fee: uint24, sold: address, bought: address, amount: uint256, minimum: uint256
) -> uint256:
    """
    @notice Sell exactly `amount` for at least `minimum`; returns what arrived, measured by balances.
    """
    holding: uint256 = tokens.held(sold)
    before: uint256 = tokens.held(bought)
    tokens.allow(sold, router, amount)
    extcall Router(router).exactInputSingle(
        ExactInputSingle(
            token_in=sold,
            token_out=bought,
            fee=fee,
            recipient=self,
            deadline=block.timestamp,
            amount_in=amount,
            amount_out_minimum=minimum,
            sqrt_price_limit_x96=0,
        )
    )
    # A pool that runs dry fills in part. A router in which somebody has left ether pays with that for all of it, and
    # takes nothing: who does so makes a present, and holds nobody up. Either way no allowance stays behind.
    left: uint256 = tokens.held(sold)
    if left == holding:
        tokens.allow(sold, router, 0)
    else:
        assert left == holding - amount, "uniswap_v3: filled in part"
    received: uint256 = tokens.held(bought) - before
    assert received >= minimum, "uniswap_v3: too little received"
    return received


@internal
def flash_loan(pool: address, token: address, amount: uint256):
    """
    @notice Borrow for this transaction: the pool pays, calls `uniswapV3FlashCallback`, and reverts unless it then has
            back what it gave, and its fee.
    """
    if staticcall Pool(pool).token0() == token:
        extcall Pool(pool).flash(self, amount, 0, b"")
    else:
        extcall Pool(pool).flash(self, 0, amount, b"")
