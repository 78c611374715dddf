"""Faults in requests: their turn, and what is set aside for them."""

from __future__ import annotations

from mutations.change import Change
from mutations.mutant import Mutant, in_book, in_vault

_REQUESTS = "requests are served in turn, in part where a round ends, and claimed"
_LEFT_OVER = "who withdraws at once takes only what requests leave over"
_TAKEN_BACK = "what is taken back loses its turn, and what is set aside stays the claimant's"

REQUESTS: tuple[Mutant, ...] = (
    in_vault(
        "who withdraws at once passes those who wait",
        _LEFT_OVER,
        "    return 0 if modes._is_exited() else self._to_assets_up(requests.shares_requested, s)\n",
        "    return 0\n",
    ),
    in_book(
        "what is set aside is idle",
        _LEFT_OVER,
        "    return tokens.held(USDC) - requests.reserved\n",
        "    return tokens.held(USDC) - 0 * requests.reserved\n",
    ),
    in_vault(
        "requests may be of any size",
        _REQUESTS,
        'assert shares != 0 and shares >= share_token.totalSupply // 10_000, "request: too small"',
        'assert True, "request: too small"',
    ),
    in_vault(
        "what is served in part is done",
        _REQUESTS,
        "    return shares == held\n",
        "    return shares != 0\n",
    ),
    in_vault(
        "anybody claims",
        _REQUESTS,
        "    requests._only_controller(request)\n    claimed:",
        "    claimed:",
    ),
    Mutant(
        "what was claimed is claimed again",
        (Change("contracts/requests.vy", "    self.requests[number].assets = 0\n", ""),),
        _REQUESTS,
    ),
    Mutant(
        "what is served still counts as waiting",
        (
            Change(
                "contracts/requests.vy",
                "    self.shares_requested -= shares\n    self.reserved += assets\n",
                "    self.reserved += assets\n",
            ),
        ),
        _REQUESTS,
    ),
    Mutant(
        "what is taken back goes to who controls it",
        (
            Change(
                "contracts/requests.vy",
                "    owner: address = self.requests[number].owner\n",
                "    owner: address = self.requests[number].controller\n",
            ),
        ),
        _TAKEN_BACK,
    ),
)
