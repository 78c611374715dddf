"""The pipeline on one screen: a typed strategy in, its verification out. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.backing import claim_name
from stratc_compiler.claims import claims_of
from stratc_compiler.consistency import concluded, witnesses
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.findings import Told, answer_all, tell_nobody
from stratc_compiler.judge import breaks_at_once, first_guesses, judge, refuted_before, with_claims_of
from stratc_compiler.model import build_vault
from stratc_compiler.recall import Forgetful, Memory, Past
from stratc_compiler.vault import Vault, VenueFactory
from stratc_compiler.verdict import Verification
from stratc_dsl.record import Record
from stratc_dsl.span import Source
from stratc_dsl.strategy import Strategy


class Options(Record):
    """`workers` is how many processes look for proofs, `memory` what earlier runs left: the time changes with them,
    never a verdict. `told` is told how much is known while proofs are looked for.
    """

    effort: Effort = Effort()
    workers: int = 2
    memory: Memory = Forgetful()
    told: Told = tell_nobody


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
    past = Past(options.memory, options.effort, vault)
    sought = witnesses(box, past)
    first = cache(lambda: first_guesses(box, past))
    answers, seen = answer_all(
        specs,
        past,
        options.workers,
        options.told,
        sought.wanted,
        lambda spec, known: refuted_before(spec, known, box, past),
        lambda spec: breaks_at_once(spec, first(), box, past),
    )
    judged = [judge(spec, found, box, past) for spec, found in zip(specs, answers, strict=True)]
    for venue, inner in vault.inner.items():
        claims = verify(inner, source, options).claims
        judged = [with_claims_of(venue, claims, one) if one.name == claim_name(venue) else one for one in judged]
    return Verification(vault, source, (concluded(sought, seen), *judged), guarded_assumptions(vault))
