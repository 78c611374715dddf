"""`backed(v)`: what a vault assumes of another one of ours, which it holds at v, is what that one is proved to do.

Shown are, as obligations like any other: all that is claimed of the inner vault; what is derived of it for whoever
holds its shares (what they gain at most, and that what is assumed to be payable is paid); and, of both vaults'
assumptions, that what may become of a share is assumed (`holding`), and that no price is assumed to go further than the
inner vault withstands. Labels of what is known of it begin with `in v: `, ids of its assumptions with `v/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from msgspec.structs import replace

from stratc_compiler.environment import (
    Box,
    Interval,
    Pair,
    assumed_loss,
    box_of,
    gain_of_round,
    period_of,
    proved_loss,
    share_of_a_round,
    shares_held,
    trades,
)
from stratc_compiler.expr import Add, And, Cmp, Expr, Formula, Mul, Rel, Sub, number
from stratc_compiler.holding import Range, begun_within, while_held
from stratc_compiler.relax import ZERO, Frame, real
from stratc_compiler.rounds import (
    DEPOSITED,
    WITHDRAWN,
    Opening,
    after_environment,
    keeper_pass,
    trading_rules,
)
from stratc_compiler.text import percent
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Hypothesis, Obligation, Refuted
from stratc_dsl.record import Record
from stratc_dsl.span import Span
from stratc_dsl.strategy import ChainlinkPrice, Erc4626, OracleOffBy, PriceMoves, PriceStays, RatioPrice, Token


class Backing(Record):
    """What is to be shown of one inner vault; `refuted` has the obligations that are known not to hold, by id.

    `share` is what is assumed to be payable of what is held there.
    """

    name: str
    text: str
    venue: str
    share: Fraction
    span: Span
    obligations: tuple[Obligation, ...]
    refuted: dict[str, Refuted]


def backings(vault: Vault, box: Box) -> Iterator[Backing]:
    """One for each inner vault, without what is claimed of that vault itself (`within`)."""
    for venue, inner in vault.inner.items():
        name = claim_name(venue)
        span = _path_span(vault, venue)
        contained = tuple(_contained(vault, venue, box))
        known = [one.obligation(name, span) for one in contained]
        derived = _derived(venue, inner, box, name, span)
        refuted = {one.id(name): Refuted(one.why, None, one.help, span=span) for one in contained if not one.holds}
        text = f"what is assumed of {venue} is what {inner.strategy.name} is proved to do"
        yield Backing(name, text, venue, _share_paid(venue, box), span, (*known, *derived), refuted)


def claim_name(venue: str) -> str:
    return f"backed({venue})"


def _path_span(vault: Vault, venue: str) -> Span:
    terms = vault.strategy.venue(venue).terms
    assert isinstance(terms, Erc4626)
    assert terms.inner is not None
    return terms.inner.span


# ── what is known of an inner vault, told in the outer one ─────────────────────────────────

_IN, _PAYS = "in ", "pays"


def label_within(venue: str, label: str) -> str:
    return f"{_IN}{venue}: {label}"


def split_label(label: str, vault: Vault) -> tuple[str, str] | None:
    """The venue of an inner vault and a label of that vault, of a label that speaks of one."""
    venue, found, rest = label.removeprefix(_IN).partition(": ")
    return (venue, rest) if label.startswith(_IN) and found and venue in vault.inner else None


def within(venue: str, claim: str, obligation: Obligation, span: Span) -> Obligation:
    """An obligation of an inner vault as one of the claim that it is backed."""
    told = tuple(Hypothesis(label_within(venue, one.label), one.formula) for one in obligation.hypotheses)
    return replace(obligation, id=f"{claim}/{obligation.id}", claim=claim, hypotheses=told, span=span)


def as_its_own(venue: str, obligation: Obligation) -> Obligation:
    """The other way round: what is known of the inner vault in its own words."""
    prefix = label_within(venue, "")
    own = tuple(Hypothesis(one.label.removeprefix(prefix), one.formula) for one in obligation.hypotheses)
    return replace(obligation, hypotheses=own)


def is_of_payment(obligation: Obligation) -> bool:
    """Whether it says that the inner vault pays."""
    return obligation.id.startswith(f"{obligation.claim}/{_PAYS}/")


# ── of the assumptions of both ─────────────────────────────────────────────────────────────


class Contained(Record):
    """Whatever is between the ends of `known` has to be between those of `wanted`."""

    short: str
    words: str
    label: str
    known: Interval
    wanted: Interval
    why: str
    help: str

    def id(self, claim: str) -> str:
        return f"{claim}/{self.short}"

    @property
    def holds(self) -> bool:
        below = self.known.low >= self.wanted.low
        above = self.wanted.high is None or (self.known.high is not None and self.known.high <= self.wanted.high)
        return below and above

    def obligation(self, claim: str, span: Span) -> Obligation:
        subject = real(self.short)
        known = tuple(Hypothesis(self.label, part) for part in _between(subject, self.known))
        return Obligation(self.id(claim), claim, self.words, known, And(_between(subject, self.wanted)), span=span)


def _between(subject: Expr, interval: Interval) -> tuple[Formula, ...]:
    low = Cmp(subject, Rel.GE, number(interval.low))
    return (low,) if interval.high is None else (low, Cmp(subject, Rel.LE, number(interval.high)))


def _contained(vault: Vault, venue: str, box: Box) -> Iterator[Contained]:
    yield _shares(vault, venue)
    for path, inner in (("", vault.inner[venue]), *_deeper("", vault.inner[venue])):
        for one in _of_markets(vault, inner, box):
            yield replace(one, short=f"{path}{one.short}")


def _deeper(path: str, vault: Vault) -> Iterator[tuple[str, Vault]]:
    """The vaults that an inner vault holds itself, and those that they hold, each with how it is reached."""
    for venue, inner in vault.inner.items():
        yield f"{path}{venue}/", inner
        yield from _deeper(f"{path}{venue}/", inner)


def _of_markets(vault: Vault, inner: Vault, box: Box) -> Iterator[Contained]:
    """Of all that both vaults assume of prices and of what oracles say."""
    shared = list(_shared_tokens(vault, inner))
    for token, own in shared:
        yield from _prices(token, own, vault, inner, box)
        yield from _oracles(token, own, vault, inner)
    for pair in box_of(inner).pairs:
        for token, own in shared:
            for other, own_other in shared:
                if (token.name, other.name) == (pair.token, pair.other):
                    yield from _pairs(pair, (own.name, own_other.name), vault, inner, box)


def _shares(vault: Vault, venue: str) -> Contained:
    inner = vault.inner[venue]
    name, loss, held = inner.strategy.name, proved_loss(inner.strategy), shares_held(vault, venue)
    assumed = assumed_loss(vault.strategy, venue)
    if loss is None:
        why, cure = f"{name} claims no bound of its loss", f"add `loss <= 1% per round` to what {name} proves"
    elif held.high is None:
        why = f"no bound of what a share of {name} gains or loses follows from its claims"
        cure = f"bound its withdrawals and its debts: `withdrawals <= 10% of nav`, bands, in the strategy of {name}"
    else:
        rounds = begun_within(period_of(vault.strategy), period_of(inner.strategy))
        more = "one more" if rounds == 1 else f"{rounds} more"
        why = (
            f"{name} is proved to lose no more than {percent(loss)} in a round of its own; over the round under way "
            f"and {more} its shares may lose {percent(_up(1 - held.low))}, and {percent(assumed)} is assumed"
        )
        cure = f"assume `loss({venue}) <= {percent(_up(1 - held.low))}`, or prove less of a loss in {name}"
    known, wanted = Interval(held.low, held.high), Interval(1 - assumed, None)
    return Contained(
        "loss", f"shares of {name} lose no more than is assumed", f"shares({venue})", known, wanted, why, cure
    )


def _up(ratio: Fraction) -> Fraction:
    """Rounded up to the hundredth of a percent."""
    return Fraction(-(-ratio * 10_000 // 1), 10_000)


def _shared_tokens(vault: Vault, inner: Vault) -> Iterator[tuple[Token, Token]]:
    """Tokens of the inner vault that are held or owed by the outer one as well, with what they are called there."""
    for token in inner.strategy.tokens:
        feeds = _feeds(token, inner)
        for own in vault.strategy.tokens:
            if own.name == token.name or (feeds and _feeds(own, vault) == feeds):
                yield token, own


def _feeds(token: Token, vault: Vault) -> tuple[str, ...]:
    """The Chainlink feeds whose product a token's price is; none where it is no such price."""
    match token.price:
        case ChainlinkPrice(pair):
            return (pair,)
        case RatioPrice(other, feed):
            return (feed.pair, *_feeds(vault.strategy.token(other), vault))
        case _:
            return ()


