"""Whether what happened to a vault is what its strategy allows: judged from its events and the states around them.

Nothing here asks the vault whether a rule was due: triggers, floors and bands are the strategy's, computed outside.
What cannot be told from the ends of blocks is said to be unclear and not allowed: in a block there is more than one
transaction, and the state between two of them is on no node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import groupby, pairwise

from stratc_targets.keeper.chain import Happened, Sent
from stratc_targets.keeper.conditions import OutsideBand
from stratc_targets.keeper.config import KeeperConfig, Rule, Stale, Timer
from stratc_targets.keeper.measures import USD, unit_worth

NOBODY = "0x" + "00" * 20

DUST = Fraction(1, 1_000_000)
"""Of nav: what rounding may take in one transaction, as the proofs carry it (the scale assumption)."""

BASIS_POINTS = 10_000


class Verdict(Enum):
    ALLOWED = "allowed"
    UNCLEAR = "unclear"
    AGAINST = "not allowed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What happened in a block, and what the strategy says of it."""

    block: int
    what: str
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class Around:
    """The vault before and after a block; None where nodes have forgotten it, or no price was usable.

    `modes` before and after, `time` of the block, `last_run` by rule before it, `allowed` are who may run rules. `ages`
    are how old the price of each token can have been in the block at the most, in seconds.
    """

    before: Mapping[str, int] | None
    after: Mapping[str, int] | None
    modes: tuple[int, int]
    time: int
    last_run: Mapping[str, int]
    allowed: frozenset[str]
    ages: Mapping[str, int]


FROZEN, EXITED = 1, 2


def judge(
    config: KeeperConfig,
    events: Sequence[Happened],
    around: Callable[[int], Around],
    sent: Callable[[str], Sent],
) -> Iterator[Finding]:
    """Everything that there is to say of the events, in order."""
    for tx_hash, group in groupby(events, key=lambda event: event.tx_hash):
        mine = list(group)
        yield from _shares(mine)
        for event in mine:
            match event.name:
                case None:
                    why = "this vault has no such event: another code ran in its place"
                    yield Finding(event.block, "an event", Verdict.AGAINST, why)
                case "RuleRun":
                    yield _rule_run(config, event, around(event.block), sent(tx_hash))
                case "Harvested":
                    yield _harvested(config, event, around(event.block), sent(tx_hash))
                case "RoundBegan":
                    yield _round(config, event, around(event.block))
                case "ModeChanged" if (rule := _called(config, sent(tx_hash))) is not None:
                    yield _by_rule(config, rule, event, around(event.block), sent(tx_hash))
                case "ModeChanged" | "Exited" | "KeeperAppointed" | "OwnershipTransferred" | "GuardianAppointed":
                    said = ", ".join(f"{name} {value}" for name, value in event.arguments.items())
                    yield Finding(event.block, event.name, Verdict.ALLOWED, said)
                case _:
                    pass
    yield from _late(config, [event for event in events if event.name == "RoundBegan"], around)


# ── shares ─────────────────────────────────────────────────────────────────────────────────


def _shares(events: Sequence[Happened]) -> Iterator[Finding]:
    """In one transaction no share comes but by a deposit or a fee, and none goes but with who leaves."""
    made = _sum(events, "Transfer", "value", lambda event: event.arguments["sender"] == NOBODY)
    gone = _sum(events, "Transfer", "value", lambda event: event.arguments["receiver"] == NOBODY)
    given = _sum(events, "Deposit", "shares") + _sum(events, "FeesMinted", "shares")
    taken = _sum(events, "RedeemedInKind", "shares") + _sum(events, "RequestServed", "shares")
    # A claim pays for shares that are gone already, and says so like any withdrawal.
    paid = _sum(events, "Withdraw", "shares")
    if made != given:
        why = f"{made} shares were made, and {given} were paid for or are fees"
        yield Finding(events[0].block, "shares", Verdict.AGAINST, why)
    if not taken <= gone <= taken + paid:
        why = f"{gone} shares are gone, and {taken + paid} were given back"
        yield Finding(events[0].block, "shares", Verdict.AGAINST, why)


def _sum(
    events: Iterable[Happened], name: str, argument: str, which: Callable[[Happened], bool] = lambda _: True
) -> int:
    return sum(int(event.arguments[argument]) for event in events if event.name == name and which(event))


