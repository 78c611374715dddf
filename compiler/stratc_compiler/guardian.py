"""Who answers for what the proofs assume."""

from __future__ import annotations

from enum import Enum


class Guardian(Enum):
    """Who answers for an assumption."""

    ENFORCED = "enforced"  # the contract reverts when it does not hold
    WATCHED = "watched"  # the keeper measures it and raises an alarm
    TRUSTED = "trusted"  # nobody checks it; it stands in the certificate by name
