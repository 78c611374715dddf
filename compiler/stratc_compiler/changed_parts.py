"""What the vault is made of and who does what: tokens, venues, rules, exit, roles, limits, signals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import TypeGuard, TypeVar

from stratc_compiler.change import Change, Direction, Subject, Two, grown, paired, told
from stratc_dsl.administration import AnyoneAfter, DepositLimit, Depositors, Owner, Role
from stratc_dsl.record import Record
from stratc_dsl.span import Placed
from stratc_dsl.strategy import (
    Action,
    ChainlinkPrice,
    Collateral,
    Emode,
    FixedPrice,
    Flash,
    Freeze,
    Inner,
    PerpV2,
    RatioPrice,
    Rule,
    Token,
    Venue,
)
from stratc_dsl.words import duration

T = TypeVar("T", bound=Placed)
P = TypeVar("P", Token, Venue)

WEAKER, STRONGER, NEITHER = Direction.WEAKER, Direction.STRONGER, Direction.NEITHER

# ── tokens and venues ──────────────────────────────────────────────────────────────────────


def changed_tokens(two: Two) -> Iterator[Change]:
    olds, news = two.old.strategy.tokens, two.new.strategy.tokens
    for old, new in paired(olds, news, lambda token: token.name):
        if old is None or new is None:
            yield _came_or_went(Subject.TOKEN, old, new, _instead(old, olds, news, _alike_tokens))
        elif old != new:
            yield from _declared(Subject.TOKEN, old.name, old, new, old, new)


def changed_venues(two: Two) -> Iterator[Change]:
    olds, news = two.old.strategy.venues, two.new.strategy.venues
    for old, new in paired(olds, news, lambda venue: venue.name):
        if old is None or new is None:
            yield _came_or_went(Subject.VENUE, old, new, _instead(old, olds, news, lambda a, b: a.adapter == b.adapter))
        elif old != new:
            yield from _declared(Subject.VENUE, old.name, old, new, old, new)


def _instead(old: P | None, olds: Iterable[P], news: Iterable[P], alike: Callable[[P, P], bool]) -> str | None:
    """The name of what may stand in the place of what was dropped: of its kind, and not there before."""
    known = {one.name for one in olds}
    return next((one.name for one in news if one.name not in known and old is not None and alike(old, one)), None)


def _alike_tokens(old: Token, new: Token) -> bool:
    pairs = [feed.pair for feed in (_feed(old.price), _feed(new.price)) if feed is not None]
    return old.decimals == new.decimals or len(set(pairs)) == 1


def _feed(price: object) -> ChainlinkPrice | None:
    """The feed that a price is read from, itself or as a ratio."""
    if isinstance(price, RatioPrice):
        return price.feed
    return price if isinstance(price, ChainlinkPrice) else None


def _came_or_went(
    subject: Subject, old: Token | Venue | None, new: Token | Venue | None, instead: str | None
) -> Change:
    """Under another name the same thing is compared with nothing, so all that is said of it may be less."""
    one = old if old is not None else new
    assert one is not None
    word = "added" if old is None else "dropped"
    what = one.adapter if isinstance(one, Venue) else "a token"
    why = "what the vault is made of changes: what it assumes and holds there is told above"
    if instead is not None:
        text = f"dropped: {one.name}, {what}; {instead} may stand in its place"
        why = "what was said of it is compared with nothing: give it its name back, and compare"
        return Change(subject, one.name, text, WEAKER, why, one.span)
    places = {"new" if old is None else "old": one.span}
    return Change(subject, one.name, f"{word}: {one.name}, {what}", NEITHER, why, **places)


def _declared(subject: Subject, path: str, old: object, new: object, before: Placed, after: Placed) -> Iterator[Change]:
    """Down to the values that differ. `before` and `after` are the nearest statements around them."""
    if type(old) is type(new) and isinstance(old, Record) and isinstance(new, Record):
        before, after = (old, new) if isinstance(old, Placed) and isinstance(new, Placed) else (before, after)
        for name in old.__struct_fields__:
            one, other = getattr(old, name), getattr(new, name)
            if name == "span" or one == other:
                continue
            if name == "inner":
                yield from _of_inner(subject, path, one, other, (before, after))
                continue
            if _is_leaf(one) or _is_leaf(other):
                direction, why = _of_field(old, name, one, other)
                text = f"{path} {name}: {_shown(name, one)} -> {_shown(name, other)}"
                yield Change(subject, f"{path}:{name}", text, direction, why, before.span, after.span)
            else:
                yield from _declared(subject, path if name in _SILENT else f"{path} {name}", one, other, before, after)
    elif _collaterals(old) and _collaterals(new):
        yield from _of_collaterals(subject, path, old, new, (before, after))
    else:
        feeds = _feed(old), _feed(new)
        if None not in feeds:
            yield from _declared(subject, path, *feeds, before, after)
        unfed = isinstance(new, FixedPrice)
        direction, why = (WEAKER, "no feed notices when the market disagrees") if unfed else (NEITHER, OTHER)
        kinds = tuple(getattr(one, "adapter", type(one).__name__) for one in (old, new))
        text = f"{path}: {kinds[0]} -> {kinds[1]}"
        yield Change(subject, path, text, direction, why, before.span, after.span)


def _of_inner(
    subject: Subject, path: str, old: Inner | None, new: Inner | None, around: tuple[Placed, Placed]
) -> Iterator[Change]:
    """That the vault at a venue is one of ours, or another of ours; what is said of it is compared on its own."""
    names = [None if one is None or one.strategy is None else one.strategy.name for one in (old, new)]
    if names[0] != names[1] or None in names:
        direction = WEAKER if None in names else NEITHER
        why = "what is known of it is another thing"
        if None in names:
            why = "claims rest on all that is assumed of it" if old is None else "nothing is proved of it any more"
        shown = ["anybody's" if name is None else name for name in names]
        places = (node.span for node in around)
        yield Change(subject, f"{path}:inner", f"{path} vault: {shown[0]} -> {shown[1]}", direction, why, *places)


def _of_collaterals(
    subject: Subject, path: str, olds: Iterable[Collateral], news: Iterable[Collateral], around: tuple[Placed, Placed]
) -> Iterator[Change]:
    for old, new in paired(olds, news, lambda collateral: collateral.token):
        if old is not None and new is not None:
            yield from _declared(subject, f"{path} {old.token}", old, new, *around)
            continue
        one, word = (new, "added") if old is None else (old, "dropped")
        assert one is not None
        before, after = (node.span for node in around)
        yield Change(subject, path, f"{path}: {word} {one.token}", NEITHER, OTHER, before, after)


OTHER = "it is another one: every claim is about that"

_SILENT = frozenset({"terms", "price"})
"""Fields that a reader need not know of: `aave.terms.collateral` is the collateral of aave."""


def _is_leaf(value: object) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(one, str) for one in value) and bool(value)
    return not isinstance(value, Record | tuple)


def _collaterals(value: object) -> TypeGuard[tuple[Collateral, ...]]:
    return isinstance(value, tuple) and all(isinstance(one, Collateral) for one in value)


def _shown(name: str, value: object) -> str:
    if isinstance(value, Emode):
        return f"category {value.category}"
    return duration(value) if name in ("heartbeat", "delay", "tenor") and isinstance(value, int) else told(value)


def _of_field(node: Record, name: str, old: object, new: object) -> tuple[Direction, str]:
    match node, name:
        case Collateral(), "ltv" | "threshold" if isinstance(old, Fraction) and isinstance(new, Fraction):
            direction = grown(old, new, WEAKER)
            return direction, "more is assumed of the venue" if direction is WEAKER else "less is assumed of the venue"
        case PerpV2(), "initial" | "maintenance" if isinstance(old, Fraction) and isinstance(new, Fraction):
            direction = grown(old, new, STRONGER)
            return direction, "more is assumed of the venue" if direction is WEAKER else "less is assumed of the venue"
        case ChainlinkPrice(), "heartbeat" if isinstance(old, int) and isinstance(new, int):
            direction = grown(old, new, WEAKER)
            return direction, "older prices are accepted" if direction is WEAKER else "older prices are refused"
        case ChainlinkPrice(), "deviation" if isinstance(old, Fraction) and isinstance(new, Fraction):
            if new < old:
                return WEAKER, "the feed is trusted to be nearer to the market"
            return NEITHER, "the feed is trusted with less; the market may be as much farther from what claims say"
        case ChainlinkPrice(), "pair":
            return WEAKER, "another feed is believed, and nobody can say that it is not weaker"
        case _:
            return NEITHER, OTHER


# ── rules and exit ─────────────────────────────────────────────────────────────────────────

RULES = "what the keeper does changes, and every claim is about that"


def changed_rules(two: Two) -> Iterator[Change]:
    """Rules that differ, those of one kind of action about one thing paired; then their order of priority."""
    olds, news = two.old.strategy.rules, two.new.strategy.rules
    gone = [rule for rule in olds if rule not in news]
    fresh = [rule for rule in news if rule not in olds]
    for old, new in paired(gone, fresh, lambda rule: _deed(rule.action)):
        named = old if old is not None else new
        assert named is not None
        yield two.change(Subject.RULE, " ".join(_deed(named.action)), old, new, *_of_rules(old, new))
    # A changed rule keeps its place among the others, or does not.
    order = _deeds(olds), _deeds(news)
    common = [[deed for deed in one if deed in other] for one, other in (order, order[::-1])]
    kept = [[rule for rule in one if rule in other] for one, other in ((olds, news), (news, olds))]
    if common[0] != common[1] or kept[0] != kept[1]:
        text = f"order: {', '.join(_named(kept[0]))} -> {', '.join(_named(kept[1]))}"
        yield Change(Subject.RULE, "order", text, NEITHER, "rules stand in order of priority")


def _of_rules(old: Rule | None, new: Rule | None) -> tuple[Direction, str]:
    if old is None and new is not None and isinstance(new.action, Freeze):
        return STRONGER, "the vault stops by itself where it did not"
    if new is None and old is not None and isinstance(old.action, Freeze):
        return WEAKER, "the vault no longer stops by itself there"
    return NEITHER, RULES


def _named(rules: list[Rule]) -> list[str]:
    return [" ".join(_deed(rule.action)) for rule in rules]


def _deeds(rules: tuple[Rule, ...]) -> list[tuple[str, ...]]:
    return [_deed(rule.action) for rule in rules]


def _deed(action: Action) -> tuple[str, ...]:
    """What kind of action it is, and about what."""
    about = getattr(action, "venue", None) or getattr(action, "position", None)
    return (type(action).__name__.lower(),) if about is None else (type(action).__name__.lower(), str(about))


def changed_exit(two: Two) -> Iterator[Change]:
    old, new = two.old.strategy, two.new.strategy
    why = "everything is sold in another way: what the exit pays is another claim"
    if old.exit_order != new.exit_order:
        text = f"order: {told(old.exit_order)} -> {told(new.exit_order)}"
        yield Change(Subject.EXIT, "order", text, NEITHER, why)
    if old.exit_flash != new.exit_flash:
        text = f"flash loan: {_lender(old.exit_flash)} -> {_lender(new.exit_flash)}"
        yield Change(Subject.EXIT, "flash", text, NEITHER, why)


def _lender(flash: Flash | None) -> str:
    return "none" if flash is None else f"at {flash.venue}"


# ── who does what ──────────────────────────────────────────────────────────────────────────


def changed_roles(two: Two) -> Iterator[Change]:
    for old, new in paired(two.old.strategy.roles, two.new.strategy.roles, type):
        if old != new:
            named = old if old is not None else new
            yield two.change(Subject.ROLE, type(named).__name__, old, new, *_of_roles(old, new))


def _of_roles(old: Role | None, new: Role | None) -> tuple[Direction, str]:
    match old, new:
        case (Owner(), _) | (_, Owner()):
            # There is an owner always: who is not written waits for nothing.
            before, after = (one.delay if isinstance(one, Owner) else 0 for one in (old, new))
            direction = grown(before, after, STRONGER)
            longer = "the owner waits less long" if direction is WEAKER else "the owner waits longer"
            return direction, "it comes to the same" if direction is NEITHER else longer
        case AnyoneAfter(before), AnyoneAfter(after):
            direction = grown(before, after, WEAKER)
            return direction, "a silent keeper is replaced " + ("later" if direction is WEAKER else "sooner")
        case AnyoneAfter(), None:
            return WEAKER, "nobody replaces a silent keeper"
        case None, AnyoneAfter():
            return STRONGER, "a silent keeper is replaced by whoever comes"
        case Depositors(), None:
            return WEAKER, "anybody may hold shares"
        case None, Depositors():
            return STRONGER, "only who is attested may hold shares"
        case Depositors(), Depositors():
            return WEAKER, "others may hold shares than before"
        case _:
            return NEITHER, "who may call what changes"


def changed_limits(two: Two) -> Iterator[Change]:
    """No claim speaks of how much may come in, but whoever caps it means something by that."""
    yield from _any(Subject.LIMIT, two.old.strategy.limits, two.new.strategy.limits, _of_limits, two)


def _of_limits(old: DepositLimit | None, new: DepositLimit | None) -> tuple[Direction, str]:
    if old is None:
        return STRONGER, "no more than that may come in"
    if new is None or new.in_usd != old.in_usd:
        return WEAKER, "more may come in, for all that can be seen"
    direction = grown(old.most, new.most, WEAKER)
    return direction, "more may come in" if direction is WEAKER else "less may come in"


def changed_signals(two: Two) -> Iterator[Change]:
    """What others compute, and what follows it: nothing of it is proved by this version."""

    def judge(before: object, after: object) -> tuple[Direction, str]:
        return NEITHER, "what others compute, or what follows it, changes"

    old, new = two.old.strategy, two.new.strategy
    for olds, news in ((old.signals, new.signals), (old.signalled, new.signalled)):
        yield from _any(Subject.SIGNAL, olds, news, judge, two)


def _any(
    subject: Subject,
    olds: tuple[T, ...],
    news: tuple[T, ...],
    judge: Callable[[T | None, T | None], tuple[Direction, str]],
    two: Two,
) -> Iterator[Change]:
    """Statements that differ, those of one type paired, each judged."""
    gone, fresh = [one for one in olds if one not in news], [one for one in news if one not in olds]
    for old, new in paired(gone, fresh, type):
        named = old if old is not None else new
        yield two.change(subject, type(named).__name__, old, new, *judge(old, new))
