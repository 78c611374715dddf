"""How much may be spent on a question. Data only: whoever names a budget need not load a solver."""

from __future__ import annotations

from stratc_dsl.record import Record


class Effort(Record):
    """What may be spent on one question, in steps and not in seconds: the same verdict on every machine.

    `rlimit` is the solver's budget for one query, in Z3's own units; `nodes` how many relaxations a search solves;
    `rows` of how many rows relaxations are solved, all searches together, where a claim's scenario is looked for.
    """

    rlimit: int = 10_000_000
    nodes: int = 20_000
    rows: int = 2_000_000
