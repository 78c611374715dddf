"""Faults in the guard: what a vault does whose prices have left the box."""

from __future__ import annotations

from mutations.mutant import Mutant, in_actions, in_book, in_vault

_BOX = "a move to the edge of the box, and one unit past it"
_BEYOND = "a crash beyond the box, and the owner who accepts it"
_PARTED = "a pair that parts by what either of its tokens does, and not by what both do"
_LOWERED = "governance lowers what collateral counts for"
_PAID_DOWN = "a loan that is paid down while guarded leaves the vault settled, and begins no round"

GUARD: tuple[Mutant, ...] = (
    in_vault(
        "a deposit is taken at any price",
        _BOX,
        "receiver: address, s: book.State):\n    book._not_guarded(s.price_weth)\n",
        "receiver: address, s: book.State):\n",
    ),
    in_vault(
        "a withdrawal is paid at any price",
        _BOX,
        "    if not modes._is_exited():\n        book._not_guarded(s.price_weth)\n",
        "",
    ),
    in_book("the box ends before its lower edge", _BOX, "5 * price_weth >= 4 *", "5 * price_weth > 4 *"),
    in_book("the box ends before its upper edge", _BOX, "5 * price_weth <= 6 *", "5 * price_weth < 6 *"),
    in_vault(
        "limits do not know of the guard",
        _BOX,
        "    if not modes._is_exited() and book._is_guarded(s.price_weth):\n        return 0\n",
        "",
    ),
    in_actions(
        "a guarded vault trades",
        _BEYOND,
        "    book._not_guarded(s.price_weth)\n    assert book._when_rebalance(s)",
        "    assert book._when_rebalance(s)",
    ),
    in_vault(
        "a guarded vault begins a round",
        _BEYOND,
        '    book._not_guarded(s.price_weth)\n    assert book._is_settled(s), "round: not settled"',
        '    assert book._is_settled(s), "round: not settled"',
    ),
    in_actions(
        "a deleverage begins a round while guarded",
        _PAID_DOWN,
        "if not book._is_guarded(s.price_usdc, s.price_weth) and book._is_settled(s):",
        "if book._is_settled(s):",
    ),
    in_book("lowered terms are not seen", _LOWERED, "shortfall_aave > 0", "shortfall_aave > 1"),
    in_book(
        "raised terms are taken for lowered ones",
        _LOWERED,
        "shortfall(AAVE_POOL, WETH, 8000,",
        "shortfall(AAVE_POOL, WETH, 8101,",
    ),
    in_book("a pair is held to what one token was", _PARTED, ">= 4 * price_usdc", ">= 4 * round_price_usdc"),
    in_book("a pair ends before its lower edge", _PARTED, ">= 4 * price_usdc", "> 4 * price_usdc"),
    in_book("a pair ends behind its upper edge", _PARTED, "<= 6 * price_usdc", "<= 7 * price_usdc"),
    in_vault(
        "the guardian accepts prices",
        _BEYOND,
        'roles._only_owner(method_id("accept_prices()", output_type=Bytes[4]))',
        "roles._only_guardian()",
    ),
    in_vault(
        "prices are accepted at any time",
        _BEYOND,
        'assert book._is_guarded(s.price_weth), "mode: not guarded"',
        "pass",
    ),
    in_book(
        "a round forgets what prices it began with",
        _BEYOND,
        "    rounds._begin(s.total_assets)\n    self._remember_prices(s.price_weth)\n",
        "    rounds._begin(s.total_assets)\n",
    ),
    in_book(
        "a vault is guarded before its first round",
        "before the first round, and after the exit, no move is too large",
        "round_price_weth > 0\n",
        "round_price_weth >= 0\n",
    ),
)
