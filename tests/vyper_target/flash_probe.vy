# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Flash loans, shown to the outside
"""

from . import flash

initializes: flash

interface Lender:
    def called(): nonpayable

plan: public(uint256)


@external
def ask(lender: address, token: address, amount: uint256, due: uint256, plan: uint256):
    """
    @notice Expect a loan, and have the lender do as it likes.
    """
    flash._expect(lender, token, amount, due, plan)
    extcall Lender(lender).called()
    flash._came()


@external
def have_called(other: address):
    """
    @notice Have somebody called without expecting anything.
    """
    extcall Lender(other).called()


@external
def accept(token: address, amount: uint256, owed: uint256, initiator: address):
    self.plan = flash._accept(token, amount, owed, initiator)
