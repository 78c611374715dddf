"""Faults in who may hold shares."""

from __future__ import annotations

from mutations.mutant import Mutant, in_module, in_vault

_MEMBERS = "shares go to those who are attested, and the way out is everybody's"
_NO_MEMBERS = "attestations that are none"

DEPOSITORS: tuple[Mutant, ...] = (
    in_vault(
        "anybody may deposit",
        _MEMBERS,
        "    depositors._only_attested(receiver)\n    assert shares != 0",
        "    assert shares != 0",
    ),
    in_vault(
        "shares are sent to anybody",
        _MEMBERS,
        "    depositors._only_attested(receiver)\n    share_token._transfer(msg.sender",
        "    share_token._transfer(msg.sender",
    ),
    in_vault(
        "who has no attestation cannot leave",
        _MEMBERS,
        '    assert not modes._is_stuck(), "mode: redeem in kind"\n',
        '    assert not modes._is_stuck(), "mode: redeem in kind"\n    depositors._only_attested(owner)\n',
    ),
    in_vault(
        "a limit is told to who may not deposit",
        _MEMBERS,
        "    if not depositors._may_hold(receiver):\n        return False\n",
        "",
    ),
    in_module(
        "depositors",
        "what was revoked is good",
        _MEMBERS,
        "extract32(record, 160, output_type=uint256) != 0 or (expires != 0 and expires <= block.timestamp)",
        "expires != 0 and expires <= block.timestamp",
    ),
    in_module(
        "depositors",
        "an attestation is good a second longer",
        _MEMBERS,
        "expires <= block.timestamp",
        "expires < block.timestamp",
    ),
    in_module("depositors", "any schema will do", _NO_MEMBERS, "extract32(record, 64) != SCHEMA or ", ""),
    in_module(
        "depositors",
        "anybody may attest",
        _NO_MEMBERS,
        " or extract32(record, 256, output_type=address) != ATTESTER",
        "",
    ),
)
