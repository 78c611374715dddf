"""Replays in exact integers: an ideal world beside the vault, one round of it, and what a claim says about it.

Ideal means: venues book exactly what is moved, and swaps pay the contract's own minimum, which is the worst that the
slippage assumption admits. Whatever breaks a claim here breaks it on a chain whose venues round as little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import combinations, takewhile
from math import ceil, floor

from msgspec import Struct, field
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
from stratc_compiler.environment import MOST_GAIN, Box, Interval, Pair
from stratc_compiler.expr import Formula, Num, Plain, Rounding, amount_worth, number
from stratc_compiler.interpret import Evaluator, Reverted, mul_div, run_plan
from stratc_compiler.perps import cost
from stratc_compiler.ranges import SAMPLE, Range, token_part, worth
from stratc_compiler.readings import loan_at
from stratc_compiler.rounds import exit_rules, trading_rules
from stratc_compiler.swings import strongest
from stratc_compiler.text import WAD, amount_text, percent, usd
from stratc_compiler.vault import (
    SCALE,
    Condition,
    Exits,
    FlashLoan,
    Freezes,
    Held,
    Marks,
    OnCondition,
    OnTimer,
    RuleModel,
    Swap,
    Trade,
    Trades,
    Vault,
    VenueModel,
)
from stratc_compiler.verdict import Round
from stratc_compiler.volatility import stops_on_volatility
from stratc_dsl.record import Record

LIQUIDATED, LIQUIDATOR = "liquidated at", "a liquidator"


class IdealWorld(Struct):
    """State variables as plain integers, by their names in the model.

    `swaps` are the venues at which something was swapped, `leaned_on` the assumptions behind what a venue refused: its
    own oracle at its worst, the room that it has at least. `lent` is how much less room there is while a flash loan is
    out.
    """

    vault: Vault
    state: dict[str, int]
    log: list[str] = field(default_factory=list)
    swaps: list[str] = field(default_factory=list)
    leaned_on: list[str] = field(default_factory=list)
    lent: dict[str, int] = field(default_factory=dict)

    def read(self, name: str) -> int:
        return self.state[name]

    def start_again(self, moment: Mapping[str, int]) -> None:
        """Back to a moment, with nothing done since."""
        self.state = dict(moment)
        for told in (self.log, self.swaps, self.leaned_on):
            told.clear()

    def _idle(self, token: str, change: int, what: str) -> None:
        name = f"idle({token})"
        if self.state[name] + change < 0:
            raise Reverted(
                f"{what} needs {self._told(token, -change)}, idle holds {self._told(token, self.state[name])}"
            )
        self.state[name] += change

    def _told(self, token: str, units: int) -> str:
        return amount_text(self.vault, token, units)

    def enter(self, held: Held, amount: int) -> None:
        what = f"borrowing {held.name}" if held.debt else f"entering {held.name}"
        self._take_room(held, amount, what)
        self._idle(held.token, amount if held.debt else -amount, what)
        self.state[held.name] += amount
        self._realize(held, amount)
        self.log.append(f"{what}: {self._told(held.token, amount)}")
        venue = self.vault.venue(held.venue) if held.venue else None
        allowed = venue.after_borrow if venue is not None and held.debt else None
        if venue is not None and not self.lets(venue, allowed):
            raise Reverted(f"{what} exceeds the venue's loan-to-value{_as_read(venue)}")

    def _realize(self, held: Held, amount: int) -> None:
        """Margin that comes in is realized."""
        if held.position.kind == "margin":
            self.state[held.liquidity.name] += amount

    def _take_room(self, held: Held, amount: int, what: str) -> None:
        room = self.state.get(held.room.name)
        if room is None:
            return
        if amount > room:
            self.leaned_on.append(f"room({held.venue})")
            asked, left = self._told(held.token, amount), self._told(held.token, room)
            raise Reverted(f"{what} asks for {asked}, {held.venue} has room for {left}")
        self.state[held.room.name] = room - amount

    def leave(self, held: Held, amount: int) -> None:
        what = f"repaying {held.name}" if held.debt else f"withdrawing {held.name}"
        if amount > self.state[held.name]:
            raise Reverted(f"{what} asks for more than there is: {self._told(held.token, amount)}")
        if not held.debt:
            self._draw(held, amount, what)
        self._idle(held.token, -amount if held.debt else amount, what)
        self.state[held.name] -= amount
        self.log.append(f"{what}: {self._told(held.token, amount)}")
        venue = self.vault.venue(held.venue) if held.venue else None
        allowed = venue.after_withdraw if venue is not None and not held.debt else None
        if venue is not None and not self.lets(venue, allowed):
            raise Reverted(f"{what} would leave the debt uncovered{_as_read(venue)}")

    def lets(self, venue: VenueModel, check: Formula | None) -> bool:
        """Whether a check of a venue holds, whatever its oracle reads; true where there is none."""
        if check is None or Evaluator(self.vault, self).holds(check):
            return True
        self.leaned_on += [f"oracle({token})" for token, off in venue.off.items() if off]
        return False

    def _draw(self, held: Held, amount: int, what: str) -> None:
        available = self.state[held.liquidity.name]
        if amount > available:
            asked, can_pay = self._told(held.token, amount), self._told(held.token, available)
            raise Reverted(f"{what} asks for {asked}, the venue can pay {can_pay}")
        self.state[held.liquidity.name] = available - amount

    def liquidate(self, venue: VenueModel) -> bool:
        """Have all debt of a venue repaid for as much collateral as that allows; false where it does not allow it."""
        if self.lets(venue, venue.never_liquidated):
            return False
        state = Evaluator(self.vault, self)
        worth = {held.name: state.value(held.value) for held in venue.positions}
        pledged = sum(worth[held.name] for held in venue.positions if not held.debt)
        owed = sum(worth[held.name] for held in venue.positions if held.debt)
        repaid = min(Fraction(owed), pledged / venue.seized)
        shares = {True: repaid / owed, False: repaid * venue.seized / pledged if pledged else Fraction(0)}
        for held in venue.positions:
            less = int(self.state[held.name] * shares[held.debt])
            self.state[held.name] -= less
            word = "repaid" if held.debt else "taken"
            self.log.append(f"{LIQUIDATED} {venue.name}: {held.name} {self._told(held.token, less)} {word}")
        return True

    def swap(self, item: Swap, amount: int, minimum: int) -> int:
        self._idle(item.sold, -amount, f"selling {item.sold}")
        self._idle(item.bought, minimum, f"buying {item.bought}")
        self.swaps.append(item.swap.name)
        self.log.append(f"selling {self._told(item.sold, amount)} for {self._told(item.bought, minimum)}")
        return minimum

    def trade(self, item: Trade, amount: int, bound: int) -> None:
        """At the worst price that may be filled. What of the cash is realized changes as the venue books it: all but
        what the part that is left was sold for.
        """
        short, cash = item.short, item.cash
        venue = self.vault.venue(short.venue or "")
        realized = self.state[cash.liquidity.name]
        what = f"{'buying back' if item.covers else 'selling'} {short.name}"
        if item.covers:
            size, has = self.state[short.name], self.state[cash.name]
            if amount > size or bound > has:
                raise Reverted(f"{what} asks for more than there is: {self._told(short.token, amount)}")
            profit = mul_div(max(has - realized, 0), amount, size, Rounding.DOWN)
            self.state[cash.liquidity.name] = max(realized + profit - bound, 0)
        sign = -1 if item.covers else 1
        self.state[short.name] += sign * amount
        self.state[cash.name] += sign * bound
        self.swaps.append(venue.name)
        self.log.append(f"{what}: {self._told(short.token, amount)} for {self._told(cash.token, bound)}")
        allowed = venue.after_cover if item.covers else venue.after_borrow
        if self.state[short.name] and not self.lets(venue, allowed):
            raise Reverted(f"{what} leaves less margin than {venue.name} asks for{_as_read(venue)}")

    def provide(self, held: Held, token: int, base: int, minimum: int) -> tuple[int, int]:
        """As little as may be asked for is worth it, and so little is taken."""
        of = held.range
        assert of is not None
        took = tuple(mul_div(one, *(1 - of.entering).as_integer_ratio(), Rounding.UP) for one in (token, base))
        self._idle(of.token, -took[0], f"entering {held.name}")
        self._idle(of.base, -took[1], f"entering {held.name}")
        self.state[held.name] += liquidity_worth(self, self.vault, of, minimum)
        self.log.append(f"entering {held.name}: {self._told(of.token, took[0])} and {self._told(of.base, took[1])}")
        return took[0], took[1]

    def withdraw(self, held: Held, liquidity: int) -> tuple[int, int]:
        """What it consists of by the oracle, and the fees that wait there, in base."""
        of = held.range
        assert of is not None
        what = f"withdrawing {held.name}"
        if liquidity > self.state[held.name]:
            raise Reverted(f"{what} asks for more liquidity than there is")
        state = Evaluator(self.vault, self)
        part, all_of_it = (state.value(one(of, number(liquidity))) for one in (token_part, worth))
        token = state.value(amount_worth(Num(Fraction(part), Plain.VALUE), of.token, Rounding.DOWN)) if part else 0
        fees, self.state[of.fees.name] = self.state.get(of.fees.name, 0), 0
        rest = Num(Fraction(max(all_of_it - part, 0) + fees), Plain.VALUE)
        base = state.value(amount_worth(rest, of.base, Rounding.DOWN))
        self._idle(of.token, token, what)
        self._idle(of.base, base, what)
        self.state[held.name] -= liquidity
        self.log.append(f"{what}: {self._told(of.token, token)} and {self._told(of.base, base)}")
        return token, base

    def lend(self, loan: FlashLoan, amount: int) -> int:
        for name in self._rooms_beside(loan):
            self.lent[name] = min(amount, self.state[name])
            self.state[name] -= self.lent[name]
        self._idle(loan.token, amount, f"borrowing {loan.token}")
        self.log.append(f"flash loan from {loan.lender}: {self._told(loan.token, amount)}")
        return amount + mul_div(amount, loan.premium.numerator, loan.premium.denominator, Rounding.UP)

    def take_back(self, loan: FlashLoan, amount: int, owed: int) -> None:
        for name in self._rooms_beside(loan):
            self.state[name] += self.lent.pop(name)
        self._idle(loan.token, -owed, "giving the flash loan back")
        self.log.append(f"giving the flash loan back: {self._told(loan.token, owed)}")

    def _rooms_beside(self, loan: FlashLoan) -> list[str]:
        rooms = [held.room.name for held in self.vault.lent_beside(loan)]
        return [name for name in rooms if name in self.state]


def liquidity_worth(world: IdealWorld, vault: Vault, of: Range, value: int) -> int:
    """Liquidity that is worth so much, in 10^-18 USD, and hardly more; none where a range is worth next to nothing."""
    state = Evaluator(vault, world)
    sample = state.value(worth(of, SAMPLE))
    if value == 0 or sample < 10**9:
        return 0
    found = mul_div(value, SAMPLE.value.numerator, sample, Rounding.UP)
    return found + (0 if state.value(worth(of, number(found))) >= value else 1 + found // 10**9)


def inside_box(vault: Vault, box: Box, played: Round, lost: str | None = None) -> str | None:
    """None iff the round is one the assumptions admit, else what does not fit."""
    before, after = played.settled, played.moment
    opening = Evaluator(vault, IdealWorld(vault, dict(before)))
    first = played if holds_something(vault, before) else replace(played, settled=after)
    if not _at_scale(vault, first):
        return "the vault is smaller than the scale that is assumed, or its tokens have other decimals"
    for condition in vault.settled:
        if not opening.holds(condition.formula):
            return f"not settled: {condition.text}"
    for token in vault.strategy.tokens:
        name = f"price({token.name})"
        if not _within(before[name], after[name], box.usd[token.name]):
            return f"{name} moves out of its range"
        stays = box.absolute.get(token.name)
        if stays is not None and not all(_between(Fraction(s[name], WAD), stays) for s in (before, after)):
            return f"{name} leaves its range"
    for pair in box.pairs:
        if (misfit := _parts_company(pair, played)) is not None:
            return misfit
    for one in vault.ranges.values():
        if one.range is not None and not _is_wide(one.range, before, after):
            return f"the range of {one.name} is narrower than it was deployed with"
        if any(earned(vault, one, state) > MOST_GAIN for state in (before, after)):
            return f"more fees of {one.name} wait than assumed"
    for held in vault.held:
        if held.name != f"idle({vault.base})" and not _is_lost(held, lost):
            least, most = funded(vault, held, before)
            if not _within(before[held.name], after[held.name], box.growth[held.name], 1, least, most):
                return f"{held.name} grows out of its range"
            if held.venue is None or held.debt:
                continue
            if after[held.liquidity.name] < int(box.liquidity[held.name] * after[held.name]):
                return f"{held.name} is less liquid than assumed"
    return (
        _unrealized(vault, played)
        or _ill_closed(vault, box, played, lost)
        or _no_room(vault, played)
        or _too_wild(vault, box, played)
        or _flows_fit(vault, box, played, opening)
    )


def _is_lost(held: Held, lost: str | None) -> bool:
    """Whether it is of a venue that is taken as lost: a debt is owed still, but a short of perpetuals is closed."""
    return lost is not None and held.venue == lost and (not held.debt or held.perp is not None)


def funded(vault: Vault, held: Held, before: dict[str, int]) -> tuple[int, int]:
    """What funding adds to the cash of an account in a round, at least and at most; nothing to other positions."""
    for venue in vault.perps:
        of, cash, short = venue.account
        if cash == held:
            state = Evaluator(vault, IdealWorld(vault, dict(before)))
            worth_now = state.value(cost(short.var, of.margin, Rounding.DOWN))
            return ceil(of.low * worth_now), floor(of.high * worth_now)
    return 0, 0


def _unrealized(vault: Vault, played: Round) -> str | None:
    """None iff all cash is realized where nothing is short."""
    for venue in vault.perps:
        _, cash, short = venue.account
        if not played.moment[short.name] and played.moment[cash.liquidity.name] + 2 < played.moment[cash.name]:
            return f"less of {cash.name} is realized than there is, and nothing is short"
    return None


def _ill_closed(vault: Vault, box: Box, played: Round, lost: str | None) -> str | None:
    """None iff whoever closed a part of a short that is lost took no more than a closer may."""
    before, after = played.settled, played.moment
    for venue in vault.perps:
        of, cash, short = venue.account
        if venue.name != lost:
            continue
        closed = before[short.name] - after[short.name]
        if closed < 0:
            return f"{short.name} grows"
        state = Evaluator(vault, IdealWorld(vault, {**before, short.name: closed}))
        dearest = box.usd[of.token].high
        least, most = funded(vault, cash, before)
        grown = box.growth[cash.name]
        if dearest is not None:
            worst = state.value(cost(short.var, of.margin, Rounding.UP)) * dearest * (1 + of.off) * (1 + of.penalty)
            if after[cash.name] + 2 < max(grown.low * before[cash.name] + least - worst, Fraction(0)):
                return f"whoever closes {short.name} takes more than assumed"
        if grown.high is not None and after[cash.name] - 2 > grown.high * before[cash.name] + most:
            return f"{cash.name} grows out of its range"
    return None


def _too_wild(vault: Vault, box: Box, played: Round) -> str | None:
    """None iff the strongest swings that are assumed come to what is measured."""
    for ring in vault.rings:
        most = strongest(ring, vault, box, IdealWorld(vault, {}))
        if most is not None and played.moment[ring.name] > most:
            return f"{ring.name} is more than assumed moves come to"
    return None


def earned(vault: Vault, held: Held, state: dict[str, int]) -> Fraction:
    """What fees wait to be fetched from a range, as a share of what it is worth."""
    fees = 0 if held.range is None else state.get(held.range.fees.name, 0)
    worth_now = Evaluator(vault, IdealWorld(vault, dict(state))).named(held.value.name) if fees else 1
    return Fraction(fees, worth_now) if worth_now else Fraction(fees)


def _is_wide(of: Range, before: dict[str, int], after: dict[str, int]) -> bool:
    """Whether the range stays where it is, and is no narrower than the strategy says."""
    low, high = before[of.low.name], before[of.high.name]
    same = (after[of.low.name], after[of.high.name]) == (low, high)
    return same and low > 0 and high * high * of.below >= low * low * of.above


def _no_room(vault: Vault, played: Round) -> str | None:
    """None iff venues have as much room as is assumed."""
    moment = Evaluator(vault, IdealWorld(vault, dict(played.moment)))
    for venue in vault.venues:
        for held in venue.positions if venue.room is not None else ():
            price, unit = (played.moment[f"{what}({held.token})"] for what in ("price", "unit"))
            if (played.moment[held.room.name] + 1) * price < (venue.room or 0) * moment.named("nav") * unit:
                return f"{venue.name} has less room for {held.name} than assumed"
    return None


def holds_something(vault: Vault, state: dict[str, int]) -> bool:
    """Whether it is a vault at all: of nothing every share is as it should be."""
    return any(state[held.name] for held in vault.held)


def _at_scale(vault: Vault, played: Round) -> bool:
    """The settled vault is worth enough units of each token, whose decimals are those of the strategy, and of dollars.

    See `scale` in assumptions.py; shares of a venue, which no state holds, are left to the proofs.
    """
    before, after = played.settled, played.moment
    nav = Evaluator(vault, IdealWorld(vault, dict(before))).named("nav")
    for token in vault.strategy.tokens:
        unit, price = f"unit({token.name})", f"price({token.name})"
        if not before[unit] == after[unit] == 10**token.decimals:
            return False
        if nav * before[unit] < SCALE * max(before[price], after[price]):
            return False
    return nav >= SCALE * WAD // 10**8


def _parts_company(pair: Pair, played: Round) -> str | None:
    """None iff the two prices keep to each other as assumed; exact."""
    name = f"price({pair.token}/{pair.other})"
    tops, bottoms = ([s[f"price({t})"] for s in (played.settled, played.moment)] for t in (pair.token, pair.other))
    if not all((*tops, *bottoms)):
        return f"{name} does not exist where one of them is worth nothing"
    before, after = (Fraction(top, bottom) for top, bottom in zip(tops, bottoms, strict=True))
    if not _between(after / before, pair.factor):
        return f"{name} moves out of its range"
    if pair.stays is not None and not (_between(before, pair.stays) and _between(after, pair.stays)):
        return f"{name} leaves its range"
    return None


def _flows_fit(vault: Vault, box: Box, played: Round, opening: Evaluator) -> str | None:
    base = f"idle({vault.base})"
    if played.moment[base] != played.settled[base] + played.deposited - played.withdrawn:
        return "idle base does not add up"
    if played.moment[base] < 0:
        return "more is withdrawn than is idle"
    most = box.withdrawals
    if most is not None and played.withdrawn > most * opening.named("total_assets"):
        return "more is withdrawn than assumed"
    comes = box.deposits
    begun = opening.named("total_assets")
    # The first round begins with what was deposited, and ends the time in which nothing bounds that.
    if comes is not None and begun and played.deposited > (comes + MOST_GAIN) * begun:
        return "more is deposited or given than assumed"
    return None


def _between(value: Fraction, interval: Interval) -> bool:
    return value >= interval.low and (interval.high is None or value <= interval.high)


def _within(before: int, after: int, interval: Interval, slack: int = 0, least: int = 0, most: int = 0) -> bool:
    """Whether an amount is its factor times what it was, and between `least` and `most` more."""
    if after + slack < interval.low * before + least:
        return False
    return interval.high is None or after - slack <= interval.high * before + most


# ── what a claim says about a replayed round ───────────────────────────────────────────────


class Broken(Record):
    """How a claim breaks in a round, the steps on the way, each with who takes it, and the venues they swap at.

    `leaned_on` are the assumptions behind what a venue refused.
    """

    why: str
    steps: tuple[tuple[str, str], ...]
    swaps: tuple[str, ...]
    leaned_on: tuple[str, ...]


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
            return Broken(why, steps, tuple(world.swaps), tuple(world.leaned_on))
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
                return f"{name} can liquidate: margin_ratio({name}) = {_ratio(venue, state)}{_as_read(venue)}"
            own = health(vault, name, state)
            seen = f"health({name}) = {float(own):.4f}"
            if any(venue.off.values()):
                seen += f", {float(worst_health(venue, state)):.4f}{_as_read(venue)}"
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


def _as_read(venue: VenueModel) -> str:
    """At what readings a check of a venue is judged, where they may differ from the vault's prices."""
    off = " and ".join(f"{token} {percent(share)} off" for token, share in venue.off.items() if share)
    return f" where {venue.name} reads {off}" if off else ""


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
    world.log.append(
        f"`{rule.action}`" if isinstance(rule.trigger, OnCondition) else f"`{rule.text}`: its time has come"
    )
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
