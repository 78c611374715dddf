"""The pipeline on one screen: text in, verifications out. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stratc_compiler.vault import Vault, VenueFactory
from stratc_compiler.verdict import Verification
from stratc_dsl.span import Source


@dataclass(frozen=True, slots=True)
class Options:
    """`rlimit` is the solver's deterministic resource budget per query, in Z3's own units."""

    rlimit: int = 20_000_000


def verify(vault: Vault, source: Source, options: Options = Options()) -> Verification:
    """Every claim of the vault with its verdict."""
    raise NotImplementedError


def models(source: Source, factories: Mapping[str, VenueFactory]) -> tuple[Vault, ...]:
    """Parse, check and lower every strategy of a text."""
    raise NotImplementedError
