"""What breaks a claim in one round that is replayed in exact integers: how, and who does what on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import combinations, takewhile

from msgspec.structs import replace

from stratc_compiler.claims import (
    About,
    AtAnyMoment,
    ExitWorks,
    IsBacked,
    IsFair,
    KeeperHedges,
    KeeperIsQuiet,
    KeeperSettles,
    Keeps,
    LosesAtMost,
    LosesLeg,
    Pays,
)
from stratc_compiler.conservation import BUDGET, CONSERVED, NAV_BEFORE
from stratc_compiler.ideal_world import LIQUIDATED, IdealWorld, as_read
from stratc_compiler.interpret import Evaluator, Reverted, run_plan
from stratc_compiler.readings import loan_at
from stratc_compiler.rounds import exit_rules, trading_rules
from stratc_compiler.text import amount_text, percent, usd
from stratc_compiler.vault import (
    Condition,
    Exits,
    Freezes,
    Marks,
    OnCondition,
    OnTimer,
    RuleModel,
    Trades,
    Vault,
    VenueModel,
    waits_for,
)
from stratc_compiler.verdict import Round
from stratc_compiler.volatility import stops_on_volatility
from stratc_dsl.record import Record

LIQUIDATOR = "a liquidator"


class Broken(Record):
    """How a claim breaks in a round, the steps on the way, each with who takes it, and the venues they swap at.

    `leaned_on` are the assumptions behind what a venue refused. `rules` are those that were begun, by name, and last
    the one that is due again, where that is what breaks.
    """

    why: str
    steps: tuple[tuple[str, str], ...]
    swaps: tuple[str, ...]
    leaned_on: tuple[str, ...]
    rules: tuple[str, ...]


Timers = frozenset[str]
"""The rules on timers, by name, whose time has come when the keeper looks."""


def timers(vault: Vault) -> Iterator[Timers]:
    """Every way in which the timers of trading rules can stand, the calmest first: the state says nothing of them."""
    acting = (*trading_rules(vault), *exit_rules(vault))
    on_timer = [rule.name for rule in acting if isinstance(rule.trigger, OnTimer)]
    return (frozenset(some) for count in range(len(on_timer) + 1) for some in combinations(on_timer, count))


def what_breaks(about: About, vault: Vault, played: Round) -> Broken | None:
    """How the claim is broken in this round, with as few timers as that takes, or None where it holds."""
    who = "the exit" if isinstance(about, ExitWorks) else "the keeper"
    for up in timers(vault):
        world = IdealWorld(vault, dict(played.moment))
        why = _why(about, vault, played, world, up)
        if why is not None:
            steps = tuple((LIQUIDATOR if step.startswith(LIQUIDATED) else who, step) for step in world.log)
            return Broken(why, steps, tuple(world.swaps), tuple(world.leaned_on), tuple(world.rules))
    return None


def _why(about: About, vault: Vault, played: Round, world: IdealWorld, up: Timers) -> str | None:
    state = Evaluator(vault, world)
    match about:
        case AtAnyMoment(venues, solvency):
            return _moment(vault, world, venues, solvency)
        case LosesLeg(_, venues):
            return _moment(vault, world, venues, True) or keeper(vault, world, up) or _unhedged(vault, state)
        case KeeperSettles():
            return keeper(vault, world, up) or _unsettled(vault, state) or _no_way_out(vault, played, world, up)
        case KeeperHedges():
            return keeper(vault, world, up) or _unhedged(vault, state)
        case KeeperIsQuiet():
            return _still_due(vault, world, up)
        case LosesAtMost(ratio, liquidated):
            return (
                _loss(vault, played, world, ratio, up)
                or _loss_by_exit(vault, played, world, ratio, up)
                or _loss_by_liquidation(vault, played, world, ratio, up, liquidated)
            )
        case ExitWorks(pays):
            return _exit(vault, world, pays)
        case Keeps(condition):
            return _kept(condition, vault, world, up)
        case Pays(share):
            return _unpaid(vault, played, world, share)
        case IsFair() | IsBacked():
            return None


def _moment(vault: Vault, world: IdealWorld, venues: tuple[str, ...], solvency: bool) -> str | None:
    state = Evaluator(vault, world)
    for name in venues:
        venue = vault.venue(name)
        if not world.lets(venue, venue.never_liquidated):
            if venue.perp is not None:
                return f"{name} can liquidate: margin_ratio({name}) = {_ratio(venue, state)}{as_read(venue)}"
            own = health(vault, name, state)
            seen = f"health({name}) = {float(own):.4f}"
            if any(venue.off.values()):
                seen += f", {float(worst_health(venue, state)):.4f}{as_read(venue)}"
            elif own >= 1:
                seen += f", {float(worst_health(venue, state)):.4f} as {name} may round"
            return f"{name} can liquidate: {seen}"
    assets, debts = state.named("assets"), state.named("debts")
    if solvency and assets < debts:
        return f"insolvent: assets {usd(assets)}, debts {usd(debts)}"
    return None


def _unpaid(vault: Vault, played: Round, world: IdealWorld, share: Fraction) -> str | None:
    """Why who leaves first, with this share of everything, is not paid at this moment."""
    if played.withdrawn or played.deposited:
        return None
    opening = Evaluator(vault, IdealWorld(vault, dict(played.settled))).named("total_assets")
    paid = int(share * Evaluator(vault, world).named("total_assets"))
    base = f"idle({vault.base})"
    idle = world.state[base]
    asked = f"{percent(share)} of all shares are worth {amount_text(vault, vault.base, paid)}"
    if paid > idle:
        return f"{asked}, and {amount_text(vault, vault.base, idle)} are idle"
    if vault.withdrawals is not None and paid > vault.withdrawals * opening:
        return f"{asked}, and a round lets {amount_text(vault, vault.base, int(vault.withdrawals * opening))} go"
    world.state[base] -= paid
    after = Evaluator(vault, world)
    broken = next((floor for floor in vault.floors if not after.holds(floor.formula)), None)
    return None if broken is None else f"{asked}; once they are paid {broken.text} does not hold"


def _kept(condition: Condition, vault: Vault, world: IdealWorld, up: Timers) -> str | None:
    state = Evaluator(vault, world)
    if not state.holds(condition.formula):
        return f"{condition.text} does not hold at this moment"
    for rule in trading_rules(vault):
        if not _is_due(rule, state, up):
            continue
        if _run(rule, vault, world):
            return None  # a rule that fails is the business of `recovers`
        if not state.holds(condition.formula):
            return f"{condition.text} does not hold after `{rule.action}`"
    return None


def _ratio(venue: VenueModel, state: Evaluator) -> str:
    return percent(Fraction(round(margin_ratio(venue, state) * 100_000), 100_000))


def margin_ratio(venue: VenueModel, state: Evaluator) -> Fraction:
    """Of an account that is short, exact; negative where it cannot buy back."""
    _, cash, short = venue.account
    owed = state.value(short.value)
    return Fraction(state.value(cash.value) - owed, owed)


def health(vault: Vault, venue: str, state: Evaluator) -> Fraction:
    """Health factor of a venue with debt, exact."""
    terms = vault.venue(venue).health
    assert terms is not None
    weighted, owed = (sum((w * state.value(e) for e, w in side.items()), Fraction(0)) for side in terms)
    return weighted / owed


def worst_health(venue: VenueModel, state: Evaluator) -> Fraction:
    """The least health factor that a venue with debt may see by its own oracle and its own rounding, exact."""
    loan = loan_at(venue)
    counted = replace(
        loan, weights={held: max(weight - venue.short, Fraction(0)) for held, weight in loan.weights.items()}
    )
    sides = (counted.read(factors) for factors in counted.corners())
    seen = ([sum((w * state.value(e) for e, w in side.items()), Fraction(0)) for side in both] for both in sides)
    return min(weighted / owed for weighted, owed in seen)


def _is_due(rule: RuleModel, state: Evaluator, up: Timers) -> bool:
    """Whether a trading rule runs: its condition holds, or its time has come."""
    if isinstance(rule.trigger, OnCondition):
        return state.holds(rule.trigger.condition.formula)
    return rule.name in up


def keeper(vault: Vault, world: IdealWorld, up: Timers) -> str | None:
    """Run the keeper's pass, those timers `up`; what went wrong in it, or None."""
    for rule in trading_rules(vault):
        if _is_due(rule, Evaluator(vault, world), up):
            broken = _run(rule, vault, world)
            if broken:
                return broken
    return None


