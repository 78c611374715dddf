"""Faults in selling everything, and in what comes after."""

from __future__ import annotations

from mutations.mutant import Mutant, in_actions, in_vault

_STUCK = "a venue that is stuck is left out of the exit, and left in kind"

EXITS: tuple[Mutant, ...] = (
    in_vault(
        "a venue that is stuck holds up the exit",
        _STUCK,
        "            revert_on_failure=False,\n        )\n",
        "            revert_on_failure=False,\n        )\n        assert done\n",
    ),
    in_vault(
        "what a venue has kept counts as gone",
        "the exit, in two goes",
        "everything = everything and done and convert(gone, bool)",
        "everything = everything and done",
    ),
    in_vault(
        "a part of what is left is given up unasked",
        "the exit, in two goes",
        '    assert not modes._is_stuck(), "mode: redeem in kind"\n',
        "",
    ),
    in_actions(
        "the exit asks a venue for more than it can pay",
        "the exit, in two goes",
        "min(erc4626.held(book.SAVE_VAULT), erc4626.liquidity(book.SAVE_VAULT))",
        "erc4626.held(book.SAVE_VAULT)",
    ),
)
