"""Faults in floors, limits, and the count of a round."""

from __future__ import annotations

from mutations.mutant import Mutant, in_book, in_vault

_ROUND = "withdrawals up to the round's limit and one unit past it"
_INFLOW = "deposits up to the round's share and one unit past it"

LIMITS: tuple[Mutant, ...] = (
    in_book(
        "withdrawals ignore the floors",
        "withdrawals down to the floor and one unit past it",
        '    assert self._floor_idle_usdc_5_of_nav(s), "floor: idle(USDC) >= 5% of nav"',
        "    pass",
    ),
    in_vault(
        "withdrawals ignore the round's limit",
        _ROUND,
        '    assert assets <= arith.monus(self._round_allowance(), ahead), "withdraw: round limit"\n',
        "",
    ),
    in_vault(
        "a frozen vault lets everybody out at once",
        _ROUND,
        "if modes._is_exited() or rounds.round_assets == 0:",
        "if not modes._is_open() or rounds.round_assets == 0:",
    ),
    in_vault("withdrawals are not counted", _ROUND, "    rounds._count(assets)\n", ""),
    in_vault(
        "a round begins whenever somebody asks",
        "rules that are not due",
        '    assert book._is_settled(s), "round: not settled"\n',
        "",
    ),
    in_vault(
        "limits of deposits are not looked at",
        "deposits up to a limit",
        'assert assets <= self._room(s), "deposit: above the limit"',
        "pass",
    ),
    in_vault("deposits are not counted", _INFLOW, "    rounds._count_deposit(assets)\n", ""),
    in_vault(
        "the count of deposits begins anew with a rule, not with a settlement",
        _INFLOW,
        '"round: not settled"\n    book._begin_round(s)\n',
        '"round: not settled"\n    rounds._begin(s.total_assets)\n',
    ),
    in_vault(
        "who deposits a few units first keeps others out",
        "few units do not keep others out",
        "if rounds.round_assets >= 10 ** 6",
        "if rounds.round_assets > 0",
    ),
)
