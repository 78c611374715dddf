"""Floors, bands, conversions, health and buffers as bodies of Vyper functions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from stratc_compiler.conservation import BUDGET, CONSERVED, NAV_BEFORE, REASON
from stratc_compiler.expr import (
    And,
    Expr,
    Formula,
    Monus,
    MulDiv,
    Not,
    Plain,
    Rounding,
    number,
    scale,
    times,
    total,
)
from stratc_compiler.limits import unbounded
from stratc_compiler.shares import round_assets, round_deposited, to_assets, to_shares
from stratc_compiler.vault import Condition, Greek, OnCondition, RuleModel, Vault, VenueModel
from stratc_compiler.volatility import freezes_on_volatility
from stratc_dsl.span import Source
from stratc_targets.vyper.layout import both, flat, statement
from stratc_targets.vyper.printer import Scope, expression, formula
from stratc_targets.vyper.symbols import Symbols, state_scope, worth_calls
from stratc_targets.vyper.words import place, quoted

BUFFER_SCALE = 10**18


@dataclass(frozen=True, slots=True)
class FloorText:
    """One floor: the function that says whether it holds, and the reason of the revert where it does not."""

    function: str
    comment: str
    body: list[str]
    reason: str


@dataclass(frozen=True, slots=True)
class ConversionText:
    """One conversion between shares and assets; `given` is what its argument is called."""

    function: str
    given: str
    body: list[str]


@dataclass(frozen=True, slots=True)
class RiskText:
    """A view for monitors, of a loan's health or of a sensitivity of the vault. `notice` says what it answers."""

    function: str
    notice: str
    body: list[str]
    returns: str = "uint256"


def floor_texts(vault: Vault, symbols: Symbols, source: Source) -> tuple[FloorText, ...]:
    """Every floor in the order of the strategy."""
    return tuple(_floor(floor, vault, symbols, source) for floor in vault.floors)


def _floor(floor: Condition, vault: Vault, symbols: Symbols, source: Source) -> FloorText:
    body = statement("return ", formula(floor.formula, state_scope(vault, symbols)))
    function = "_" + symbols.functions.claim("floor", floor.text)
    return FloorText(function, place(floor.span, source, floor.text), body, f"floor: {quoted(floor.text)}")


def bands(vault: Vault) -> Formula:
    """Every position inside its band, as `weights outside band` means it."""
    return And(tuple(inside.formula for band in vault.bands for inside in band.inside))


def named_formulas(vault: Vault) -> dict[Expr | Formula, str]:
    """Formulas that have a function of their own, wherever they stand in a larger one."""
    named: dict[Expr | Formula, str] = {bands(vault): "self._in_band(s)"}
    if vault.hedges:
        named[_hedged(vault)] = "self._hedged(s)"
    return named


def _hedged(vault: Vault) -> Formula:
    """Every hedged sensitivity inside its band; of a single one as `.. outside band` means it."""
    return And(tuple(inside.formula for inside in vault.hedged))


def hedged_text(vault: Vault, symbols: Symbols) -> list[str]:
    """The body of `_hedged`; none where nothing is hedged."""
    return statement("return ", formula(_hedged(vault), state_scope(vault, symbols))) if vault.hedges else []


def band_text(vault: Vault, symbols: Symbols) -> list[str]:
    """The body of `_in_band`."""
    return statement("return ", formula(bands(vault), state_scope(vault, symbols)))


def settled_text(vault: Vault) -> list[str]:
    """The body of `_is_settled`: floors, bands, and no rule on a condition due."""
    asked = {Not(bands(vault)), *((Not(_hedged(vault)),) if vault.hedges else ())}
    conditional = [
        rule
        for rule in vault.rules
        if isinstance(rule.trigger, OnCondition) and rule.trigger.condition.formula not in asked
    ]
    triggers = [_not_due(rule, vault) for rule in conditional]
    hedged = ["self._hedged(s)"] if vault.hedges else []
    return statement("return ", both("self._floors_hold(s)", "self._in_band(s)", *hedged, *triggers))


def _not_due(rule: RuleModel, vault: Vault) -> str:
    """What has frozen the vault on a volatility is not due again, so that rounds go on in it."""
    due = f"self._when_{rule.name}(s)"
    return f"not (modes._is_open() and {due})" if freezes_on_volatility(rule, vault) else f"not {due}"


def conserved_text(vault: Vault, symbols: Symbols) -> list[str]:
    """What a rule that trades asserts of its cost."""
    bound = {var.name: var.name for var in (NAV_BEFORE, BUDGET)}
    return statement("assert ", formula(CONSERVED, state_scope(vault, symbols, bound)), f', "{REASON}"')


def conversion_texts(vault: Vault, symbols: Symbols) -> tuple[ConversionText, ...]:
    """The four conversions of ERC-4626."""
    decimals = vault.strategy.token(vault.base).decimals
    scope = state_scope(vault, symbols, {"assets": "assets", "shares": "shares"})
    conversions: list[ConversionText] = []
    for word, given, convert in (("shares", "assets", to_shares), ("assets", "shares", to_assets)):
        for rounding in Rounding:
            body = statement("return ", expression(convert(vault.base, decimals, rounding), scope))
            conversions.append(ConversionText(f"_to_{word}_{rounding.value}", given, body))
    return tuple(conversions)


