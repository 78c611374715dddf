"""The round: a settled vault, what the environment does to it, and the keeper's pass over the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

from stratc_compiler.conservation import CONSERVED
from stratc_compiler.environment import MOST_GAIN, Box, Interval, Pair
from stratc_compiler.execute import run_plan
from stratc_compiler.expr import TRUE, Add, And, Cmp, Expr, Formula, Mul, Not, Or, Rel, Sub, Var, number, variables
from stratc_compiler.perp_execution import all_realized, close, fund
from stratc_compiler.perps import in_dollars
from stratc_compiler.range_deltas import move, part_of, product_name, settled_parts
from stratc_compiler.range_gammas import curve_moved, curve_of, settled_curves
from stratc_compiler.ranges import Range, slide
from stratc_compiler.relax import DUST, ZERO, Frame, Trace, real
from stratc_compiler.vault import SCALE, Exits, OnCondition, RuleModel, Trades, Vault, waits_for
from stratc_dsl.record import Record

HEDGE = "hedge/"
"""What the short id of the need begins with that a rule leaves what is hedged inside its band."""

DEPOSITED, WITHDRAWN = real("deposited"), real("withdrawn")


class Opening(Record):
    """The start of a round: the frame after the environment has moved, and the exact nav before it did."""

    frame: Frame
    nav: Expr


def settled_frame(vault: Vault) -> Frame:
    """Any settled state: amounts non-negative, nav at scale, and floors, bands, minima hold."""
    frame = Frame(vault, {}, Trace())
    for name in _state_names(vault):
        frame.state[name] = real(f"{name}@0")
        frame.trace.learn("amounts are never negative", Cmp(frame.state[name], Rel.GE, ZERO))
    settled_parts(frame)
    settled_curves(frame)
    _at_scale(frame)
    for condition in vault.settled:
        frame.trace.learn(f"settled: {condition.text}", frame.formula(condition.formula))
    return frame


def _state_names(vault: Vault) -> tuple[str, ...]:
    """Positions, idle balances, parts of ranges; liquidity is not part of the state but of the environment."""
    held = (one.name for one in (*vault.held, *vault.idle))
    return tuple(dict.fromkeys((*held, *map(part_of, vault.divided), *map(curve_of, vault.bent))))


def _at_scale(frame: Frame) -> None:
    frame.trace.learn("scale", Cmp(frame.exact_nav(), Rel.GE, Mul(number(SCALE), DUST)))


def after_environment(vault: Vault, box: Box, lost: str | None = None) -> Opening:
    """Every state that a moment of a round can show; `lost` names a venue whose asset positions are lost entirely.

    Prices move anywhere in the box in any order, so the state at a moment depends only on where they are then;
    flows likewise only on their sums.
    """
    before = settled_frame(vault)
    nav = before.exact_nav()
    frame = Frame(vault, dict(before.state), before.trace)
    settled = frame.trace.fork()
    factors = _price_factors(vault, box, frame)
    _join(vault, box, frame, settled, factors)
    closed = {venue.name: close(venue, frame, box) for venue in vault.perps if venue.name == lost}
    for held in vault.held:
        if held.venue is not None:
            growth = Interval(Fraction(0), Fraction(0)) if lost == held.venue and not held.debt else None
            if held.venue in closed:
                growth = None
            if held.range is not None and held in vault.divided:
                token = held.range.token
                move(held, frame, factors[token], box.relative[token], growth or box.growth[held.name])
                curve_moved(held, frame)
                continue
            slid = (_slide(vault, box, frame, held.range, factors[held.range.token]),) if held.range else ()
            told = held.token if held.margin is None else in_dollars(held.token)
            _grow(frame, held.name, told, growth or box.growth[held.name], factors, slid)
    for held in vault.idle:
        if held.token != vault.base and held in vault.held:
            _grow(frame, held.name, held.token, box.growth[held.name], factors)
        elif held.token != vault.base:
            _whatever(frame, held.name)
    for venue in vault.perps:
        fund(venue, before, frame, closed.get(venue.name))
    _flows(frame, vault, box, nav)
    _liquidity(frame, vault, box)
    _rooms(frame, vault)
    _measured(frame, vault)
    return Opening(frame.primed(), nav)


def price_factor(token: str) -> Var:
    """Of a token's price in base, at a moment of the round over the settled one."""
    return real(f"price factor({token})")


def _price_factors(vault: Vault, box: Box, frame: Frame) -> dict[str, Var]:
    factors: dict[str, Var] = {}
    for token in box.relative:
        if token != vault.base:
            factors[token] = price_factor(token)
            _bound(frame, box.because[token], factors[token], box.relative[token])
    return factors


