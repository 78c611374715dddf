"""Signed transactions. Several of one nonce are attempts at the same thing: at most one of them can ever land."""

from __future__ import annotations

from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from eth_typing import HexStr
from eth_utils.address import to_checksum_address

from stratc_targets.keeper.fees import Bid


@dataclass(frozen=True, slots=True)
class Signed:
    """One transaction; `raw` is what the network gets (public once sent)."""

    tx_hash: str
    raw: str
    gas: int
    bid: Bid


def sign(account: LocalAccount, chain_id: int, nonce: int, to: str | None, data: str, gas: int, bid: Bid) -> Signed:
    """An EIP-1559 transaction without value, to a contract, or to nobody, which makes one."""
    signed = account.sign_transaction(
        {
            "type": 2,
            "chainId": chain_id,
            "nonce": nonce,
            "to": b"" if to is None else to_checksum_address(to),
            "value": 0,
            "data": HexStr(data),
            "gas": gas,
            "maxFeePerGas": bid.max_fee,
            "maxPriorityFeePerGas": bid.tip,
        }
    )
    return Signed(signed.hash.to_0x_hex(), signed.raw_transaction.to_0x_hex(), gas, bid)