def comes_due(rule: RuleModel, vault: Vault, moment: Mapping[str, int]) -> bool:
    """Whether the rule's condition can hold at this moment when its turn comes in the keeper's pass."""
    return any(_comes_due(rule, vault, IdealWorld(vault, dict(moment)), up) for up in timers(vault))


def _comes_due(rule: RuleModel, vault: Vault, world: IdealWorld, up: Timers) -> bool:
    for other in takewhile(lambda other: other != rule, vault.rules):
        if _is_due(other, Evaluator(vault, world), up) and not _leaves_a_turn(other, rule, vault, world):
            return False
    return isinstance(rule.trigger, OnCondition) and Evaluator(vault, world).holds(rule.trigger.condition.formula)


def _leaves_a_turn(other: RuleModel, rule: RuleModel, vault: Vault, world: IdealWorld) -> bool:
    """Whether the rule still has its turn once another one before it has run in this world."""
    match other.effect:
        case Trades():
            return _run(other, vault, world) is None
        case Freezes():
            return not isinstance(rule.effect, Trades) or rule.effect.reduces_risk
        case Exits():
            return False
        case Marks():
            return True


def _run(rule: RuleModel, vault: Vault, world: IdealWorld) -> str | None:
    assert isinstance(rule.effect, Trades)
    first = _comes_first(rule, vault, Evaluator(vault, world)) if world.rules else None
    world.rules.append(rule.name)
    world.log.append(
        f"`{rule.action}`" if isinstance(rule.trigger, OnCondition) else f"`{rule.text}`: its time has come"
    )
    if first is not None:
        return f"`{rule.action}` reverts: `{first.action}` is due again, and comes first"
    try:
        bound = run_plan(rule.effect.plan, vault, world)
    except Reverted as reverted:
        return f"`{rule.action}` reverts: {reverted}"
    state = Evaluator(vault, world)
    broken = _broken((*vault.floors, *(vault.hedged if rule.effect.hedges else ())), state)
    if broken is not None:
        return f"`{rule.action}` reverts: {broken.text} does not hold after it"
    state.bound |= {name: bound[name] for name in (NAV_BEFORE.name, BUDGET.name)}
    return None if state.holds(CONSERVED) else f"`{rule.action}` reverts: it costs more than the stated slippage"


