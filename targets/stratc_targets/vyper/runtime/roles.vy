# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: Apache-2.0
"""
@title Owner, guardian, keeper
@notice The owner appoints; the guardian may freeze and exit; the keeper runs rules that are due. No role can move a
        floor, a band, a venue or a price source: they are in the code.
"""

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

owner: public(address)
pending_owner: public(address)
guardian: public(address)
keeper: public(address)


@deploy
def __init__(owner: address, guardian: address, keeper: address):
    assert owner != empty(address), "roles: no owner"
    self.owner = owner
    self.guardian = guardian
    self.keeper = keeper
    log OwnershipTransferred(previous=empty(address), owner=owner)
    log GuardianAppointed(guardian=guardian)
    log KeeperAppointed(keeper=keeper)


@external
def transfer_ownership(heir: address):
    """
    @notice Offer ownership; it passes when `accept_ownership` is called. The zero address withdraws an offer.
    """
    self._only_owner()
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
    self._only_owner()
    self.guardian = guardian
    log GuardianAppointed(guardian=guardian)


@external
def set_keeper(keeper: address):
    """
    @notice Appoint who may run rules besides the owner.
    """
    self._only_owner()
    self.keeper = keeper
    log KeeperAppointed(keeper=keeper)


@internal
@view
def _only_owner():
    assert msg.sender == self.owner, "roles: owner only"


@internal
@view
def _only_guardian():
    assert msg.sender == self.guardian or msg.sender == self.owner, "roles: guardian only"


@internal
@view
def _only_keeper():
    assert msg.sender == self.keeper or msg.sender == self.owner, "roles: keeper only"
