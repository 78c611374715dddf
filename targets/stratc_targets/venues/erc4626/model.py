"""What the proofs assume of an ERC-4626 venue.

Source: EIP-4626. `withdraw` pays exactly what was asked and burns shares rounded up; `deposit` mints shares rounded
down; the position is worth `convertToAssets(shares)`, rounded down. Each step can leave the position short by at
most the value of one share, which the scale assumption bounds.
"""

from __future__ import annotations

from stratc_compiler.vault import Held, VenueModel
from stratc_dsl.strategy import Erc4626, Position, Strategy, Venue

ROUNDING_UNITS = 2


def model(venue: Venue, strategy: Strategy) -> VenueModel:
    """The model of one deposit. It owes nothing, so there is nothing to liquidate."""
    assert isinstance(venue.terms, Erc4626)
    position = Position(venue.name, "deposit", venue.terms.asset)
    allocated = any(allocation.position == position for allocation in strategy.allocations)
    held = (Held(position, rounding=ROUNDING_UNITS),) if allocated else ()
    return VenueModel(venue.name, "erc4626", held)
