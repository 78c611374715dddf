# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Who comes back in
@notice An account that tokens and venues call in the middle of what they do, as ERC-777 calls its holders. It then
        makes one call of the vault that it was told of beforehand, and remembers what came of it.
"""

target: address
payload: Bytes[1024]
looking: bool
tries: public(uint256)
entered: public(bool)
answer: public(Bytes[4096])


@external
def arm(target: address, payload: Bytes[1024], looking: bool):
    """
    @notice From now on make this call: when called, or when only looked at.
    """
    self.target = target
    self.payload = payload
    self.looking = looking
    self.tries = 0
    self.entered = False
    self.answer = b""


@external
def act(target: address, payload: Bytes[1024]) -> Bytes[4096]:
    """
    @notice Be an account: make a call of one's own.
    """
    return raw_call(target, payload, max_outsize=4096)


@external
def called():
    """
    @notice In the middle of a transfer, a deposit or a withdrawal.
    """
    if self.target == empty(address) or self.looking:
        return
    entered: bool = False
    answer: Bytes[4096] = b""
    entered, answer = raw_call(self.target, self.payload, max_outsize=4096, revert_on_failure=False)
    self.tries += 1
    self.entered = self.entered or entered
    self.answer = answer


@external
@view
def looked() -> bool:
    """
    @notice In the middle of a view, where nothing can be remembered: a call that succeeds is told by a revert.
    """
    if self.target == empty(address) or not self.looking:
        return True
    entered: bool = False
    answer: Bytes[4096] = b""
    entered, answer = raw_call(
        self.target, self.payload, max_outsize=4096, is_static_call=True, revert_on_failure=False
    )
    assert not entered, "intruder: came in"
    return True
