"""Rules as Vyper: when each is due, and what its call does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stratc_compiler.expr import Expr, Formula
from stratc_compiler.guard import gives_way, held_up
from stratc_compiler.vault import (
    Exits,
    Freezes,
    Marks,
    OnCondition,
    OnStale,
    OnTimer,
    RuleModel,
    Trades,
    Vault,
)
from stratc_targets.vyper.guard_text import GuardText
from stratc_targets.vyper.layout import Atom, Call, both, statement
from stratc_targets.vyper.plan_text import Loans, plan_text
from stratc_targets.vyper.price_text import unusable
from stratc_targets.vyper.printer import formula
from stratc_targets.vyper.symbols import BOOK, Symbols, state_scope

_READ = f"s: {BOOK}.State = {BOOK}._read()"


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule. `when` is the body of its condition over a State, if it has one, and stands in the book; `timer` is its
    storage variable there. `due` is asked of the vault, which answers false where the rule `needs_prices` and there are
    none; `run` is what its actions do."""

    name: str
    comment: str
    notice: str
    timer: str | None
    when: list[str]
    needs_prices: bool
    due: list[str]
    run: list[str]


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What all rules are printed with: names as they are outside the book, and in it, where conditions stand.

    `marks` maps the positions that a rule marks to their storage variables, `named` is of the book. `loans` gathers
    what goes on within a flash loan.
    """

    vault: Vault
    symbols: Symbols
    book: Symbols
    marks: Mapping[str, str]
    named: Mapping[Expr | Formula, str]
    places: Mapping[str, str]
    guard: GuardText | None
    loans: Loans


def marked_positions(vault: Vault, symbols: Symbols) -> dict[str, str]:
    """The positions of venues that some rule marks, with the storage variable of each mark."""
    venues = {rule.effect.venue for rule in vault.rules if isinstance(rule.effect, Marks)}
    held = (one for one in vault.held if one.venue in venues)
    return {one.name: f"{BOOK}.{symbols.functions.claim('mark', one.name)}" for one in held}


def rule_text(rule: RuleModel, context: RuleContext) -> RuleText:
    """The rule's functions."""
    return RuleText(
        name=rule.name,
        comment=context.places[rule.name],
        notice=_notice(rule),
        timer=f"{rule.name}_last_run" if isinstance(rule.trigger, OnTimer) else None,
        when=_when(rule, context),
        needs_prices=_needs_state(rule),
        due=_due(rule, context),
        run=_run(rule, context),
    )


def _notice(rule: RuleModel) -> str:
    match rule.effect:
        case Trades(reduces_risk=True):
            return "Runs while the vault is open or frozen."
        case Trades() | Marks() | Freezes():
            return "Runs while the vault is open."
        case Exits():
            return "Sells everything; from then on shares are redeemed out of what was recovered."


def _when(rule: RuleModel, context: RuleContext) -> list[str]:
    if not isinstance(rule.trigger, OnCondition):
        return []
    scope = state_scope(context.vault, context.book, named=context.named)
    return statement("return ", formula(rule.trigger.condition.formula, scope))


def before(rule: RuleModel, vault: Vault) -> tuple[RuleModel, ...]:
    """Trading rules of higher priority on a condition: while one is due and may run, a trading rule must wait."""
    if not isinstance(rule.effect, Trades):
        return ()
    earlier = vault.rules[: vault.rules.index(rule)]
    return tuple(one for one in earlier if isinstance(one.effect, Trades) and isinstance(one.trigger, OnCondition))


def _while_it_may_run(one: RuleModel, rule: RuleModel, context: RuleContext) -> list[str]:
    """What else must hold for the rule to wait for the one before it.

    Where the vault is frozen or guarded, what reduces risk waits for nothing that gives way.
    """
    if not gives_way(one) or not _runs_frozen(rule):
        return []
    guarded = [f"not {context.guard.asked}"] if context.guard else []
    return ["modes._is_open()", *guarded]


def _needs_state(rule: RuleModel) -> bool:
    return isinstance(rule.effect, Trades) or isinstance(rule.trigger, OnCondition)