def _join(vault: Vault, box: Box, frame: Frame, settled: Trace, factors: dict[str, Var]) -> None:
    """What the factors of two tokens keep to each other, each a multiple of the other."""
    joint = _between_held(vault, box.joint(vault.base))
    for pair in joint:
        factor, other = factors[pair.token], factors[pair.other]
        frame.trace.learn(pair.id, Cmp(factor, Rel.GE, Mul(number(pair.factor.low), other)))
        if pair.factor.high is not None:
            frame.trace.learn(pair.id, Cmp(factor, Rel.LE, Mul(number(pair.factor.high), other)))
    tokens = [token for pair in joint for token in (pair.token, pair.other)]
    tokens += [held.range.token for held in vault.divided if held.range is not None]
    _carry(frame, settled, [factors[token] for token in dict.fromkeys(tokens)])


def _between_held(vault: Vault, pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
    """Without the pairs that lead to no other token that is held: those are bounds of the one token, and stated so."""
    held = {one.token if one.margin is None else in_dollars(one.token) for one in vault.held}
    held |= {one.range.token for one in vault.divided if one.range is not None}
    uses = Counter(token for pair in pairs for token in (pair.token, pair.other))
    kept = tuple(pair for pair in pairs if all(t in held or uses[t] > 1 for t in (pair.token, pair.other)))
    return kept if kept == pairs else _between_held(vault, kept)


def _carry(frame: Frame, settled: Trace, factors: list[Var]) -> None:
    """Define how much each variable of the settled state is worth once it has moved with each of the factors.

    New names for products say nothing new. They have the search multiply what is known of the settled state, and what
    factors keep to each other, by one another: only so does a loan in one token compare with collateral in the other.
    """
    names = dict.fromkeys(var.name for known in settled.facts for var in variables(known.formula))
    for factor in factors:
        for name in names:
            frame.trace.learn("definition", Cmp(product_name(name, factor), Rel.EQ, Mul(real(name), factor)))


def _bound(frame: Frame, labels: tuple[str, str], factor: Expr, interval: Interval) -> None:
    below, above = labels
    frame.trace.learn(below, Cmp(factor, Rel.GE, number(interval.low)))
    if interval.high is not None:
        frame.trace.learn(above, Cmp(factor, Rel.LE, number(interval.high)))


def slid(of: Range) -> Var:
    """What the price of its token makes of a range's worth, as a factor."""
    return real(f"slide({of.name})")


def _slide(vault: Vault, box: Box, frame: Frame, of: Range, factor: Var) -> Var:
    """Between 1 and the token's own factor, and both are reached (see `ranges`).

    Where nothing else speaks of the token's price it is as if the range were all token: its factor is between the same
    bounds, since 1 is.
    """
    interval = box.relative[of.token]
    joint = {token for pair in box.joint(vault.base) for token in (pair.token, pair.other)}
    alone = of.token not in joint | {held.token for held in vault.held} and len(vault.ranges) == 1
    if alone and slide(interval.low, interval.high) == (interval.low, interval.high):
        return factor
    result, one = slid(of), number(1)
    _bound(frame, box.because[of.token], result, Interval(*slide(interval.low, interval.high)))
    risen = (Cmp(factor, Rel.GE, one), Cmp(result, Rel.GE, one), Cmp(result, Rel.LE, factor))
    fallen = (Cmp(factor, Rel.LE, one), Cmp(result, Rel.LE, one), Cmp(result, Rel.GE, factor))
    frame.trace.learn("definition", Or((And(risen), And(fallen))))
    return result


def _grow(
    frame: Frame, name: str, token: str, growth: Interval, factors: dict[str, Var], slid: tuple[Var, ...] = ()
) -> None:
    """`after = before * growth * price factor`, as the product that `shocks` eliminates."""
    before = frame.state[name]
    after = real(f"{name}@1")
    product: Expr = before
    if growth.low == growth.high == 1:
        pass
    else:
        factor = real(f"growth({name})")
        label = f"growth({name})"
        _bound(frame, (label, label), factor, growth)
        product = Mul(product, factor)
    if token in factors:
        product = Mul(product, factors[token])
    for factor in slid:
        product = Mul(product, factor)
    frame.trace.learn(f"move({name})", Cmp(after, Rel.EQ, product), Cmp(after, Rel.GE, ZERO))
    # A venue of perpetuals books sizes exactly.
    frame.state[name] = after if name in {one.name for one in frame.vault.shorts.values()} else _reading(frame, after)
    frame.known.clear()


def _whatever(frame: Frame, name: str) -> None:
    """What others left lying with the vault, in a token that is not allocated: any amount, and no part of nav."""
    frame.state[name] = real(f"{name}@1")
    frame.trace.learn("amounts are never negative", Cmp(frame.state[name], Rel.GE, ZERO))


def _reading(frame: Frame, after: Expr) -> Expr:
    """What a venue says of a position, which it may round by a unit either way; nothing is read of nothing."""
    error = frame.trace.fresh("reading")
    read = Add(after, error)
    frame.trace.learn(
        "rounding",
        Cmp(error, Rel.GE, Mul(number(-1), DUST)),
        Cmp(error, Rel.LE, DUST),
        Cmp(read, Rel.GE, ZERO),
        Or((Cmp(after, Rel.GT, ZERO), Cmp(error, Rel.LE, ZERO))),
    )
    return frame.named("read", read)


def _flows(frame: Frame, vault: Vault, box: Box, nav: Expr) -> None:
    """Deposits, withdrawals out of idle; of each at most the share of the opening nav that is assumed, if one is.

    Gifts of base are deposits without shares. The contract counts none of them, so where deposits are bounded, gifts
    have a bound of their own.
    """
    name = f"idle({vault.base})"
    after = real(f"{name}@1")
    frame.trace.learn(
        "flows",
        Cmp(DEPOSITED, Rel.GE, ZERO),
        Cmp(WITHDRAWN, Rel.GE, ZERO),
        Cmp(after, Rel.EQ, Sub(Add(frame.state[name], DEPOSITED), WITHDRAWN)),
        Cmp(after, Rel.GE, ZERO),
    )
    if box.withdrawals is not None:
        frame.trace.learn("withdrawals", Cmp(WITHDRAWN, Rel.LE, Mul(number(box.withdrawals), nav)))
    if box.deposits is not None:
        counted = real("deposited for shares")
        most = Add(counted, Mul(number(MOST_GAIN), nav))
        frame.trace.learn("deposits", Cmp(counted, Rel.LE, Mul(number(box.deposits), nav)))
        frame.trace.learn(f"growth({name})", Cmp(DEPOSITED, Rel.LE, most))
    frame.state[name] = after
    frame.known.clear()


def _liquidity(frame: Frame, vault: Vault, box: Box) -> None:
    for held in vault.held:
        if held.venue is not None and not held.debt:
            available = real(held.liquidity.name)
            share = number(box.liquidity[held.name])
            frame.trace.learn(
                f"liquidity({held.name})",
                Cmp(available, Rel.GE, Sub(Mul(share, frame.state[held.name]), DUST)),
                Cmp(available, Rel.GE, ZERO),
            )
            frame.state[held.liquidity.name] = available
    for venue in vault.perps:
        all_realized(venue, frame)


def _rooms(frame: Frame, vault: Vault) -> None:
    """How much more venues take of each position, or lend, where it is stated; leaving one makes no more room."""
    nav = frame.exact_nav()
    for venue in vault.venues:
        for held in venue.positions if venue.room is not None else ():
            room = real(held.room.name)
            frame.trace.learn(
                f"room({venue.name})",
                Cmp(room, Rel.GE, Sub(Mul(number(venue.room or 0), nav), DUST)),
                Cmp(room, Rel.GE, ZERO),
            )
            frame.state[held.room.name] = room


def _measured(frame: Frame, vault: Vault) -> None:
    """What rings say at this moment: anything, since prices of earlier rounds are no part of the state.

    It is the same throughout the keeper's pass, in which no time goes by: an observation changes nothing at once.
    """
    for ring in vault.rings:
        said = real(ring.name)
        frame.trace.learn("amounts are never negative", Cmp(said, Rel.GE, ZERO))
        frame.state[ring.name] = said


def first_deposit(vault: Vault, box: Box) -> Opening:
    """The base case: a vault that holds what was deposited, and what others may have sent it before (see `gain`).

    What they sent to a venue can be drawn as far as is assumed of that venue, not further.
    """
    frame = Frame(vault, {}, Trace())
    frame.state = dict.fromkeys(_state_names(vault), ZERO)
    for held in vault.held:
        if held.venue is not None and not held.debt:
            gift = real(f"{held.name}@1")
            most = Mul(number(MOST_GAIN), DEPOSITED)
            frame.trace.learn(f"growth({held.name})", Cmp(gift, Rel.GE, ZERO), Cmp(gift, Rel.LE, most))
            frame.state[held.name] = gift
    for held in vault.divided:
        frame.state[part_of(held)] = real(f"{part_of(held)}@1")
        curve_moved(held, frame)
    settled_parts(frame)
    for held in vault.idle:
        if held not in vault.held:
            _whatever(frame, held.name)
    frame.state[f"idle({vault.base})"] = DEPOSITED
    frame.trace.learn("flows", Cmp(DEPOSITED, Rel.GE, ZERO), Cmp(WITHDRAWN, Rel.EQ, ZERO))
    _liquidity(frame, vault, box)
    _rooms(frame, vault)
    _measured(frame, vault)
    _at_scale(frame)
    return Opening(frame.primed(), ZERO)


# ── the keeper's pass ──────────────────────────────────────────────────────────────────────


class PassEnd(Record):
    """One way through the rules: which fired, in order, and the frame they left."""

    fired: tuple[RuleModel, ...]
    frame: Frame


Report = Callable[[RuleModel, tuple[RuleModel, ...], str, str, Formula, Frame], None]
"""Called with (rule, rules fired before it, short id, words, what must hold, frame)."""


def keeper_pass(rules: tuple[RuleModel, ...], frame: Frame, report: Report) -> Iterator[PassEnd]:
    """Every way the trading rules can fire, in order of priority, each re-evaluated after the one before."""
    yield from _pass(rules, (), frame, report)


def after_each_rule(rules: tuple[RuleModel, ...], frame: Frame) -> Iterator[PassEnd]:
    """Every moment of the keeper's pass at which a rule has just been carried out."""
    for count, last in enumerate(rules, 1):
        ends = keeper_pass(rules[:count], frame, lambda *_: None)
        yield from (end for end in ends if end.fired[-1:] == (last,))


def exits_by_rule(vault: Vault, frame: Frame, report: Report) -> Iterator[PassEnd]:
    """Every way in which a rule leaves by the exit: at once, or once a trading rule of the pass was carried out.

    No exit waits for a rule before it, and no rule waits for an exit.
    """
    for rule in exit_rules(vault):
        moments = ((end.fired, end.frame) for end in after_each_rule(trading_rules(vault), frame.fork()))
        for fired, at in (((), frame.fork()), *moments):
            at.trace.learn(f"fires: {rule.name}", _trigger(rule, at))
            after = run_plan(vault.exit_plan, at, partial(report, rule, fired))
            yield PassEnd((*fired, rule), after.primed())


def exit_rules(vault: Vault) -> tuple[RuleModel, ...]:
    """Rules that leave by the exit."""
    return tuple(rule for rule in vault.rules if isinstance(rule.effect, Exits))


def trading_rules(vault: Vault) -> tuple[RuleModel, ...]:
    """Rules that move positions. The others leave positions as they are."""
    return tuple(rule for rule in vault.rules if isinstance(rule.effect, Trades))


def _pass(
    rules: tuple[RuleModel, ...], fired: tuple[RuleModel, ...], frame: Frame, report: Report
) -> Iterator[PassEnd]:
    if not rules:
        yield PassEnd(fired, frame)
        return
    rule, rest = rules[0], rules[1:]
    assert isinstance(rule.effect, Trades)
    on_condition = isinstance(rule.trigger, OnCondition)
    trigger = _trigger(rule, frame)
    fires = frame.fork()
    fires.trace.learn(f"fires: {rule.name}", trigger)
    for other in _due_again(rule, fired, frame.vault):
        at, words = fires.fork(), f"`{other.action}` is not due again, and so not before `{rule.action}`"
        report(rule, fired, f"turn/{other.name}", words, Not(_trigger(other, at)), at)
    after = run_plan(rule.effect.plan, fires, partial(report, rule, fired)).primed()
    report(rule, fired, "conserves", "it costs no more than the stated slippage", after.formula(CONSERVED), after)
    hedged = frame.vault.hedged if rule.effect.hedges else ()
    for edge in hedged:
        report(rule, fired, f"{HEDGE}{edge.text}", f"{edge.text} holds after it", after.formula(edge.formula), after)
    for floor in frame.vault.floors:
        report(rule, fired, f"floor/{floor.text}", f"{floor.text} holds after it", after.formula(floor.formula), after)
    # Not before: it may not help to show that it holds. Where it does not the rule reverts, and nothing follows on it.
    after.trace.learn(f"asserted: {rule.name}", *(after.formula(edge.formula) for edge in hedged))
    yield from _pass(rest, (*fired, rule), after, report)
    quiet = frame.fork()
    quiet.trace.learn(f"does not fire: {rule.name}", Not(trigger) if on_condition else TRUE)
    yield from _pass(rest, fired, quiet, report)


def _due_again(rule: RuleModel, fired: tuple[RuleModel, ...], vault: Vault) -> tuple[RuleModel, ...]:
    """The rules that this one waits for, and of which those that fired since their turn may have made one due."""
    last = vault.rules.index(fired[-1]) if fired else -1
    return tuple(other for other in waits_for(rule, vault) if vault.rules.index(other) <= last)


def _trigger(rule: RuleModel, frame: Frame) -> Formula:
    """A timer can be due or not in any state, so it says nothing about the state."""
    return frame.formula(rule.trigger.condition.formula) if isinstance(rule.trigger, OnCondition) else TRUE
