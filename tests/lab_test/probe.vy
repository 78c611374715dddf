# pragma version 0.4.3
"""
@title What the chain tests ask a contract: its environment, each way to fail, a lock, and a log.
"""

error: public(uint256)
entered: transient(uint256)

event Poked:
    who: indexed(address)
    count: uint256


@view
@external
def environment() -> (uint256, uint256, uint256):
    return block.timestamp, block.number, chain.id


@external
def poke() -> uint256:
    self.entered += 1
    log Poked(who=msg.sender, count=self.entered)
    return self.entered


@view
@external
def fail(kind: uint256) -> uint256:
    if kind == 0:
        raise "a reason"
    if kind == 1:
        raise
    return 1 // (kind - 2)


@external
def burn_all_gas():
    for i: uint256 in range(max_value(uint256)):
        self.error = i


@payable
@external
def pay() -> uint256:
    return msg.value
