"""Faults of one line that somebody might put into the library or an emitted vault, each with the theorem it breaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ARITH_FILE, ORACLE_FILE, TOKEN_FILE, DEPOSITORS_FILE, RING_FILE, VAULT_FILE, ACTIONS_FILE, BOOK_FILE = (
    f"contracts/{name}.vy"
    for name in ("arith", "oracle", "share_token", "depositors", "ring", "Vault", "Actions", "book")
)


@dataclass(frozen=True)
class Fault:
    """In one file of the emitted sources `old` becomes `new`; it stands there exactly once."""

    name: str
    file: str
    old: str
    new: str
    breaks: str


def _faults_in(file: str) -> Callable[[str, str, str, str], Fault]:
    """What makes faults of this file: (theorem, old, new, name)."""
    return lambda theorem, old, new, name: Fault(name, file, old, new, theorem)


_arith, _vault, _actions, _book, _depositors, _ring = map(
    _faults_in, (ARITH_FILE, VAULT_FILE, ACTIONS_FILE, BOOK_FILE, DEPOSITORS_FILE, RING_FILE)
)

LIBRARY_FAULTS = (
    _arith("quotient", "if high == 0:", "if high <= 1:", "a product of more than one word is taken for one"),
    _arith("quotient", "assert high < divisor", "assert high <= divisor", "a quotient of 2^256 is let through"),
    _arith(
        "quotient", "assert high < divisor", "assert high < unsafe_sub(divisor, 1)", "a quotient that fits is refused"
    ),
    _arith("quotient", "assert divisor != 0", "assert divisor != 1", "a division by zero is let through"),
    _arith("quotient", "convert(folded < low, uint256)", "convert(folded <= low, uint256)", "a borrow too many"),
    _arith(
        "quotient",
        "x, y, max_value(uint256))",
        "x, y, unsafe_sub(max_value(uint256), 1))",
        "the product is folded elsewhere",
    ),
    _arith(
        "quotient", "convert(remainder > low, uint256)", "convert(remainder >= low, uint256)", "a borrow from nothing"
    ),
    _arith("quotient", "low = unsafe_sub(low, remainder)", "low = unsafe_sub(low, 0)", "the remainder stays"),
    _arith(
        "quotient",
        "high = unsafe_sub(high, convert(remainder > low, uint256))",
        "high = unsafe_sub(high, 0)",
        "the borrow is forgotten",
    ),
    _arith(
        "quotient",
        "unsafe_sub(0, divisor) & divisor",
        "unsafe_sub(1, divisor) & divisor",
        "another bit than the lowest",
    ),
    _arith("quotient", "twos), 1)", "twos), 2)", "the bits of `high` are lifted too far"),
    _arith(
        "quotient", "unsafe_div(low, twos) |", "unsafe_div(low, 2) |", "one bit is taken away, however many there are"
    ),
    _arith("quotient", "twos) | unsafe_mul", "twos) & unsafe_mul", "the bits of `high` are put under those of `low`"),
    _arith("quotient", "unsafe_mul(3, odd) ^ 2", "unsafe_mul(3, odd) ^ 1", "an inverse that starts with one bit"),
    _arith("quotient", "unsafe_mul(3, odd) ^ 2", "unsafe_mul(5, odd) ^ 2", "an inverse that starts elsewhere"),
    _arith("quotient", "range(6)", "range(5)", "an inverse of 160 bits"),
    _arith("quotient", "unsafe_sub(2, unsafe_mul", "unsafe_sub(1, unsafe_mul", "a step that leads nowhere"),
    _arith("quotient", "return unsafe_mul(low, inverse)", "return unsafe_mul(high, inverse)", "the wrong half"),
    _arith("mul_div_down", "return self._quotient(x, y, divisor)", "return self._quotient(x, divisor, y)", "swapped"),
    _arith(
        "mul_div_down", "constant(uint256) = 2**128", "constant(uint256) = 2**129", "a product of 258 bits is small"
    ),
    _arith(
        "mul_div_down",
        "if (x | y | unsafe_sub(divisor, 1)) < SMALL:\n        return unsafe_div(unsafe_mul",
        "if (x | y) < SMALL:\n        return unsafe_div(unsafe_mul",
        "a small product over zero is zero",
    ),
    _arith(
        "mul_div_up",
        "if (x | y | unsafe_sub(divisor, 1)) < SMALL:\n        return unsafe_div(unsafe_add",
        "if (x & y | unsafe_sub(divisor, 1)) < SMALL:\n        return unsafe_div(unsafe_add",
        "one small factor makes a small product",
    ),
    _arith(
        "mul_div_up",
        "unsafe_add(unsafe_mul(x, y), unsafe_sub(divisor, 1))",
        "unsafe_add(unsafe_mul(x, y), divisor)",
        "a small product is rounded up where it is exact",
    ),
    _arith(
        "mul_div_up", "uint256_mulmod(x, y, divisor) != 0:", "uint256_mulmod(x, y, divisor) > 1:", "a rest of 1 is lost"
    ),
    _arith("mul_div_up", "quotient += 1", "quotient += 2", "rounded up by two"),
    _arith("mul_div_up", "quotient += 1", "quotient = unsafe_add(quotient, 1)", "rounded up past 2^256, to zero"),
    _arith("mul_div_up", "if uint256_mulmod(x, y, divisor) != 0:", "if True:", "rounded up where it is exact"),
    _arith("monus", "if left > right else 0", "if left != right else 0", "wraps around below zero"),
    _arith("monus", "unsafe_sub(left, right)", "unsafe_sub(right, left)", "the wrong way round"),
    Fault("scaled by 10^17", ORACLE_FILE, "uint256), 10**18)", "uint256), 10**17)", "scaled"),
    Fault("larger answers than fit", ORACLE_FILE, "constant(int256) = 2**128", "constant(int256) = 2**200", "scaled"),
    *(
        Fault(f"{name} ({theorem})", TOKEN_FILE, old, new, theorem)
        for theorem, name, old, new in (
            ("transfers", "an overdraft", "held >= amount", "held >= amount - 1"),
            ("transfers", "nobody pays", "unsafe_sub(held, amount)", "unsafe_sub(held, 0)"),
            (
                "transfers",
                "to the sender",
                "self._credit(receiver, amount)\n    log Transfer(sender=sender",
                "self._credit(sender, amount)\n    log Transfer(sender=sender",
            ),
            ("mints", "to nobody", "assert receiver != empty(address)", "assert amount == amount"),
            ("mints", "the supply stays", "self.totalSupply += amount", "self.totalSupply += 0"),
            ("burns", "the supply stays", "unsafe_sub(self.totalSupply, amount)", "unsafe_sub(self.totalSupply, 0)"),
            ("burns", "an overdraft", "held >= amount", "self.totalSupply >= amount"),
            ("allowances", "spent twice", "assert allowed >= amount", "assert allowed != 0 or amount == 0"),
            (
                "allowances",
                "another's allowance",
                "self.allowance[owner][spender] = unsafe_sub(",
                "self.allowance[spender][owner] = unsafe_sub(",
            ),
        )
    ),
    Fault(
        "scaled the other way", ORACLE_FILE, "unsafe_div(unsafe_mul(convert", "unsafe_mul(unsafe_mul(convert", "scaled"
    ),
)

_DOWN = "return arith.mul_div_down(assets, share_token.totalSupply + 10 ** 12, s.total_assets + 1)"
_UP = "return arith.mul_div_up(assets, share_token.totalSupply + 10 ** 12, s.total_assets + 1)"
_BACK = "return arith.mul_div_down(shares, s.total_assets + 1, share_token.totalSupply + 10 ** 12)"
_COST = "return arith.mul_div_up(shares, s.total_assets + 1, share_token.totalSupply + 10 ** 12)"

_ROUNDED = (
    (_DOWN, _DOWN.replace("_down", "_up"), "a deposit mints rounded up"),
    (_BACK, _BACK.replace("_down", "_up"), "a redemption pays rounded up"),
    (_UP, _UP.replace("_up", "_down"), "a withdrawal burns rounded down"),
    (_COST, _COST.replace("_up", "_down"), "a mint takes rounded down"),
)

SHARE_FAULTS = (
    *(
        _vault(theorem, old, new, f"{name} ({theorem})")
        for old, new, name in _ROUNDED
        for theorem in ("conversions", "flows", "round_trips", "exact_bounds", "price_stays")
    ),
    _vault("directions", _UP, f"{_UP} + 1", "a withdrawal burns one share too many"),
    _vault("conversions", _DOWN, _DOWN.replace("10 ** 12", "10 ** 6"), "fewer virtual shares"),
    _vault("conversions", _DOWN, _DOWN.replace("assets + 1", "assets"), "no virtual asset"),
    _vault("bounds", _DOWN, _DOWN.replace("assets + 1", "assets"), "an empty vault takes nothing"),
    _vault("monotone", _DOWN, _DOWN.replace("(assets,", "(unsafe_sub(max_value(uint256), assets),"), "more for less"),
    _vault("together", _BACK, _BACK.replace("total_assets + 1", "total_assets + 2"), "one more than there is"),
    _vault(
        "flows",
        "assets: uint256 = self._to_assets_up(shares, s)",
        "assets: uint256 = self._to_assets_down(shares, s)",
        "mint",
    ),
    _vault(
        "flows",
        "return self._to_shares_up(assets, self._account())",
        "return self._to_shares_down(assets, self._account())",
        "a preview below its effect",
    ),
    _vault(
        "flows",
        "    self._take(assets, shares, receiver, s)\n    return shares",
        "    self._take(assets, shares + 1, receiver, s)\n    return shares",
        "one share too many",
    ),
)

ACCOUNT_FAULTS = (
    _book("values", "arith.mul_div_up(s.aave_debt_usdc", "arith.mul_div_down(s.aave_debt_usdc", "a debt rounded down"),
    _book(
        "values",
        "arith.mul_div_down(s.save, s.price_usdc, USDC_UNIT)",
        "arith.mul_div_down(s.save, s.price_weth, USDC_UNIT)",
        "another token's price",
    ),
    _book(
        "values",
        "arith.mul_div_down(s.save, s.price_usdc, USDC_UNIT)",
        "arith.mul_div_down(s.save, s.price_usdc, WETH_UNIT)",
        "another token's unit",
    ),
    _book("values", "+ s.value_save + s.value_idle_usdc", "+ s.value_save + s.value_save", "a position counted twice"),
    _book("values", "arith.monus(s.assets, s.debts)", "arith.monus(s.debts, s.assets)", "debts less assets"),
    _book("bounds", "arith.monus(s.assets, s.debts)", "s.assets - s.debts", "an insolvent vault that cannot be read"),
    _book(
        "values",
        "arith.mul_div_down(s.nav, USDC_UNIT, s.price_usdc)",
        "arith.mul_div_up(s.nav, USDC_UNIT, s.price_usdc)",
        "total assets rounded up",
    ),
    _book("values", "s.debts = s.value_aave_debt_usdc", "s.debts = s.aave_debt_usdc", "a debt in units for its worth"),
    _book("floors", "weth >= 54 * s.value_aave", "weth >= 53 * s.value_aave", "a floor that is lower"),
    _book(
        "floors",
        "return 100 * s.value_idle_usdc >= s.nav",
        "return 100 * s.value_idle_usdc > s.nav",
        "a floor without its edge",
    ),
    _book(
        "floors",
        "return self._floor_health_aave_1_35(s) and self",
        "return self._floor_health_aave_1_35(s) or self",
        "one floor is enough",
    ),
    _book(
        "floors",
        '    assert self._floor_idle_usdc_1_of_nav(s), "floor: idle(USDC) >= 1% of nav"\n',
        "",
        "a floor that is not asserted",
    ),
    _book(
        "bands",
        "20 * s.value_aave_collateral_weth <= 17 * s.nav",
        "20 * s.value_aave_collateral_weth <= 18 * s.nav",
        "a wider band",
    ),
    _book("bands", "        and 100 * s.value_save >= 37 * s.nav\n", "", "a band without its lower edge"),
    _book("guard", "5 * price_weth >= 4 *", "4 * price_weth >= 4 *", "a guard that comes too late"),
    _book("triggers", "weth < 60 * s.value", "weth <= 60 * s.value", "a rule that is due at the edge"),
    _vault("health", "10 ** 18, 40 * s.value", "10 ** 18, 41 * s.value", "a health factor that is lower"),
    _vault("health", "_weth, 40 * s.value_aave_debt_usdc),", "_weth, 39 * s.value_aave_debt_usdc),", "a larger buffer"),
    _book("requests", "held(USDC) - requests.reserved", "held(USDC) - 0 * requests.reserved", "debts are idle"),
    _vault(
        "requests",
        "else self._to_assets_up(requests.shares_requested, s)",
        "else self._to_assets_down(requests.shares_requested, s)",
        "a unit is left to who comes later",
    ),
    _book(
        "refreshed",
        "    return self._derive(s)\n\n\n@internal\n@pure",
        "    return s\n\n\n@internal\n@pure",
        "values of the past",
    ),
    _actions(
        "trades", "s.value_aave_collateral_weth, 11, 24)", "s.value_aave_collateral_weth, 12, 24)", "repays too little"
    ),
    _actions("trades", "if repay > 0:", "if repay > 1:", "leaves a debt of one"),
    _actions("trades", "= min(repay, min(s.save,", "= min(repay, min(s.idle_usdc,", "draws by another position"),
    _actions(
        "trades",
        "(increase_aave_collateral_weth, s.price_usdc, book.USDC_UNIT),\n                997",
        "(increase_aave_collateral_weth, s.price_usdc, book.USDC_UNIT),\n                987",
        "sells for less than is allowed",
    ),
    _actions(
        "trades",
        "nav_32_percent: uint256 = arith.mul_div_down(s.nav, 8, 25)",
        "nav_32_percent: uint256 = arith.mul_div_down(s.nav, 9, 25)",
        "owes more than the target",
    ),
    _actions("trades", '    assert book._when_rebalance(s), "rule: not due"\n', "", "rebalances without cause"),
    _book(
        "settled",
        "and not self._when_deleverage_aave(s)",
        "and self._when_deleverage_aave(s)",
        "settled while a rule is due",
    ),
    _vault(
        "rounds",
        "arith.mul_div_down(rounds.round_assets, 1, 20)",
        "arith.mul_div_down(rounds.round_assets, 1, 10)",
        "twice the flow",
    ),
    _vault(
        "rounds",
        "arith.monus(limit, rounds.round_withdrawn)",
        "arith.monus(rounds.round_withdrawn, limit)",
        "limits backwards",
    ),
    _vault(
        "rounds",
        "modes._is_exited() or rounds.round_assets == 0",
        "modes._is_open() or rounds.round_assets == 0",
        "no limit while open",
    ),
)


DEPOSITOR_FAULTS = (
    _depositors("recipient", "(record, 64) != SCHEMA", "(record, 32) != SCHEMA", "another word for the schema"),
    _depositors("recipient", "!= SCHEMA or extract32", "!= SCHEMA and extract32", "anybody's attestation of it"),
    _depositors(
        "recipient",
        "if extract32(record, 160, output_type=uint256) != 0 or (expires",
        "if (expires",
        "what was revoked is good",
    ),
    _depositors("recipient", "expires <= block.timestamp", "expires < block.timestamp", "good for a second longer"),
    _depositors(
        "recipient",
        "(expires != 0 and expires <= block.timestamp)",
        "expires <= block.timestamp",
        "what never expires has expired",
    ),
    _depositors(
        "recipient", "return extract32(record, 224", "return extract32(record, 256", "the attester for the attested"
    ),
    _depositors(
        "recipient", "if not answered or len(record) < 288", "if not answered or len(record) < 256", "a record cut off"
    ),
    _depositors(
        "may_hold",
        "attestation != empty(bytes32) and self._recipient(attestation) == account",
        "attestation != empty(bytes32)",
        "what was good once is good",
    ),
    _depositors("may_hold", "assert self._may_hold(account)", "assert account != empty(address)", "nobody is asked"),
    _depositors(
        "admits",
        '    assert account != empty(address), "depositors: no such attestation"\n',
        "",
        "an attestation of nobody is noted",
    ),
    _depositors(
        "admits",
        "self.attestation_of[account] = attestation",
        "self.attestation_of[msg.sender] = attestation",
        "noted for whoever calls",
    ),
)


RING_FAULTS = (
    _ring("squared", "else then - now", "else 0", "a fall that counts as nothing"),
    _ring("squared", "mul_div_up(10**18, apart, then)", "mul_div_down(10**18, apart, then)", "a move rounded down"),
    _ring("squared", "    return move * move\n", "    return move\n", "a move that is not squared"),
    _ring(
        "squared",
        ": constant(uint256) = 10**27",
        ": constant(uint256) = 10**39",
        "a move that is too large to be squared",
    ),
)
