"""The pipeline on one screen: a typed strategy in, its verification out. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.claims import claims_of
from stratc_compiler.consistency import consistent
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.model import build_vault
from stratc_compiler.prove import answer_all, judge
from stratc_compiler.vault import Vault, VenueFactory
from stratc_compiler.verdict import Verification
from stratc_dsl.record import Record
from stratc_dsl.span import Source
from stratc_dsl.strategy import Strategy


class Options(Record):
    """`workers` is how many processes look for proofs; it changes the time, never the verdicts."""

    effort: Effort = Effort()
    workers: int = 2


DEFAULTS = Options()


def model(strategy: Strategy, source: Source, factories: Mapping[str, VenueFactory]) -> Vault:
    """The model of a strategy. Raises errors.Unsupported for what this version neither proves nor emits."""
    vault = build_vault(strategy, source, factories)
    box_of(vault)
    return vault


def verify(vault: Vault, source: Source, options: Options = DEFAULTS) -> Verification:
    """Every claim of the vault with its verdict."""
    box = box_of(vault)
    specs = claims_of(vault, box)
    answers = answer_all(specs, options.effort, options.workers)
    claims = (
        consistent(vault, box, options.effort.rlimit),
        *(judge(spec, answers, vault, box, options.effort.rlimit) for spec in specs),
    )
    return Verification(vault, source, claims, guarded_assumptions(vault))
