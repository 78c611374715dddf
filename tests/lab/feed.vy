# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title A price feed that the owner sets, with the interface of a Chainlink aggregator.
@notice Serves the vault (latestRoundData) and Aave's oracle (latestAnswer) from the same numbers.
"""

struct Round:
    id: uint80
    answer: int256
    started_at: uint256
    updated_at: uint256
    answered_in: uint80

event AnswerUpdated:
    current: indexed(int256)
    roundId: indexed(uint256)
    updatedAt: uint256

decimals: public(immutable(uint8))
description: public(String[32])
owner: public(address)
round: Round


@deploy
def __init__(_description: String[32], _decimals: uint8, answer: int256):
    decimals = _decimals
    self.description = _description
    self.owner = msg.sender
    self._answer(1, answer, block.timestamp)


@view
@external
def latestAnswer() -> int256:
    return self.round.answer


@view
@external
def latestRound() -> uint256:
    return convert(self.round.id, uint256)


@view
@external
def latestTimestamp() -> uint256:
    return self.round.updated_at


@view
@external
def latestRoundData() -> (uint80, int256, uint256, uint256, uint80):
    return (
        self.round.id,
        self.round.answer,
        self.round.started_at,
        self.round.updated_at,
        self.round.answered_in,
    )


@external
def set_answer(answer: int256):
    """
    @notice A new round now.
    """
    assert msg.sender == self.owner, "not the owner"
    self._answer(self.round.id + 1, answer, block.timestamp)


@external
def set_round(id: uint80, answer: int256, started_at: uint256, updated_at: uint256, answered_in: uint80):
    """
    @notice Any round at all, also those that a reader must refuse: stale, unanswered, carried over.
    """
    assert msg.sender == self.owner, "not the owner"
    self.round = Round(
        id=id, answer=answer, started_at=started_at, updated_at=updated_at, answered_in=answered_in
    )
    log AnswerUpdated(current=answer, roundId=convert(id, uint256), updatedAt=updated_at)


@internal
def _answer(id: uint80, answer: int256, at: uint256):
    self.round = Round(id=id, answer=answer, started_at=at, updated_at=at, answered_in=id)
    log AnswerUpdated(current=answer, roundId=convert(id, uint256), updatedAt=at)