def _comes_first(rule: RuleModel, vault: Vault, state: Evaluator) -> RuleModel | None:
    """A rule that this one has to wait for: another one has made it due again since its turn."""
    return next((one for one in waits_for(rule, vault) if _is_due(one, state, frozenset())), None)


def _broken(conditions: Iterable[Condition], state: Evaluator) -> Condition | None:
    """The first that does not hold."""
    return next((one for one in conditions if not state.holds(one.formula)), None)


def _unsettled(vault: Vault, state: Evaluator) -> str | None:
    broken = _broken(vault.settled, state)
    return None if broken is None else f"not settled after the keeper's pass: {broken.text}"


def _unhedged(vault: Vault, state: Evaluator) -> str | None:
    broken = _broken(vault.hedged, state)
    return None if broken is None else f"not hedged after the keeper's pass: {broken.text} does not hold"


def _still_due(vault: Vault, world: IdealWorld, up: Timers) -> str | None:
    moment = dict(world.state)
    if keeper(vault, world, up):
        return None  # a rule that fails is the business of `recovers`
    state = Evaluator(vault, world)
    for rule in vault.rules:
        if not isinstance(rule.trigger, OnCondition):
            continue
        if stops_on_volatility(rule, vault) and _at_its_turn(rule, vault, moment, up).holds(
            rule.trigger.condition.formula
        ):
            continue  # it has stopped the vault
        if state.holds(rule.trigger.condition.formula):
            world.rules.append(rule.name)
            return f"`{rule.action}` is due again after the keeper's pass"
    return None


