# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title snekmate's ERC-4626 as it comes, to measure the emitted vaults beside it; never shipped
"""

from ethereum.ercs import IERC20
from snekmate.extensions import erc4626

initializes: erc4626

exports: erc4626.__interface__


@deploy
def __init__(asset: address):
    erc4626.__init__("Bare", "BARE", IERC20(asset), 0, "Bare", "1")
