# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: Apache-2.0
"""
@title The vault's shares
@notice An ERC-20 token with 18 decimals and EIP-2612 permits. Only the vault mints and burns.
"""

from ethereum.ercs import IERC20

implements: IERC20

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256

event Approval:
    owner: indexed(address)
    spender: indexed(address)
    value: uint256

name: public(immutable(String[64]))
symbol: public(immutable(String[64]))
decimals: public(constant(uint8)) = 18

DOMAIN_TYPE: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
PERMIT_TYPE: constant(bytes32) = keccak256(
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)
VERSION_HASH: constant(bytes32) = keccak256("1")

# Half the order of secp256k1. Every signature has a twin with the other s; only the one below is taken.
LARGEST_S: constant(uint256) = 57896044618658097711785492504343953926418782139537452191302581570759080747168

totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
nonces: public(HashMap[address, uint256]) # permits of an owner that were used


@deploy
def __init__(_name: String[64], _symbol: String[64]):
    name = _name
    symbol = _symbol


@external
def transfer(receiver: address, amount: uint256) -> bool:
    """
    @notice Move shares of the caller.
    """
    self._transfer(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    """
    @notice Move shares that the owner has allowed the caller to move.
    """
    self._spend_allowance(owner, msg.sender, amount)
    self._transfer(owner, receiver, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Let `spender` move up to `amount` shares of the caller; the largest number is without limit.
    """
    self._approve(msg.sender, spender, amount)
    return True


@external
def permit(owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    """
    @notice `approve` by a signature of the owner, sent by anybody.
    """
    assert block.timestamp <= deadline, "permit: expired"
    nonce: uint256 = self.nonces[owner]
    # Of the encoding the last 66 bytes are what EIP-712 hashes: 0x1901, the domain, the message.
    encoded: Bytes[96] = abi_encode(
        convert(0x1901, uint256),
        self._domain(),
        keccak256(abi_encode(PERMIT_TYPE, owner, spender, amount, nonce, deadline)),
    )
    digest: bytes32 = keccak256(slice(encoded, 30, 66))
    # What nobody has signed recovers to nobody.
    assert (
        convert(s, uint256) <= LARGEST_S and owner != empty(address) and ecrecover(digest, v, r, s) == owner
    ), "permit: not signed"
    self.nonces[owner] = unsafe_add(nonce, 1)
    self._approve(owner, spender, amount)


@external
@view
def DOMAIN_SEPARATOR() -> bytes32:
    """
    @notice What permits are signed for: this contract on this chain.
    """
    return self._domain()


@internal
@view
def _domain() -> bytes32:
    # Not kept: after a fork of the chain it must be another.
    return keccak256(abi_encode(DOMAIN_TYPE, keccak256(name), VERSION_HASH, chain.id, self))


@internal
def _approve(owner: address, spender: address, amount: uint256):
    self.allowance[owner][spender] = amount
    log Approval(owner=owner, spender=spender, value=amount)


@internal
def _transfer(sender: address, receiver: address, amount: uint256):
    self._debit(sender, amount)
    self._credit(receiver, amount)
    log Transfer(sender=sender, receiver=receiver, value=amount)


@internal
def _spend_allowance(owner: address, spender: address, amount: uint256):
    allowed: uint256 = self.allowance[owner][spender]
    assert allowed >= amount, "shares: allowance too low"
    if allowed != max_value(uint256):
        self.allowance[owner][spender] = unsafe_sub(allowed, amount)


@internal
def _mint(receiver: address, amount: uint256):
    self.totalSupply += amount
    self._credit(receiver, amount)
    log Transfer(sender=empty(address), receiver=receiver, value=amount)


@internal
def _burn(owner: address, amount: uint256):
    self._debit(owner, amount)
    self.totalSupply = unsafe_sub(self.totalSupply, amount)
    log Transfer(sender=owner, receiver=empty(address), value=amount)


@internal
def _debit(owner: address, amount: uint256):
    held: uint256 = self.balanceOf[owner]
    assert held >= amount, "shares: balance too low"
    self.balanceOf[owner] = unsafe_sub(held, amount)


@internal
def _credit(receiver: address, amount: uint256):
    assert receiver != empty(address), "shares: no receiver"
    self.balanceOf[receiver] += amount