def _at_its_turn(rule: RuleModel, vault: Vault, moment: Mapping[str, int], up: Timers) -> Evaluator:
    """The state in which the keeper comes to the rule, where no rule before it fails or stops the vault."""
    world = IdealWorld(vault, dict(moment))
    for other in takewhile(lambda other: other != rule, vault.rules):
        if isinstance(other.effect, Trades) and _is_due(other, Evaluator(vault, world), up):
            _run(other, vault, world)
    return Evaluator(vault, world)


def _loss(vault: Vault, played: Round, world: IdealWorld, ratio: Fraction, up: Timers) -> str | None:
    for moment in ("at this moment", "after the keeper's pass"):
        if (why := _too_little_left(vault, played, world, ratio, moment)) is not None:
            return why
        if keeper(vault, world, up):
            return None
    return None


def _too_little_left(vault: Vault, played: Round, world: IdealWorld, ratio: Fraction, moment: str) -> str | None:
    opening = Evaluator(vault, IdealWorld(vault, dict(played.settled))).named("total_assets")
    left = Evaluator(vault, world).named("total_assets") + played.withdrawn
    if left >= (1 - ratio) * (opening + played.deposited):
        return None
    lost = 1 - Fraction(left, opening + played.deposited)
    return f"{float(lost * 100):.3f}% is lost {moment}, more than {percent(ratio)}"


def _loss_by_exit(vault: Vault, played: Round, world: IdealWorld, ratio: Fraction, up: Timers) -> str | None:
    """The same where a rule leaves by the exit, at once or after others."""
    for rule, _, failed in _left_by_rule(vault, played, world, up):
        if not failed and (why := _too_little_left(vault, played, world, ratio, f"after `{rule.action}`")) is not None:
            return why
    return None


def _no_way_out(vault: Vault, played: Round, world: IdealWorld, up: Timers) -> str | None:
    """Why a rule that leaves by the exit fails where others have run before it."""
    for rule, after, failed in _left_by_rule(vault, played, world, up):
        if failed and after:
            return f"`{rule.action}` reverts: {failed}"
    return None


def _left_by_rule(
    vault: Vault, played: Round, world: IdealWorld, up: Timers
) -> Iterator[tuple[RuleModel, int, str | None]]:
    """Every way in which a rule leaves by the exit, after how many others, and what goes wrong.

    At once, after the first trading rule that is due, and so on. The world is at the end of each.
    """
    trading = trading_rules(vault)
    for rule in exit_rules(vault):
        for last in range(-1, len(trading)):
            world.start_again(played.moment)
            before = trading[: last + 1]
            ran = [_run(one, vault, world) for one in before if _is_due(one, Evaluator(vault, world), up)]
            if any(ran) or not _is_due(rule, Evaluator(vault, world), up):
                continue
            world.rules.append(rule.name)
            world.log.append(f"`{rule.action}`")
            try:
                run_plan(vault.exit_plan, vault, world)
            except Reverted as reverted:
                yield rule, len(ran), str(reverted)
            else:
                yield rule, len(ran), None


def _loss_by_liquidation(
    vault: Vault, played: Round, world: IdealWorld, ratio: Fraction, up: Timers, venues: tuple[str, ...]
) -> str | None:
    """The same where liquidators come first, and take all that they may."""
    world.start_again(played.moment)
    taken = [world.liquidate(vault.venue(name)) for name in venues]
    return _loss(vault, played, world, ratio, up) if any(taken) else None


def _exit(vault: Vault, world: IdealWorld, pays: Fraction) -> str | None:
    total = Evaluator(vault, world).named("total_assets")
    try:
        run_plan(vault.exit_plan, vault, world)
    except Reverted as reverted:
        return f"the exit reverts: {reverted}"
    paid = world.state[f"idle({vault.base})"]
    if paid < pays * total:
        thousandths = paid * 100_000 // total  # rounded down: what falls short by one unit shows that it does
        return f"the exit pays {thousandths / 1_000:.3f}% of nav, less than {percent(pays)}"
    return None
