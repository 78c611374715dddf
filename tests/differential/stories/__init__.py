"""Stories that are told on purpose: each makes one promise of the contract matter, and says what must come of it.

The mutation tests tell the same stories to vaults with a fault, and want each fault to be noticed.
"""

from __future__ import annotations

from differential.stories.category import CATEGORY
from differential.stories.depositors import DEPOSITORS
from differential.stories.exits import EXITS
from differential.stories.fees import FEES
from differential.stories.flash_loans import FLASH_LOANS
from differential.stories.frozen import FROZEN
from differential.stories.guarded import GUARDED
from differential.stories.hedges import HEDGES
from differential.stories.in_kind import IN_KIND
from differential.stories.lending import LENDING
from differential.stories.limits import LIMITS
from differential.stories.moves import MOVES
from differential.stories.prices import PRICES
from differential.stories.requests import REQUESTS
from differential.stories.roles import ROLES
from differential.stories.rules import RULES
from differential.stories.sequencer import SEQUENCER
from differential.stories.shares import SHARES
from differential.stories.unwound import UNWOUND
from differential.stories.venues import VENUES
from differential.stories.volatility import VOLATILITY
from differential.story import Story

STORIES: dict[str, Story] = {
    **CATEGORY,
    **DEPOSITORS,
    **EXITS,
    **FEES,
    **FLASH_LOANS,
    **FROZEN,
    **GUARDED,
    **HEDGES,
    **IN_KIND,
    **LENDING,
    **LIMITS,
    **MOVES,
    **PRICES,
    **REQUESTS,
    **ROLES,
    **RULES,
    **SEQUENCER,
    **SHARES,
    **UNWOUND,
    **VENUES,
    **VOLATILITY,
}
