"""Faults that somebody might put into the emitted contract, each with the story that must notice it."""

from __future__ import annotations

from mutations.mutant import Mutant
from mutations.mutants.depositors import DEPOSITORS
from mutations.mutants.exits import EXITS
from mutations.mutants.fees import FEES
from mutations.mutants.flash_loans import FLASH_LOANS
from mutations.mutants.guard import GUARD
from mutations.mutants.hedges import HEDGES
from mutations.mutants.in_kind import IN_KIND
from mutations.mutants.lending import LENDING
from mutations.mutants.limits import LIMITS
from mutations.mutants.perpetuals import PERPETUALS
from mutations.mutants.prices import PRICES
from mutations.mutants.ranges import RANGES
from mutations.mutants.requests import REQUESTS
from mutations.mutants.roles import ROLES
from mutations.mutants.rules import RULES
from mutations.mutants.sequencer import SEQUENCER
from mutations.mutants.shares import SHARES
from mutations.mutants.unwound import UNWOUND
from mutations.mutants.volatility import VOLATILITY

MUTANTS: tuple[Mutant, ...] = (
    *DEPOSITORS,
    *EXITS,
    *FEES,
    *FLASH_LOANS,
    *GUARD,
    *HEDGES,
    *IN_KIND,
    *LENDING,
    *LIMITS,
    *PERPETUALS,
    *PRICES,
    *RANGES,
    *REQUESTS,
    *ROLES,
    *RULES,
    *SEQUENCER,
    *SHARES,
    *UNWOUND,
    *VOLATILITY,
)