# Rounds of the two vaults begin at different times. Within one of the inner vault, a price moves as in the rest of an
# outer round, at whose beginning it may be anywhere, and in as many more as begin; where it stays, it stays throughout.


UNKNOWN = Interval(Fraction(0), None)

STILL = Interval(Fraction(1), Fraction(1))


def _price_within(token: str, vault: Vault, rounds: int) -> Interval:
    """What becomes of a price while so many rounds begin."""
    known = UNKNOWN
    for assumption in vault.strategy.assumptions:
        match assumption:
            case PriceMoves(name, down, up) if name == token:
                known = _both(known, _over_rounds(Interval(1 + down, 1 + up), rounds))
            case PriceStays(name, least, most) if name == token:
                known = _both(known, Interval(least / most, most / least))
            case _:
                pass
    return known


def _ratio_within(token: str, other: str, vault: Vault, box: Box, rounds: int) -> Interval:
    """The same of the price of one token in the other: by what is assumed of the pair, and of each alone."""
    known = _quotient(_price_within(token, vault, rounds), _price_within(other, vault, rounds))
    for pair, turned in _pairs_of(token, other, box):
        factor = pair.factor if pair.stays is not None else _over_rounds(pair.factor, rounds)
        known = _both(known, _quotient(STILL, factor) if turned else factor)
    return known


