"""The pipeline on one screen: text in, verifications out. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.claims import claims_of
from stratc_compiler.consistency import consistent
from stratc_compiler.environment import box_of
from stratc_compiler.prove import Prover
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Verification
from stratc_dsl.span import Source

RLIMIT = 20_000_000
"""The solver's budget for one query, in Z3's own deterministic units: the same verdict on every machine."""


@dataclass(frozen=True, slots=True)
class Options:
    rlimit: int = RLIMIT


DEFAULTS = Options()


def verify(vault: Vault, source: Source, options: Options = DEFAULTS) -> Verification:
    """Every claim of the vault with its verdict. Raises Unsupported for assumptions not carried out yet."""
    box = box_of(vault)
    prover = Prover(vault, box, options.rlimit)
    claims = (consistent(vault, box, options.rlimit), *(prover.claim(spec) for spec in claims_of(vault, box)))
    return Verification(vault, source, claims, guarded_assumptions(vault))
