"""Faults of one line that somebody might put into what fees compute and mint, each with the theorem it breaks."""

from __future__ import annotations

from library_proofs.faults import ACTIONS_FILE, BOOK_FILE, VAULT_FILE, Fault


def _fee(theorem: str, old: str, new: str, name: str, file: str = BOOK_FILE) -> Fault:
    return Fault(name, file, old, new, theorem)


_RATE = "        1_576_800_000 - seconds_counted,\n    )\n    supply_before_gain_fee"
"""Two percent a year: seconds of a year over fifty, in the charge that comes and goes with a price."""

_REACHED = "arith.mul_div_up(min(s.total_assets, 10 ** 36) + 1"

FEE_FAULTS = (
    _fee("charge", "arith.mul_div_down(gain_over_mark", "arith.mul_div_up(gain_over_mark", "a fee rounded up"),
    _fee(
        "charge",
        "    if modes._is_exited():\n        s.supply = share_token.totalSupply\n",
        "    if modes._is_stuck():\n        s.supply = share_token.totalSupply\n",
        "fees of a vault that is over",
    ),
    _fee("time_fee", _RATE, _RATE.replace("1_576_800_000", "788_400_000"), "twice the management fee"),
    _fee("gain_fee", "gain_over_mark, 1, 10)", "gain_over_mark, 1, 5)", "twice the performance fee"),
    _fee(
        "gain_fee",
        "arith.mul_div_up(fees.high_water_mark, ",
        "arith.mul_div_down(fees.high_water_mark, ",
        "a mark that is worth less",
    ),
    _fee(
        "gain_fee",
        "        (s.total_assets + 1) - gain_charged,\n",
        "        (s.total_assets + 1) - 2 * gain_charged,\n",
        "shares worth twice what is charged",
    ),
    _fee(
        "gain_fee",
        "arith.monus(s.total_assets + 1, worth_at_mark)",
        "arith.monus(s.total_assets + 1, 0)",
        "a fee without a gain",
    ),
    _fee(
        "mark_rises",
        "price_reached if price_reached > fees.high_water_mark else fees.high_water_mark",
        "price_reached if price_reached > 0 else fees.high_water_mark",
        "a mark that falls",
    ),
    _fee("mark_rises", _REACHED, _REACHED.replace("_up", "_down"), "a mark below the price"),
    _fee("mark_rises", _REACHED, _REACHED.replace("36", "37"), "a mark without end"),
    _fee(
        "charged",
        "    fees._count_time()\n    book._mint_fees(time_fee)",
        "    book._mint_fees(time_fee)",
        "time counted twice",
        ACTIONS_FILE,
    ),
    _fee(
        "charged",
        "        1_576_800_000 - seconds_counted,\n    )\n    fees._count_time()",
        "        788_400_000 - seconds_counted,\n    )\n    fees._count_time()",
        "leaving by parts costs twice the fee",
        ACTIONS_FILE,
    ),
    _fee("charged", "unsafe_sub(s.supply, share_token.totalSupply)", "s.supply", "the whole supply minted again"),
    _fee("charged", "_mint(fees.fee_recipient, shares)", "_mint(msg.sender, shares)", "fees for whoever calls"),
    _fee("charged", "    fees._raise_mark(s.high_water_mark)\n", "", "a gain that is charged again"),
    _fee(
        "charged",
        "    if modes._is_exited():\n        return\n    fees._raise_mark",
        "    fees._raise_mark",
        "a charge after the exit",
    ),
    _fee(
        "accounted",
        "    if not modes._is_exited():\n        return book._due(book._read())",
        "    if not modes._is_exited():\n        return book._read()",
        "shares priced without what is due",
        VAULT_FILE,
    ),
    _fee(
        "no_charge_reverts",
        "arith.monus(s.total_assets + 1, worth_at_mark)",
        "(s.total_assets + 1) - worth_at_mark",
        "a loss that stops everything",
    ),
)
