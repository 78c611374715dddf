# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Flash loans
@notice Who may call back in the middle of a transaction, for which loan, and with which plan it goes on: one call, and
        only between the vault's asking for a loan and its end. All of it is transient, and only set under the lock.
"""

lender: transient(address) # nobody, but until the loan that is asked for has come
token: transient(address)
amount: transient(uint256)
due: transient(uint256) # the most that may be asked back
plan: transient(uint256)


@internal
def _expect(lender: address, token: address, amount: uint256, due: uint256, plan: uint256):
    """
    @dev Before the lender is asked.
    """
    self.lender = lender
    self.token = token
    self.amount = amount
    self.due = due
    self.plan = plan


@internal
def _accept(token: address, amount: uint256, owed: uint256, initiator: address) -> uint256:
    """
    @dev The plan to go on with: of the loan that is expected, from its lender, asked for by this contract; once.
    """
    assert msg.sender == self.lender, "flash: not expected"
    assert initiator == self and token == self.token and amount == self.amount, "flash: another loan"
    assert owed <= self.due, "flash: costs more than was proved"
    self.lender = empty(address)
    return self.plan


@internal
@view
def _came():
    """
    @dev After the lender was asked: the plan was gone on with.
    """
    assert self.lender == empty(address), "flash: did not come"