def supply(events: Iterable[Happened], before: int, after: int, block: int) -> Iterator[Finding]:
    """All shares that were made and are gone, against how many there were and are."""
    change = sum(
        int(event.arguments["value"])
        * ((event.arguments["sender"] == NOBODY) - (event.arguments["receiver"] == NOBODY))
        for event in events
        if event.name == "Transfer"
    )
    if before + change != after:
        why = f"there were {before}, the events tell of {change:+}, and there are {after}"
        yield Finding(block, "shares", Verdict.AGAINST, why)


# ── rules ──────────────────────────────────────────────────────────────────────────────────


def _rule_run(config: KeeperConfig, event: Happened, around: Around, sent: Sent) -> Finding:
    name = str(event.arguments["rule"])
    rule = next((one for one in config.rules if one.name == name), None)
    if rule is None:
        return Finding(event.block, name, Verdict.AGAINST, "the strategy has no such rule")
    nav = config.goals.nav
    # Where nav is the same, what the rule saw is what stood at the end of the block before, or after it.
    still_before = around.before is not None and around.before[nav] == event.arguments["nav_before"]
    still_after = around.after is not None and around.after[nav] == event.arguments["nav_after"]
    checks = [
        _by_whom(around, sent),
        _in_mode(rule, around),
        _triggered(config, rule, around, certain=still_before),
        _floors(config, around, certain=still_after),
        _cost(config, event, around),
    ]
    return _worst(event.block, name, checks)


def _harvested(config: KeeperConfig, event: Happened, around: Around, sent: Sent) -> Finding:
    rule = _called(config, sent)
    what = f"harvest of {event.arguments.get('position', 'a position')}"
    if rule is None:
        return Finding(
            event.block, what, Verdict.UNCLEAR, "it was called by another contract: by which rule is not told"
        )
    checks = [_by_whom(around, sent), _in_mode(rule, around), _triggered(config, rule, around, certain=False)]
    return _worst(event.block, rule.name, checks)


def _called(config: KeeperConfig, sent: Sent) -> Rule | None:
    """The rule that a transaction called, where it called the vault itself."""
    return next((one for one in config.rules if one.call == sent.call), None)


def _by_rule(config: KeeperConfig, rule: Rule, event: Happened, around: Around, sent: Sent) -> Finding:
    """A rule that freezes or exits. What the exit costs is not looked at."""
    checks = [_by_whom(around, sent), _triggered(config, rule, around, certain=False)]
    return _worst(event.block, rule.name, checks)


Check = tuple[Verdict, str]


def _worst(block: int, what: str, checks: Sequence[Check]) -> Finding:
    """What is against it, or else what is unclear, or else all that speaks for it."""
    order = (Verdict.AGAINST, Verdict.UNCLEAR, Verdict.ALLOWED)
    verdict = next(one for one in order if any(found is one for found, _ in checks))
    return Finding(block, what, verdict, "; ".join(why for found, why in checks if found is verdict and why))


def _by_whom(around: Around, sent: Sent) -> Check:
    if not sent.direct:
        return Verdict.ALLOWED, f"through another contract, by {sent.sender}"
    if sent.sender.lower() in around.allowed:
        return Verdict.ALLOWED, ""
    return Verdict.UNCLEAR, f"by {sent.sender}, who was neither keeper nor owner at the end of the block before"


def _in_mode(rule: Rule, around: Around) -> Check:
    before = around.modes[0]
    if before < FROZEN or (before < EXITED and rule.reduces_risk):
        return Verdict.ALLOWED, ""
    why = "the vault was exited" if before >= EXITED else "the vault was frozen, and this does not reduce risk"
    # Exits are for good, and who unfreezes in the very block may act in it.
    certain = before >= EXITED or around.modes[1] == before
    return (Verdict.AGAINST if certain else Verdict.UNCLEAR), why