def definition_lines(vault: Vault, symbols: Symbols) -> list[str]:
    """Assignments of every derived quantity, each after those that it uses; what one call answers, by that."""
    scope = state_scope(vault, symbols)
    fields = {name: f"s.{symbols.fields[name]}" for name in vault.definitions}
    second: set[str] = set()
    lines: list[str] = []
    for name, expr in vault.definitions.items():
        if name in second:
            continue
        call = next((one for one in worth_calls(vault, symbols) if one.whole == expr), None)
        also = next((other for other, asked in vault.definitions.items() if call and asked == call.in_token), None)
        if call is None or also is None:
            lines += statement(f"{fields[name]} = ", expression(expr, scope))
        else:
            lines.append(f"{fields[name]}, {fields[also]} = {call.call}")
            second.add(also)
    return lines


def round_limit(vault: Vault) -> list[str]:
    """The statement that computes what may be withdrawn in one round; none where nothing limits it."""
    if vault.withdrawals is None:
        return []
    begun = round_assets(vault.base)
    limit = scale(begun, vault.withdrawals, Rounding.DOWN)
    return statement("limit: uint256 = ", expression(limit, Scope(lambda var: f"rounds.{var.name}")))


def room_text(vault: Vault, symbols: Symbols) -> list[str]:
    """The body of `_room`; none where nothing limits deposits."""
    if vault.deposit_room is None:
        return []
    flows = {var.name: f"rounds.{var.name}" for var in (round_assets(vault.base), round_deposited(vault.base))}
    scope = state_scope(vault, symbols, flows, {unbounded(vault.base): "max_value(uint256)"})
    return statement("return ", expression(vault.deposit_room, scope))


def risk_texts(vault: Vault, symbols: Symbols) -> tuple[RiskText, ...]:
    """Two views of each venue that can be in debt."""
    owing = [venue for venue in vault.venues if venue.health is not None]
    return tuple(text(venue, vault, symbols) for venue in owing for text in (_health, _buffer))


def _health(venue: VenueModel, vault: Vault, symbols: Symbols) -> RiskText:
    assert venue.health is not None
    scope = state_scope(vault, symbols)
    (covered, covered_scale), (owed, owed_scale) = (_integral(combination) for combination in venue.health)
    health = MulDiv(covered, number(owed_scale * 10**18), times(covered_scale, owed), Rounding.DOWN)
    guard = [f"if {flat(expression(owed, scope))} == 0:", "    return max_value(uint256)"]
    body = [*guard, *statement("return ", expression(health, scope))]
    notice = f"Health factor at `{venue.name}` times 10^18, rounded down, at this vault's prices; the largest number"
    return RiskText(symbols.functions.claim("health", venue.name), f"{notice} without debt.", body)


def _buffer(venue: VenueModel, vault: Vault, symbols: Symbols) -> RiskText:
    """1 - debt / weighted collateral, by one division."""
    assert venue.health is not None
    scope = state_scope(vault, symbols)
    (covered, covered_scale), (owed, owed_scale) = (_integral(combination) for combination in venue.health)
    whole = times(owed_scale, covered)
    left = Monus(whole, times(covered_scale, owed))
    body = [
        f"if {flat(expression(owed, scope))} == 0:",
        f"    return {BUFFER_SCALE}",
        f"if {flat(expression(covered, scope))} == 0:",
        "    return 0",
        *statement("return ", expression(MulDiv(left, number(BUFFER_SCALE), whole, Rounding.DOWN), scope)),
    ]
    notice = (
        f"What collateral at `{venue.name}` can lose against the debt before liquidation, of 10^18, rounded down, at"
    )
    return RiskText(symbols.functions.claim("buffer", venue.name), f"{notice} this vault's prices.", body)


def greek_texts(vault: Vault, symbols: Symbols) -> tuple[RiskText, ...]:
    """A view of each sensitivity that the strategy speaks of, with its sign."""
    return tuple(_greek(one, symbols) for one in vault.greeks)


def _greek(greek: Greek, symbols: Symbols) -> RiskText:
    long, short = (f"convert(s.{symbols.fields[side.name]}, int256)" for side in (greek.long, greek.short))
    gains = {"delta": "nav", "gamma": f"delta({greek.token})"}[greek.name]
    notice = f"What {gains} gains in 10^-18 USD for each 100% that price({greek.token}) moves, at its slope now."
    function = symbols.functions.claim(greek.name, greek.token)
    return RiskText(function, notice, [f"return {long} - {short}"], "int256")


def _integral(combination: dict[Expr, Fraction]) -> tuple[Expr, int]:
    """A combination times the returned factor, with whole weights."""
    factor = lcm(*(weight.denominator for weight in combination.values()))
    terms = tuple(times(weight * factor, term) for term, weight in combination.items())
    return total(terms, Plain.VALUE), factor
