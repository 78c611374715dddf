# pragma version 0.4.3
"""
@title What a keeper sees of a vault, with switches: rules fall due and fail as a test wants.
"""

RULES: constant(uint256) = 4
HARVEST: constant(uint256) = 2
DAY: constant(uint256) = 86400
ALLOWANCE: constant(uint256) = 100

KEEPER: immutable(address)

mode: public(uint256)
settled: public(bool)
round_allowance: public(uint256)
rounds: public(uint256)
order: public(DynArray[uint256, 64])
due: HashMap[uint256, bool]
sticky: HashMap[uint256, bool]
unreadable: HashMap[uint256, bool]
failure: HashMap[uint256, String[64]]
harvested: uint256


@deploy
def __init__(keeper: address):
    KEEPER = keeper
    self.settled = True
    self.harvested = block.timestamp


@external
@view
def keeper() -> address:
    return KEEPER


@external
@view
def calls() -> DynArray[uint256, 64]:
    return self.order


@external
def set_due(rule: uint256, due: bool, sticky: bool):
    self.due[rule] = due
    self.sticky[rule] = sticky


@external
def set_failure(rule: uint256, reason: String[64]):
    self.failure[rule] = reason


@external
def set_unreadable(rule: uint256):
    self.unreadable[rule] = True


@external
def set_mode(mode: uint256):
    self.mode = mode


@external
def set_allowance(amount: uint256):
    self.round_allowance = amount


@internal
@view
def _due(rule: uint256) -> bool:
    assert not self.unreadable[rule], "stale price"
    return self.due[rule]


@internal
def _run(rule: uint256):
    assert msg.sender == KEEPER, "not the keeper"
    assert len(self.failure[rule]) == 0, self.failure[rule]
    assert self.sticky[rule] or self._due(rule) or rule == HARVEST, "not due"
    self.due[rule] = self.sticky[rule]
    self.order.append(rule)


@external
@view
def deleverage_aave_due() -> bool:
    return self._due(0)


@external
def deleverage_aave():
    self._run(0)


@external
@view
def rebalance_due() -> bool:
    return self._due(1)


@external
def rebalance():
    self._run(1)


@external
@view
def harvest_save_due() -> bool:
    return block.timestamp >= self.harvested + DAY


@external
def harvest_save():
    self._run(HARVEST)
    self.harvested = block.timestamp


@external
@view
def freeze_when_due_due() -> bool:
    return self._due(3)


@external
def freeze_when_due():
    self._run(3)
    self.mode = 1


@external
def settle():
    assert self.settled, "not settled"
    self.rounds += 1
    self.round_allowance = ALLOWANCE
