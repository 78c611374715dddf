"""Attacks on what was proved: each claim by itself, by rounds that come ever nearer to breaking it.

What a claim says is stated here once more, from the claims as they are written and in exact worths, so that a claim
which was lowered to less than it says is noticed too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from random import Random

from msgspec import Struct, field

from fuzzing.choices import Choices
from fuzzing.rough import RoughWorld
from fuzzing.rounds import Round, at_scale, first_deposit, moment, opening, settles
from fuzzing.worths import State, Unassumed, beyond, covered, dust, holds, nav, view
from fuzzing.worths import settled as is_settled
from stratc_compiler.conservation import BUDGET, CONSERVED, NAV_BEFORE
from stratc_compiler.expr import And, Cmp, Formula, Not, Or, Rel, Rounding
from stratc_compiler.interpret import Evaluator, Reverted, run_plan
from stratc_compiler.shares import to_assets, to_shares, virtual_shares
from stratc_compiler.vault import Exits, Freezes, OnCondition, OnTimer, RuleModel, Trades, Vault
from stratc_compiler.verdict import Proved, Verification
from stratc_dsl.record import Record
from stratc_dsl.strategy import Claim, ExitPays, Invariant, LossPerRound, Safe, Solvent, SurvivesLossOf

ROUNDS = 3
"""So many rounds follow each other: what the keeper leaves is where the next one begins."""

UNHARMED, AFAR = 1.0, 2.0


class Broken(AssertionError):
    """Something was proved, and here it does not hold: the worst defect there is."""


class Attacked(Record):
    """How many rounds were played against one claim, and how one of them broke it, if one did."""

    rounds: int
    broken: str | None = None


class Told(Record):
    """How near a round came to breaking a claim (0 and below is near), and how it broke it, if it did."""

    margin: float
    broken: str | None = None


WELL = Told(UNHARMED)


class Pass(Struct):
    """What the keeper's pass came to: the state it left, or what reverted; the states after the rules that ran, the
    least that a floor had to spare, and the rules that, due at their turn, stop the vault for what a ring measures.
    """

    world: RoughWorld
    reverted: str | None = None
    spare: float = UNHARMED
    after: list[State] = field(default_factory=list)
    stopped: list[RuleModel] = field(default_factory=list)


def claims(vault: Vault) -> tuple[str | Claim, ...]:
    """What a verification speaks of, in its order: what is always checked by name, then what the strategy adds."""
    hedged = ("hedged",) if vault.hedges else ()
    return ("consistent", "survives", "recovers", "quiet", *hedged, "fair", "exits", *vault.strategy.claims)


def attack(verification: Verification, number: int, tries: int) -> dict[str, Attacked]:
    """What was played against every claim that was proved, so many tries each. Raises Broken where one breaks."""
    found = attempts(verification, Proved, number, tries)
    for name, attacked in found.items():
        if attacked.broken is not None:
            raise Broken(f"{verification.vault.strategy.name}: {name} was proved, yet {attacked.broken}")
    return found


def attempts(verification: Verification, verdict: type, number: int, tries: int) -> dict[str, Attacked]:
    """Attacks on every claim of this verdict but `consistent`, whose witnesses others can look at."""
    vault, chance = verification.vault, Random(number)
    return {
        result.name: climb(vault, claim, chance, tries)
        for result, claim in zip(verification.claims, claims(vault), strict=True)
        if isinstance(result.verdict, verdict) and claim != "consistent"
    }


def climb(vault: Vault, claim: str | Claim, chance: Random, tries: int) -> Attacked:
    """Rounds against one claim, each a change of the one that came nearest so far, or a new one."""
    played = 0
    nearest, best = Choices(chance), AFAR
    for number in range(tries):
        choices = Choices(chance) if number % 4 == 0 else nearest.changed()
        margin = AFAR
        with suppress(Unassumed):
            for one in rounds(vault, claim, choices):
                played += 1
                told = tell(vault, claim, one, choices)
                if told.broken is not None:
                    return Attacked(played, f"{told.broken}: {one}")
                margin = min(margin, told.margin)
        if margin <= best:
            nearest, best = choices, margin
    return Attacked(played)


def rounds(vault: Vault, claim: str | Claim, choices: Choices) -> Iterator[Round]:
    """A first deposit, or settled states and moments that follow each other, as long as what is assumed holds."""
    if choices.share("first") > Fraction(9, 10):
        first = first_deposit(vault, choices)
        if first is not None and at_scale(vault, Round(first.moment, first.moment, 0, 0)):
            yield first
        return
    lost = claim.venue if isinstance(claim, SurvivesLossOf) else None
    state = opening(vault, choices)
    for number in range(ROUNDS):
        if state is None:
            return
        played = moment(vault, state, choices, f"{number} ", lost)
        if played is None or not at_scale(vault, played):
            return
        yield played
        after = keeper(vault, played, choices)
        left = settles(after.world.state)
        state = left if after.reverted is None and is_settled(vault, left) else None


# ── the keeper ─────────────────────────────────────────────────────────────────────────────


def keeper(vault: Vault, played: Round, choices: Choices, most: int | None = None) -> Pass:
    """Every rule in its turn, where it is due, or the first so many: those that trade do. A timer may be due or not."""
    done = Pass(RoughWorld(vault, dict(played.moment), choices=choices))
    for rule in vault.rules[:most]:
        if not _due(rule, done.world, choices):
            continue
        if not isinstance(rule.effect, Trades):
            if _stops_for_good(rule):
                done.stopped.append(rule)
            continue
        if (other := _comes_first(rule, vault, done)) is not None:
            done.reverted = f"{rule.name} reverts: {other.name} comes first"
            return done
        try:
            bound = run_plan(rule.effect.plan, vault, done.world)
        except Reverted as reverted:
            done.reverted = f"{rule.name} reverts: {reverted}"
            return done
        seen = view(done.world)
        done.spare = min([done.spare, *(spare(floor.formula, seen) for floor in vault.floors)])
        if not holds(vault, done.world.state, tuple(floor.formula for floor in vault.floors)):
            done.reverted = f"{rule.name} reverts: a floor does not hold after it"
            return done
        if rule.effect.hedges and not holds(vault, done.world.state, tuple(edge.formula for edge in vault.hedged)):
            done.reverted = f"{rule.name} reverts: what is hedged is outside its band after it"
            return done
        seen.bound |= {name: bound[name] for name in (NAV_BEFORE.name, BUDGET.name)}
        if not seen.holds(CONSERVED):
            done.reverted = f"{rule.name} reverts: it costs more than stated"
            return done
        done.after.append(dict(done.world.state))
    return done


def _comes_first(rule: RuleModel, vault: Vault, done: Pass) -> RuleModel | None:
    """A rule before this one whose turn is over, and which has become due since: the vault lets no other one run."""
    earlier = vault.rules[: vault.rules.index(rule)] if done.after else ()
    trades = (one for one in earlier if isinstance(one.effect, Trades) and isinstance(one.trigger, OnCondition))
    return next((one for one in trades if _due(one, done.world, done.world.choices)), None)


def leaves(vault: Vault, played: Round, choices: Choices) -> Pass | None:
    """The exit by one of the rules that leave, at once or after some that trade; None where none comes due."""
    ways = [rule for rule in vault.rules if isinstance(rule.effect, Exits)]
    if not ways:
        return None
    rule = ways[choices.whole("leaves by", 0, len(ways) - 1)]
    done = keeper(vault, played, choices, choices.whole("leaves after", 0, len(vault.rules)))
    if done.reverted is not None or not _due(rule, done.world, choices):
        return None
    done.world.near = False
    try:
        run_plan(vault.exit_plan, vault, done.world)
    except Reverted as reverted:
        done.reverted = f"{rule.name} reverts: {reverted}"
    return done


def _due(rule: RuleModel, world: RoughWorld, choices: Choices) -> bool:
    match rule.trigger:
        case OnCondition(condition):
            return view(world).holds(condition.formula)
        case OnTimer():
            return choices.share(f"due {rule.name}") < Fraction(1, 2)
        case _:
            return False


def spare(formula: Formula, seen: Evaluator) -> float:
    """By how much a formula holds, as a share of what it compares; below zero where it does not."""
    match formula:
        case Cmp(left, rel, right):
            one, other = seen.value(left), seen.value(right)
            gap = (one - other) / max(one, other, 1)
            return -abs(gap) if rel is Rel.EQ else -gap if rel in (Rel.LT, Rel.LE) else gap
        case And(operands):
            return min((spare(operand, seen) for operand in operands), default=UNHARMED)
        case Or(operands):
            return max((spare(operand, seen) for operand in operands), default=-UNHARMED)
        case Not(operand):
            return -spare(operand, seen)


# ── what claims say ────────────────────────────────────────────────────────────────────────


def tell(vault: Vault, claim: str | Claim, played: Round, choices: Choices) -> Told:
    match claim:
        case "survives":
            return _alive(vault, played.moment, choices, tuple(venue.name for venue in vault.venues), True)
        case "recovers":
            return _recovers(vault, played, choices)
        case "quiet":
            return _quiet(vault, played, choices)
        case "hedged":
            return _hedged(vault, played, choices)
        case "fair":
            return _fair(vault, played.moment, choices)
        case "exits":
            return _exit(vault, played.moment, Fraction(0), choices)
        case Solvent():
            return _alive(vault, played.moment, choices, (), True)
        case Safe(venue):
            return _alive(vault, played.moment, choices, (venue,), False)
        case SurvivesLossOf(name) if vault.venue(name).perp is not None:
            return _closed_and_hedged(vault, played, choices)
        case SurvivesLossOf():
            return _alive(vault, played.moment, choices, tuple(venue.name for venue in vault.venues), True)
        case LossPerRound(ratio):
            return _loses(vault, played, ratio, choices)
        case ExitPays(ratio):
            return _exit(vault, played.moment, ratio, choices)
        case Invariant(name):
            return _keeps(vault, played, vault.invariants[name].formula, choices)
        case other:
            raise TypeError(f"nobody attacks {other}")


def _alive(vault: Vault, state: State, choices: Choices, venues: tuple[str, ...], solvency: bool) -> Told:
    margin = UNHARMED
    for name in venues:
        safe = vault.venue(name).never_liquidated
        if safe is None:
            continue
        seen = view(RoughWorld(vault, state))
        margin = min(margin, spare(safe, seen))
        if not seen.holds(safe):
            return Told(margin, f"{name} can liquidate")
        if not covered(vault, state, name, choices):
            return Told(margin, f"{name} can liquidate by what its own oracle reads")
    if solvency:
        left = nav(vault, state)
        margin = min(margin, float(left / max(sum(state[held.name] for held in vault.held), 1)))
        if left < 0:
            return Told(margin, f"debts exceed assets by {-left} units")
    return Told(margin)


def _recovers(vault: Vault, played: Round, choices: Choices) -> Told:
    done = keeper(vault, played, choices)
    if done.reverted is not None:
        return Told(-1.0, done.reverted)
    seen = view(done.world)
    margin = min([done.spare, *(spare(condition.formula, seen) for condition in vault.settled)])
    for condition in vault.settled:
        if not seen.holds(condition.formula):
            return Told(margin, f"not settled after the keeper's pass: {condition.text}")
    left = leaves(vault, played, choices)
    if left is not None and left.reverted is not None and left.after:
        return Told(-1.0, left.reverted)
    return Told(margin)


def _hedged(vault: Vault, played: Round, choices: Choices) -> Told:
    """Where the pass ends, and after each rule in it that hedges; up to the units that the contract rounds."""
    done = keeper(vault, played, choices)
    if done.reverted is not None:
        return Told(-1.0, done.reverted) if "hedged" in done.reverted else WELL
    state = done.world.state
    total, units = nav(vault, state), (len(vault.held) + 1) * dust(vault, state)
    off = max(beyond(vault, state, hedge) for hedge in vault.hedges) - units
    margin = -float(off / total)
    return Told(margin, "what is hedged is outside its band after the keeper's pass" if off > 0 else None)


def _closed_and_hedged(vault: Vault, played: Round, choices: Choices) -> Told:
    """Where somebody closed a part of a short: nothing is liquidated, and the pass that follows hedges again."""
    alive = _alive(vault, played.moment, choices, tuple(venue.name for venue in vault.venues), True)
    if alive.broken is not None:
        return alive
    done = keeper(vault, played, choices)
    if done.reverted is not None:
        return Told(-1.0, done.reverted)
    hedged = _hedged(vault, played, choices)
    return hedged if hedged.broken is not None else Told(min(alive.margin, hedged.margin))


def _quiet(vault: Vault, played: Round, choices: Choices) -> Told:
    done = keeper(vault, played, choices)
    if done.reverted is not None:
        return WELL  # the business of `recovers`
    seen = view(done.world)
    due = [
        (rule, rule.trigger.condition.formula)
        for rule in vault.rules
        if isinstance(rule.trigger, OnCondition) and rule not in done.stopped
    ]
    for rule, formula in due:
        if seen.holds(formula):
            return Told(-1.0, f"{rule.name} is due again")
    return Told(min((spare(Not(formula), seen) for _, formula in due), default=UNHARMED))


def _stops_for_good(rule: RuleModel) -> bool:
    """Whether the rule stops the vault for what a ring measures, which no action ends."""
    return isinstance(rule.effect, Freezes | Exits) and "volatility(" in rule.text


def _loses(vault: Vault, played: Round, ratio: Fraction, choices: Choices) -> Told:
    """In exact worths, at the prices of each moment; flows are told in base."""
    put_in = nav(vault, played.settled) + played.deposited
    done = keeper(vault, played, choices)
    states = [("at this moment", played.moment)]
    if done.reverted is None:
        states.append(("after the keeper's pass", done.world.state))
    left = leaves(vault, played, choices)
    if left is not None and left.reverted is None:
        states.append(("after an exit by rule", left.world.state))
    margin = UNHARMED
    for when, state in states:
        kept = (nav(vault, state) + played.withdrawn) / put_in
        margin = min(margin, float(kept - (1 - ratio)))
        if kept < 1 - ratio:
            return Told(margin, f"{float(1 - kept):.6%} is lost {when}")
    return Told(margin)


def _keeps(vault: Vault, played: Round, formula: Formula, choices: Choices) -> Told:
    """At this moment, and after every rule that runs."""
    margin = UNHARMED
    for state in (played.moment, *keeper(vault, played, choices).after):
        seen = view(RoughWorld(vault, state))
        margin = min(margin, spare(formula, seen))
        if not seen.holds(formula):
            return Told(margin, f"the invariant does not hold of {state}")
    return Told(margin)


def _exit(vault: Vault, state: State, pays: Fraction, choices: Choices) -> Told:
    before = nav(vault, state)
    world = RoughWorld(vault, dict(state), choices=choices, near=False)
    try:
        run_plan(vault.exit_plan, vault, world)
    except Reverted as reverted:
        return Told(-1.0, f"the exit reverts: {reverted}")
    paid = Fraction(world.state[f"idle({vault.base})"])
    if paid < pays * before:
        return Told(-1.0, f"the exit pays {float(paid / before):.6%} of nav")
    return Told(float(paid / before - pays) if before else UNHARMED)


def _fair(vault: Vault, state: State, choices: Choices) -> Told:
    """A call of ERC-4626 at any supply: what a share is worth does not fall by more than rounding.

    Said of vaults whose assets cover their debts; that they do is what `survives` says.
    """
    base, decimals = vault.base, vault.strategy.token(vault.base).decimals
    seen = view(RoughWorld(vault, state))
    if seen.named("assets") < seen.named("debts"):
        return WELL
    before = seen.named("total_assets")
    supply = choices.whole("supply", 0, before * 10 ** choices.whole("supplied", 0, 24))
    calls = [(to_shares, "assets", 1), (to_assets, "shares", 1), (to_shares, "assets", -1), (to_assets, "shares", -1)]
    number = choices.whole("call", 0, len(calls) - 1)
    convert, given, sign = calls[number]
    rounding = Rounding.DOWN if number in (0, 3) else Rounding.UP
    most = {("assets", 1): before + 10, ("shares", 1): supply + 10, ("assets", -1): before, ("shares", -1): supply}
    size = choices.whole("call size", 0, most[given, sign])
    known = {"supply": supply, "total_assets": before, given: size}
    computed = Evaluator(vault, RoughWorld(vault, {}), known).value(convert(base, decimals, rounding))
    assets, shares = (size, computed) if given == "assets" else (computed, size)
    idle = f"idle({base})"
    if state[idle] + sign * assets < 0 or supply + sign * shares < 0:
        return WELL
    after = view(RoughWorld(vault, {**state, idle: state[idle] + sign * assets})).named("total_assets")
    allowed = 1 + max(Fraction(1), Fraction(state[f"unit({base})"], state[f"price({base})"]))
    virtual = virtual_shares(decimals)
    least = Fraction((before + 1) * (supply + sign * shares + virtual), supply + virtual)
    if after + 1 + allowed < least:
        return Told(-1.0, f"a call of {size} {given} leaves {after} for {supply + sign * shares} shares")
    return Told(float((after + 1 + allowed - least) / (least + 1)))