def _triggered(config: KeeperConfig, rule: Rule, around: Around, *, certain: bool) -> Check:
    match rule.trigger:
        case Timer(period):
            before = around.last_run.get(rule.name)
            if before is None:
                return Verdict.UNCLEAR, "when it ran before is not known"
            if before == 0:
                return Verdict.ALLOWED, "it had not run before"
            since = around.time - before
            why = f"{since} s after the last time, of {period}"
            return (Verdict.ALLOWED if since >= period else Verdict.AGAINST), why
        case Stale(token):
            age, heartbeat = around.ages.get(token), _heartbeat(config, token)
            if age is None or heartbeat is None:
                return Verdict.UNCLEAR, f"how old the price of {token} was is not known"
            # Where it is of two feeds each has a heartbeat of its own, and only the longer is known here.
            said = f"the price of {token} was {age} s old at the most, of {heartbeat}"
            return (Verdict.ALLOWED if age > heartbeat else Verdict.UNCLEAR), said
        case None:
            return Verdict.UNCLEAR, "its trigger is not known"
        case condition:
            if around.before is None:
                return Verdict.UNCLEAR, "the state before it cannot be read"
            text = "weights outside band" if isinstance(condition, OutsideBand) else rule.text.partition(" do ")[0]
            if config.goals.holds(condition, around.before):
                return Verdict.ALLOWED, text
            # What rings say changes with prices alone, whether nav does or not, and with no rule.
            later = {ring: around.after[ring] for ring in config.readings.rings} if around.after else {}
            if certain and not config.goals.holds(condition, {**around.before, **later}):
                return Verdict.AGAINST, f"its trigger did not hold: {text}"
            return Verdict.UNCLEAR, f"its trigger came true within the block, if it did: {text}"


def _heartbeat(config: KeeperConfig, token: str) -> int | None:
    return next((one.heartbeat for one in config.readings.tokens if one.name == token), None)


def _floors(config: KeeperConfig, around: Around, *, certain: bool) -> Check:
    if around.after is None:
        return Verdict.UNCLEAR, "the state after it cannot be read"
    after = around.after
    broken = [floor.text for floor in config.goals.floors if not config.goals.holds(floor.condition, after)]
    if not broken:
        return Verdict.ALLOWED, ""
    return (Verdict.AGAINST if certain else Verdict.UNCLEAR), f"after it this does not hold: {', '.join(broken)}"


def _cost(config: KeeperConfig, event: Happened, around: Around) -> Check:
    """Whether it lost no more than swaps and flash loans may cost of all that it can have moved."""
    before, after = int(event.arguments["nav_before"]), int(event.arguments["nav_after"])
    lost = Fraction(max(before - after, 0))
    told = f"it cost {float(100 * lost / before):.4f}% of nav" if lost and before else ""
    if around.before is None or around.after is None:
        return (Verdict.UNCLEAR if lost else Verdict.ALLOWED), told
    premium = max((one.basis_points for one in config.readings.flash_loans), default=0)
    most = (config.slippage + Fraction(premium, BASIS_POINTS)) * _moved(config, around.before, around.after)
    most += DUST * before
    if lost <= most:
        return Verdict.ALLOWED, told
    return Verdict.AGAINST, f"{told}, and {float(100 * most / before):.4f}% is the most that slippage allows"


def _moved(config: KeeperConfig, before: Mapping[str, int], after: Mapping[str, int]) -> Fraction:
    """A bound on the worth of what was traded: of each position no more than there was, or is; in 10^-18 USD."""
    readings, held = config.readings, Fraction(0)
    for one in readings.positions:
        held += max(unit_worth(readings, state, one.token) * state[one.amount] for state in (before, after))
    return held + max(before[config.goals.nav], after[config.goals.nav])


# ── rounds ─────────────────────────────────────────────────────────────────────────────────


def _round(config: KeeperConfig, event: Happened, around: Around) -> Finding:
    what = "round"
    if around.after is None:
        return Finding(event.block, what, Verdict.UNCLEAR, "the state that it began with cannot be read")
    goals, after = config.goals, around.after
    out = [band.position for band in goals.bands if band.room(after, goals.nav) < 0]
    out += [one.name for one in goals.sensitivities if one.room(after, goals.nav) < 0]
    out += [floor.text for floor in goals.floors if not goals.holds(floor.condition, after)]
    if out:
        why = f"at the end of its first block the vault is not settled: {', '.join(out)}"
        return Finding(event.block, what, Verdict.UNCLEAR, why)
    return Finding(event.block, what, Verdict.ALLOWED, f"it began settled, with nav {after[goals.nav] / USD:,.2f} USD")


def _late(config: KeeperConfig, rounds: Sequence[Happened], around: Callable[[int], Around]) -> Iterator[Finding]:
    """Rounds that lasted longer than is assumed: what is proved was not proved of them."""
    for first, second in pairwise(rounds):
        lasted = around(second.block).time - around(first.block).time
        if lasted > config.period:
            why = f"it lasted {lasted} s, and the proofs assume {config.period} s at most"
            yield Finding(second.block, "round", Verdict.AGAINST, why)