def _runs_frozen(rule: RuleModel) -> bool:
    return isinstance(rule.effect, Exits) or (isinstance(rule.effect, Trades) and rule.effect.reduces_risk)


# ── due ────────────────────────────────────────────────────────────────────────────────────


def _due(rule: RuleModel, context: RuleContext) -> list[str]:
    closed = "modes._is_exited()" if _runs_frozen(rule) else "not modes._is_open()"
    trigger = _standing_trigger(rule, context)
    if not _needs_state(rule):
        return [f"if {closed}:", "    return False", f"return {trigger}"]
    lines = [f"if {closed} or not {BOOK}._prices_usable():", "    return False"]
    conditions: list[str] = []
    waits: list[str] = []
    for one in before(rule, context.vault):
        when, held = f"{BOOK}._when_{one.name}(s)", _while_it_may_run(one, rule, context)
        if held:
            waits += [*statement("if ", both(*held, when), ":"), "    return False"]
        else:
            conditions.append(f"not {when}")
    own = trigger or f"{BOOK}._when_{rule.name}(s)"
    if context.guard and held_up(rule, context.vault):
        conditions.append(f"not {context.guard.asked}")
    return [*lines, _READ, *waits, *statement("return ", both(own, *conditions))]


def _standing_trigger(rule: RuleModel, context: RuleContext) -> str | None:
    """A trigger that needs no State: a timer, a stale feed."""
    match rule.trigger:
        case OnCondition():
            return None
        case OnTimer(period):
            return f"block.timestamp >= {BOOK}.{rule.name}_last_run + {period}"
        case OnStale(token):
            return unusable(token, context.vault, context.symbols)


# ── run ────────────────────────────────────────────────────────────────────────────────────


def _run(rule: RuleModel, context: RuleContext) -> list[str]:
    mode = "modes._not_exited()" if _runs_frozen(rule) else "modes._only_open()"
    lines = ["roles._only_keeper()", mode]
    if _needs_state(rule):
        lines.append(_READ)
    if context.guard and held_up(rule, context.vault):
        lines.append(f"{BOOK}._not_guarded({context.guard.arguments})")
    own = _standing_trigger(rule, context) or f"{BOOK}._when_{rule.name}(s)"
    lines.append(f'assert {own}, "rule: not due"')
    for one in before(rule, context.vault):
        waits = f'assert not {BOOK}._when_{one.name}(s), "rule: {one.name} comes first"'
        held = _while_it_may_run(one, rule, context)
        lines += [*statement("if ", both(*held), ":"), f"    {waits}"] if held else [waits]
    if isinstance(rule.trigger, OnTimer):
        lines.append(f"{BOOK}.{rule.name}_last_run = block.timestamp")
    return [*lines, *_effect(rule, context)]


def _effect(rule: RuleModel, context: RuleContext) -> list[str]:
    match rule.effect:
        case Trades(plan):
            context.loans.purpose = rule.name
            hedges = f", {rule.effect.hedges}" if context.vault.hedges else ""
            return [
                "supply_before: uint256 = share_token.totalSupply",
                *plan_text(plan, context.vault, context.symbols, context.marks, live=False, loans=context.loans),
                f'self._finish("{rule.name}", supply_before, nav_before, budget, s{hedges})',
            ]
        case Marks(venue):
            return [line for held in context.vault.held if held.venue == venue for line in _mark(held.name, context)]
        case Freezes():
            return ["modes._freeze()"]
        case Exits():
            return ["self._sell_everything()"]


def _mark(position: str, context: RuleContext) -> list[str]:
    held = next(one for one in context.vault.held if one.name == position)
    mark = context.marks[position]
    now = f"{mark.removeprefix(f'{BOOK}.mark_')}_now"
    gain, loss = f"arith.monus({now}, {mark})", f"arith.monus({mark}, {now})"
    if held.debt:  # a debt that grew is a loss
        gain, loss = loss, gain
    values = {"position": f'"{position}"', "assets": now, "gain": gain, "loss": loss}
    return [
        f"{now}: uint256 = {context.symbols.read(held)}",
        *statement("log ", Call("Harvested", tuple(Atom(f"{name}={value}") for name, value in values.items()))),
        f"{mark} = {now}",
    ]