def _ratio_stays(token: str, other: str, box: Box) -> Interval:
    """Where the price of one token in the other is."""
    known = _quotient(box.absolute.get(token, UNKNOWN), box.absolute.get(other, UNKNOWN))
    for pair, turned in _pairs_of(token, other, box):
        if pair.stays is not None:
            known = _both(known, _quotient(STILL, pair.stays) if turned else pair.stays)
    return known


def _pairs_of(token: str, other: str, box: Box) -> Iterator[tuple[Pair, bool]]:
    """What is assumed of two tokens together, and whether it is told the other way round."""
    for pair in box.pairs:
        if (pair.token, pair.other) in ((token, other), (other, token)):
            yield pair, pair.token != token


def _over_rounds(factor: Interval, rounds: int) -> Interval:
    over = while_held(Range(factor.low, factor.high), rounds)
    return Interval(over.low, over.high)


def _both(one: Interval, other: Interval) -> Interval:
    highs = [high for high in (one.high, other.high) if high is not None]
    return Interval(max(one.low, other.low), min(highs, default=None))


def _quotient(top: Interval, bottom: Interval) -> Interval:
    low = Fraction(0) if bottom.high is None else top.low / bottom.high
    return Interval(low, None if top.high is None or not bottom.low else top.high / bottom.low)


def _prices(token: Token, own: Token, vault: Vault, inner: Vault, box: Box) -> Iterator[Contained]:
    """What the outer vault assumes of a price is no more than what the inner vault withstands."""
    withstood = box_of(inner)
    name = inner.strategy.name
    known = _price_within(own.name, vault, begun_within(withstood.period, box.period))
    words = f"price({own.name}) moves no further than {name} withstands"
    cure = f"assume a narrower move of price({own.name}) here, or prove {name} with a wider one"
    wanted = withstood.usd[token.name]
    why = f"price({own.name}) may move {_told(known)} in a round of {name}, which assumes {_told(wanted)}"
    label = f"price({own.name})"
    yield Contained(f"moves({own.name})", words, label, known, wanted, why, cure)
    if token.name in withstood.absolute:
        anywhere = box.absolute.get(own.name, UNKNOWN)
        wanted = withstood.absolute[token.name]
        words = f"price({own.name}) stays where {name} assumes that it stays"
        why = f"price({own.name}) may be {_range(anywhere)}, and {name} assumes {_range(wanted)}"
        yield Contained(f"stays({own.name})", words, label, anywhere, wanted, why, cure)


def _pairs(pair: Pair, own: tuple[str, str], vault: Vault, inner: Vault, box: Box) -> Iterator[Contained]:
    """What two prices may do to each other here is no more than what the inner vault withstands."""
    token, other = own
    name, label = inner.strategy.name, f"price({token}/{other})"
    known = _ratio_within(token, other, vault, box, begun_within(period_of(inner.strategy), box.period))
    cure = f"assume of {label} here what {name} assumes of it, or less"
    words = f"{label} moves no further than {name} withstands"
    why = f"{label} may move {_told(known)} in a round of {name}, which assumes {_told(pair.factor)}"
    yield Contained(f"moves({token}/{other})", words, label, known, pair.factor, why, cure)
    if pair.stays is not None:
        anywhere = _ratio_stays(token, other, box)
        words = f"{label} stays where {name} assumes that it stays"
        why = f"{label} may be {_range(anywhere, other)}, and {name} assumes {_range(pair.stays, other)}"
        yield Contained(f"stays({token}/{other})", words, label, anywhere, pair.stays, why, cure)


def _oracles(token: Token, own: Token, vault: Vault, inner: Vault) -> Iterator[Contained]:
    """What venues' own oracles may misread here, they may where the inner vault borrows as well."""
    stated = [a.ratio for a in vault.strategy.assumptions if isinstance(a, OracleOffBy) and a.token == own.name]
    withstood = [venue.off[token.name] for venue in inner.venues if token.name in venue.off]
    if stated and withstood:
        known, wanted = Interval(Fraction(0), max(stated)), Interval(Fraction(0), min(withstood))
        name = inner.strategy.name
        words = f"oracles misread {own.name} by no more than {name} withstands"
        why = f"oracles may be off by {percent(max(stated))}, {name} withstands {percent(min(withstood))}"
        cure = f"prove {name} with `oracle({token.name}) off by <= {percent(max(stated))}`"
        yield Contained(f"oracle({own.name})", words, f"oracle({own.name})", known, wanted, why, cure)


