"""The one gate between proofs and targets."""

from __future__ import annotations

from stratc_compiler.vault import Vault
from stratc_compiler.verdict import ClaimResult, Proved, Verification
from stratc_dsl.record import Record


class ProvedVault(Record):
    """A vault of which every claim was proved. Made by `certify` alone; emitters accept nothing else."""

    vault: Vault
    verification: Verification


def certify(verification: Verification) -> ProvedVault | tuple[ClaimResult, ...]:
    """A `ProvedVault` iff there are claims and every one is proved; otherwise the claims that are not."""
    failed = tuple(claim for claim in verification.claims if not isinstance(claim.verdict, Proved))
    if failed or not verification.claims:
        return failed
    return ProvedVault(verification.vault, verification)
