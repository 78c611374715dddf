"""What is exactly so of many rows, asked of the few that seem to contradict each other and of those that matter then.

The exact solver slows down with the rows, and over hundreds of them it may spend its whole budget where a fifth of them
would have told. Floating point names that fifth, though it misses rows whose multipliers are small.
"""

from __future__ import annotations

from collections.abc import Sequence

from stratc_compiler import smt
from stratc_compiler.rows import Row
from stratc_compiler.vertex import Values, holds

MOST_ROUNDS = 10
"""So many times rows are added before all of them are asked about."""


def decided(rows: Sequence[Row], seemed: Sequence[Row], rlimit: int) -> Sequence[Row] | Values | None:
    """Rows that contradict each other, or values that satisfy all; None where the solver gave up.

    `seemed` are those of them that seem to contradict each other. A point that satisfies those asked about and not all
    names the next: asked about are always rows of the question, so that whatever contradicts itself is of them.
    """
    asked = list(seemed)
    for _ in range(MOST_ROUNDS if seemed else 0):
        answer = _asked(asked, rlimit)
        if not isinstance(answer, dict):
            return answer or _asked(rows, rlimit)
        broken = [row for row in rows if not holds(row.coefficients, row.relation, answer)]
        if not broken:
            return answer
        asked += broken
    return _asked(rows, rlimit)


def _asked(rows: Sequence[Row], rlimit: int) -> Sequence[Row] | Values | None:
    answer = smt.decide([(row.polynomial, row.relation) for row in rows], rlimit)
    return [rows[index] for index in answer] if isinstance(answer, list) else answer
