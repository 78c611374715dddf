# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title A router that calls the intruder
@notice Swaps by the real router, and before that calls somebody who has no business there.
"""

from ethereum.ercs import IERC20

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

interface Intruder:
    def called(): nonpayable

INTRUDER: immutable(address)
ROUTER: immutable(address)


@deploy
def __init__(intruder: address, router: address):
    INTRUDER = intruder
    ROUTER = router


@external
@view
def factory() -> address:
    return staticcall Router(ROUTER).factory()


@external
def exactInputSingle(params: ExactInputSingle) -> uint256:
    extcall Intruder(INTRUDER).called()
    extcall IERC20(params.token_in).transferFrom(msg.sender, self, params.amount_in)
    extcall IERC20(params.token_in).approve(ROUTER, params.amount_in)
    return extcall Router(ROUTER).exactInputSingle(params)