def _told(factor: Interval) -> str:
    up = "without bound" if factor.high is None else f"+{percent(factor.high - 1)}"
    return f"{percent(factor.low - 1)} .. {up}"


def _range(interval: Interval, unit: str = "USD") -> str:
    high = "anything" if interval.high is None else f"{float(interval.high):g}"
    return f"{float(interval.low):g} .. {high} {unit}"


# ── of the inner vault, for whoever holds its shares ───────────────────────────────────────


def _derived(venue: str, inner: Vault, box: Box, claim: str, span: Span) -> Iterator[Obligation]:
    """In the rounds of the inner vault, from any of its settled states."""
    opening = after_environment(inner, box_of(inner))
    draws = begun_within(period_of(inner.strategy), box.period) + 1
    paid = _pays(inner, opening, _share_paid(venue, box), draws)
    for short, words, frame, goal in (*_results(inner, opening), *paid):
        shown = Obligation(short, claim, words, frame.trace.facts, goal)
        yield within(venue, claim, shown, span)


_Goal = tuple[str, str, Frame, Formula]


def _results(inner: Vault, opening: Opening) -> Iterator[_Goal]:
    """What `holding` goes by: nav with flows taken out, at every moment of a round and after the keeper's pass.

    Where the pass trades, the claimed loss says of its end what is needed.
    """
    loss, gain, name = proved_loss(inner.strategy), gain_of_round(inner), inner.strategy.name
    ends = [(end.fired, end.frame.fork()) for end in keeper_pass(trading_rules(inner), opening.frame.fork(), _unasked)]
    moments = [("moment", opening.frame.fork(), True)]
    moments += [("/".join(("end", *(rule.name for rule in fired))), frame, not trades(inner)) for fired, frame in ends]
    for place, frame, exact in moments:
        taken = Add(frame.exact_nav(), WITHDRAWN)
        if loss is not None and exact:
            least = Add(Mul(number(1 - loss), opening.nav), DEPOSITED)
            yield f"loses/{place}", f"{name} loses nothing of what is deposited", frame, Cmp(taken, Rel.GE, least)
        if gain is not None:
            more = number(1 + gain)
            brought = Mul(more, Add(opening.nav, DEPOSITED)) if not exact else Add(Mul(more, opening.nav), DEPOSITED)
            words = f"{name} gains at most {percent(gain)} in a round"
            yield f"gains/{place}", words, frame, Cmp(taken, Rel.LE, brought)


def _unasked(*_: object) -> None:
    """What rules need is shown in the inner vault's own claims."""


def _share_paid(venue: str, box: Box) -> Fraction:
    """The share of what is held in the inner vault that is assumed to be payable."""
    return next(share for name, share in box.liquidity.items() if name.partition(".")[0] == venue)


def _pays(inner: Vault, opening: Opening, share: Fraction, draws: int) -> Iterator[_Goal]:
    """Whoever leaves first in a round, with this share of everything and so many times, is paid.

    So often rounds of the outer vault meet one of this vault, and in each it may draw that much. What it is paid is
    idle, allowed, and floors hold, however much of it is asked for and whatever others deposit.
    """
    words = f"{inner.strategy.name} pays {percent(share)} of all shares, {draws} times in a round"
    if inner.withdrawals is not None:
        alone = opening.frame.fork()
        # Each time at the price of a share, which deposits make no higher than it would be without them.
        alone.trace.learn("flows", Cmp(WITHDRAWN, Rel.EQ, ZERO), Cmp(DEPOSITED, Rel.EQ, ZERO))
        most, allowed = Mul(number(draws * share), alone.exact_nav()), Mul(number(inner.withdrawals), opening.nav)
        yield f"{_PAYS}/allowance", words, alone, Cmp(most, Rel.LE, allowed)
    frame = opening.frame.fork()
    high = share_of_a_round(inner).high
    if high is not None:
        before = Mul(number((draws - 1) * share * high), opening.nav)
        frame.trace.learn("flows", Cmp(WITHDRAWN, Rel.LE, before))
    paid = frame.trace.fresh("paid")
    most = Mul(number(share), frame.exact_nav())
    frame.trace.learn("flows", Cmp(paid, Rel.GE, ZERO), Cmp(paid, Rel.LE, most))
    idle = frame.state[f"idle({inner.base})"]
    yield f"{_PAYS}/idle", words, frame, Cmp(idle, Rel.GE, paid)
    for floor in inner.floors:
        after = frame.fork().moved({f"idle({inner.base})": Sub(idle, paid)}).primed()
        yield f"{_PAYS}/{floor.text}", words, after, after.formula(floor.formula)
