# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: Apache-2.0
"""
@title Requests for redemption
@notice What cannot be paid at once waits in turn, in the manner of ERC-7540: pending until it is served, then claimable.
        The vault keeps the shares of what is pending, and sets aside the assets of what is claimable.
"""

event RedeemRequest:
    controller: indexed(address)
    owner: indexed(address)
    requestId: indexed(uint256)
    sender: address
    shares: uint256

event RequestServed:
    requestId: indexed(uint256)
    shares: uint256
    assets: uint256

event RequestReturned:
    requestId: indexed(uint256)
    owner: indexed(address)
    shares: uint256

struct Request:
    controller: address # who may take it back, and claim what it was served
    owner: address # whose shares they were
    shares: uint256 # pending
    served: uint256 # claimable, in shares
    assets: uint256 # set aside for them

requests_made: public(uint256) # the number of the newest; the first is 1
requests_done: public(uint256) # none up to this number is pending
shares_requested: public(uint256) # of all that are pending
reserved: public(uint256) # assets set aside for all that are claimable
requests: HashMap[uint256, Request]


@external
@view
def pendingRedeemRequest(requestId: uint256, controller: address) -> uint256:
    """
    @notice Shares of a request that are not served yet; 0 where it is not this controller's.
    """
    return self.requests[requestId].shares if self.requests[requestId].controller == controller else 0


@external
@view
def claimableRedeemRequest(requestId: uint256, controller: address) -> uint256:
    """
    @notice Shares of a request that were served and not claimed; 0 where it is not this controller's.
    """
    return self.requests[requestId].served if self.requests[requestId].controller == controller else 0


@internal
def _make(shares: uint256, controller: address, owner: address) -> uint256:
    assert controller != empty(address), "request: no controller"
    number: uint256 = self.requests_made + 1
    self.requests_made = number
    self.shares_requested += shares
    self.requests[number].controller = controller
    self.requests[number].owner = owner
    self.requests[number].shares = shares
    log RedeemRequest(controller=controller, owner=owner, requestId=number, sender=msg.sender, shares=shares)
    return number


@internal
@view
def _only_controller(number: uint256):
    assert msg.sender == self.requests[number].controller, "request: controller only"


@internal
def _give_back(number: uint256) -> (address, uint256):
    """
    @dev What is pending of it is no longer: whose shares, and how many.
    """
    owner: address = self.requests[number].owner
    shares: uint256 = self.requests[number].shares
    self.requests[number].shares = 0
    self.shares_requested -= shares
    log RequestReturned(requestId=number, owner=owner, shares=shares)
    return owner, shares


@internal
def _serve(number: uint256, shares: uint256, assets: uint256):
    self.requests[number].shares -= shares
    self.requests[number].served += shares
    self.requests[number].assets += assets
    self.shares_requested -= shares
    self.reserved += assets
    log RequestServed(requestId=number, shares=shares, assets=assets)


@internal
def _claim(number: uint256) -> Request:
    """
    @dev The request as it was; nothing of it is claimable any more.
    """
    request: Request = self.requests[number]
    self.requests[number].served = 0
    self.requests[number].assets = 0
    self.reserved -= request.assets
    return request
