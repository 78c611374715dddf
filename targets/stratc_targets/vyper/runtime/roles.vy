# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: Apache-2.0
"""
@title Owner, guardian, keeper
@notice The owner appoints, after a delay; the guardian may freeze, exit and cancel what the owner has scheduled, at
        once; the keeper runs rules that are due. No role can move a floor, a band, a venue or a price source: they are
        in the code.
"""

# The longest call that waits: a selector and one argument.
CALL: constant(uint256) = 36

event OwnershipOffered:
    owner: indexed(address)
    heir: indexed(address)

event OwnershipTransferred:
    previous: indexed(address)
    owner: indexed(address)

event GuardianAppointed:
    guardian: indexed(address)

event KeeperAppointed:
    keeper: indexed(address)

event CallScheduled:
    call: Bytes[CALL]
    ready_at: uint256

event CallCancelled:
    call: Bytes[CALL]
    by: indexed(address)

OWNER_DELAY: public(immutable(uint256)) # seconds between `schedule` and the call; 0: calls need not be scheduled
KEEPER_SILENCE: public(immutable(uint256)) # seconds after which anyone may run rules; the largest number: never

owner: public(address)
pending_owner: public(address)
guardian: public(address)
keeper: public(address)
keeper_seen: public(uint256) # when keeper or owner last ran a rule or settled
ready_at: public(HashMap[bytes32, uint256]) # by hash of the calldata: from when on the owner may make the call


@deploy
def __init__(owner_delay: uint256, keeper_silence: uint256):
    OWNER_DELAY = owner_delay
    KEEPER_SILENCE = keeper_silence


@internal
def _appoint(owner: address, guardian: address, keeper: address):
    """
    @dev Once, by the constructor of the contract in whose storage roles are.
    """
    assert owner != empty(address), "roles: no owner"
    self.keeper_seen = block.timestamp
    self.owner = owner
    self.guardian = guardian
    self.keeper = keeper
    log OwnershipTransferred(previous=empty(address), owner=owner)
    log GuardianAppointed(guardian=guardian)
    log KeeperAppointed(keeper=keeper)


@external
def schedule(call: Bytes[CALL]):
    """
    @notice Announce a call of the owner's, as calldata of this contract: `OWNER_DELAY` seconds later it may be made,
            once. Owner only.
    """
    assert msg.sender == self.owner, "roles: owner only"
    ready_at: uint256 = block.timestamp + OWNER_DELAY
    self.ready_at[keccak256(call)] = ready_at
    log CallScheduled(call=call, ready_at=ready_at)


@external
def cancel(call: Bytes[CALL]):
    """
    @notice Take back a call that was scheduled. Guardian or owner.
    """
    self._only_guardian()
    assert self.ready_at[keccak256(call)] != 0, "roles: not scheduled"
    self.ready_at[keccak256(call)] = 0
    log CallCancelled(call=call, by=msg.sender)


@external
def transfer_ownership(heir: address):
    """
    @notice Offer ownership; it passes when `accept_ownership` is called. The zero address withdraws an offer.
    """
    self._only_owner(abi_encode(heir, method_id=method_id("transfer_ownership(address)")))
    self.pending_owner = heir
    log OwnershipOffered(owner=self.owner, heir=heir)


@external
def accept_ownership():
    """
    @notice Take the ownership that was offered to the caller.
    """
    assert msg.sender == self.pending_owner, "roles: not offered"
    log OwnershipTransferred(previous=self.owner, owner=msg.sender)
    self.owner = msg.sender
    self.pending_owner = empty(address)


@external
def set_guardian(guardian: address):
    """
    @notice Appoint who may freeze and exit besides the owner.
    """
    self._only_owner(abi_encode(guardian, method_id=method_id("set_guardian(address)")))
    self.guardian = guardian
    log GuardianAppointed(guardian=guardian)


@external
def set_keeper(keeper: address):
    """
    @notice Appoint who may run rules besides the owner.
    """
    self._only_owner(abi_encode(keeper, method_id=method_id("set_keeper(address)")))
    self.keeper = keeper
    log KeeperAppointed(keeper=keeper)


@internal
def _only_owner(call: Bytes[CALL]):
    """
    @dev The owner, who has scheduled this very call and waited.
    """
    assert msg.sender == self.owner, "roles: owner only"
    if OWNER_DELAY != 0:
        ready_at: uint256 = self.ready_at[keccak256(call)]
        assert ready_at != 0, "roles: not scheduled"
        assert block.timestamp >= ready_at, "roles: too early"
        self.ready_at[keccak256(call)] = 0


@internal
@view
def _only_guardian():
    assert msg.sender == self.guardian or msg.sender == self.owner, "roles: guardian only"


@internal
def _only_keeper():
    """
    @dev The keeper or the owner; anyone else once these have been silent for too long.
    """
    if not self._by_the_keeper():
        assert block.timestamp - self.keeper_seen > KEEPER_SILENCE, "roles: keeper only"


@internal
def _by_the_keeper() -> bool:
    """
    @dev Whether the keeper or the owner calls, which is noted: whoever calls is not silent.
    """
    if msg.sender != self.keeper and msg.sender != self.owner:
        return False
    self.keeper_seen = block.timestamp
    return True
