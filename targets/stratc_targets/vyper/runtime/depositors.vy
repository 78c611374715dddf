# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: Apache-2.0
"""
@title Who may be given shares
@notice Whoever holds an attestation of one schema by one attester, neither revoked nor expired, on the Ethereum
        Attestation Service. Nobody needs one to leave.
"""

interface AttestationService:
    def getSchemaRegistry() -> address: view

event Admitted:
    account: indexed(address)
    attestation: bytes32

ATTESTATION_SERVICE: public(immutable(address))
ATTESTER: public(immutable(address))
SCHEMA: public(immutable(bytes32)) # the service's name for it: a hash of text, resolver and "can be revoked"

attestation_of: public(HashMap[address, bytes32])


@deploy
def __init__(service: address, attester: address, schema: bytes32):
    """
    @notice Reverts where the service's registry has no such schema: nobody could ever be admitted.
    """
    registry: address = staticcall AttestationService(service).getSchemaRegistry()
    record: Bytes[64] = raw_call(
        registry,
        abi_encode(schema, method_id=method_id("getSchema(bytes32)")),
        max_outsize=64,
        is_static_call=True,
    )
    assert extract32(record, 32) == schema, "depositors: no such schema"
    ATTESTATION_SERVICE = service
    ATTESTER = attester
    SCHEMA = schema


@external
def admit(attestation: bytes32):
    """
    @notice Note the attestation by which its recipient may hold shares. Anyone, with one that is good now; it stays good
            until it is revoked or expires, and then another can take its place.
    """
    account: address = self._recipient(attestation)
    assert account != empty(address), "depositors: no such attestation"
    self.attestation_of[account] = attestation
    log Admitted(account=account, attestation=attestation)


@internal
@view
def _only_attested(account: address):
    assert self._may_hold(account), "depositors: not attested"


@internal
@view
def _may_hold(account: address) -> bool:
    """
    @notice Whether the account holds a good attestation now. Never reverts.
    """
    attestation: bytes32 = self.attestation_of[account]
    return attestation != empty(bytes32) and self._recipient(attestation) == account


@internal
@view
def _recipient(attestation: bytes32) -> address:
    """
    @notice Who is attested; nobody where there is no such attestation, or it is of another schema, by another attester,
            revoked or expired.
    """
    # A raw call: what those who attest add at the end may be of any length, and those who only ask must not revert.
    answered: bool = False
    record: Bytes[288] = b""
    answered, record = raw_call(
        ATTESTATION_SERVICE,
        abi_encode(attestation, method_id=method_id("getAttestation(bytes32)")),
        max_outsize=288,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not answered or len(record) < 288:
        return empty(address)
    # After the offset: uid, schema, time, expirationTime, revocationTime, refUID, recipient, attester.
    expires: uint256 = extract32(record, 128, output_type=uint256)
    if extract32(record, 64) != SCHEMA or extract32(record, 256, output_type=address) != ATTESTER:
        return empty(address)
    if extract32(record, 160, output_type=uint256) != 0 or (expires != 0 and expires <= block.timestamp):
        return empty(address)
    return extract32(record, 224, output_type=address)
