"""What is to be shown: the claims of a strategy as obligations. Pure data out; nothing is solved here."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from stratc_compiler import fair_terms, fairness
from stratc_compiler.backing import Backing, backings
from stratc_compiler.environment import Box
from stratc_compiler.execute import run_plan
from stratc_compiler.expr import And, Cmp, Formula, Mul, Not, Or, Rel, Sub, number
from stratc_compiler.fee_fairness import fee_fairness
from stratc_compiler.relax import ZERO, Frame
from stratc_compiler.rounds import (
    DEPOSITED,
    HEDGE,
    WITHDRAWN,
    Opening,
    PassEnd,
    after_each_rule,
    after_environment,
    exits_by_rule,
    first_deposit,
    keeper_pass,
    trading_rules,
)
from stratc_compiler.text import percent
from stratc_compiler.vault import Condition, OnCondition, RuleModel, Vault
from stratc_compiler.verdict import Hypothesis, Obligation, Refuted
from stratc_compiler.volatility import stops_on_volatility
from stratc_dsl.record import Record
from stratc_dsl.span import NOWHERE, Placed, Span
from stratc_dsl.strategy import Claim, ExitPays, Invariant, LossPerRound, Safe, Solvent, SurvivesLossOf


class ClaimSpec(Placed):
    """One claim: proved iff every obligation holds. `about` is what the replay of a counterexample has to look at."""

    name: str
    text: str
    about: About
    obligations: tuple[Obligation, ...]


class AtAnyMoment(Record):
    """No venue of `venues` can liquidate, and assets cover debts if `solvency`; `lost` is a venue taken as lost."""

    venues: tuple[str, ...]
    solvency: bool
    lost: str | None = None


class LosesLeg(Record):
    """At `venue`, one of perpetuals, somebody else has closed the short, or a part: assets cover debts, no venue of
    `venues` can liquidate, and the keeper's next pass does not revert and hedges again."""

    venue: str
    venues: tuple[str, ...]


class KeeperSettles(Record):
    """The rules that fire do not revert, and leave the vault settled."""


class KeeperHedges(Record):
    """After the keeper's pass every hedged sensitivity is inside its band."""


class KeeperIsQuiet(Record):
    """After the keeper's pass no rule is due."""


class Keeps(Record):
    """The condition holds at every moment, in the keeper's pass after each rule as well."""

    condition: Condition


class LosesAtMost(Record):
    """`liquidated` are the venues at which liquidators may take their bonus: those of which no `safe(v)` is claimed."""

    ratio: Fraction
    liquidated: tuple[str, ...] = ()


class ExitWorks(Record):
    """The exit does not revert and pays at least `pays` of nav (0: no share stated)."""

    pays: Fraction


class IsFair(Record):
    """Shares are worth no less by what others do. Speaks of single calls: no round breaks it."""


class IsBacked(Record):
    """The inner vault at `venue` does what is assumed of it: see `Backing`."""

    venue: str
    share: Fraction
    refuted: dict[str, Refuted]


class Pays(Record):
    """Of a vault that others hold: who is the first to leave in a round, with this share of all, is paid."""

    share: Fraction


About = (
    AtAnyMoment
    | LosesLeg
    | KeeperSettles
    | KeeperHedges
    | KeeperIsQuiet
    | LosesAtMost
    | ExitWorks
    | IsFair
    | Keeps
    | IsBacked
    | Pays
)


def claims_of(vault: Vault, box: Box) -> tuple[ClaimSpec, ...]:
    """Every claim but `consistent`: those always checked, then those the strategy adds, as written."""
    passes = _passes(vault, box)
    always = (
        _at_any_moment(vault, box, "survives", "no venue can liquidate, nav >= 0", True, _liquidatable(vault), NOWHERE),
        recovers(vault, passes),
        quiet(vault, passes),
        *((hedged(vault, passes),) if vault.hedges else ()),
        ClaimSpec(fair_terms.CLAIM, fairness.TEXT, IsFair(), (*fairness.fairness(vault), *fee_fairness(vault))),
        exits(vault, box, "exits", Fraction(0), NOWHERE),
    )
    written = tuple(_written(claim, vault, box, passes) for claim in vault.strategy.claims)
    return always + written + tuple(_backed(backing) for backing in backings(vault, box))


def _backed(backing: Backing) -> ClaimSpec:
    about = IsBacked(backing.venue, backing.share, backing.refuted)
    return ClaimSpec(backing.name, backing.text, about, backing.obligations, span=backing.span)


def _liquidatable(vault: Vault) -> tuple[str, ...]:
    return tuple(venue.name for venue in vault.venues if venue.never_liquidated is not None)


def _written(claim: Claim, vault: Vault, box: Box, passes: Passes) -> ClaimSpec:
    match claim:
        case Solvent(span=span):
            return _at_any_moment(vault, box, "solvent", "nav >= 0 at every moment", True, (), span)
        case Safe(venue, span=span):
            text = f"{venue} can never liquidate the vault"
            return _at_any_moment(vault, box, f"safe({venue})", text, False, (venue,), span)
        case SurvivesLossOf(venue, span=span) if any(one.name == venue for one in vault.perps):
            return _loses_leg(vault, box, venue, span)
        case SurvivesLossOf(venue, span=span):
            name = f"survives loss of {venue}"
            text = f"no venue can liquidate, nav >= 0, with {venue} worth nothing"
            return _at_any_moment(vault, box, name, text, True, _liquidatable(vault), span, venue)
        case LossPerRound(ratio, span=span):
            return loss(vault, passes, ratio, span)
        case ExitPays(ratio, span=span):
            return exits(vault, box, f"exit >= {percent(ratio)} of nav", ratio, span)
        case Invariant(name, span=span):
            return _invariant(vault, box, f"invariant {name}", vault.invariants[name], span)


def _loses_leg(vault: Vault, box: Box, venue: str, span: Span) -> ClaimSpec:
    """Of a venue of perpetuals what is lost is the leg: somebody closes any part of the short, at the worst mark of the
    round and for the penalty. What is left stays solvent, and the keeper, who comes within the round, hedges it again.
    """
    name, venues = f"survives loss of {venue}", _liquidatable(vault)
    opening = after_environment(vault, box, venue)
    frame = opening.frame
    nav = Cmp(frame.exact_nav(), Rel.GE, ZERO)
    obligations = [_obligation(name, "step/nav", "assets cover debts", frame, nav, span)]
    for one in venues:
        safe = frame.formula(vault.venue(one).never_liquidated or And(()))
        obligations.append(_obligation(name, f"step/{one}", f"{one} cannot liquidate", frame, safe, span))
    for event in _events(vault, opening):
        match event:
            case Need(rule, fired, short, words, goal, known):
                id_ = f"{name}/{_path('step', fired)}/{rule.name}/{short}"
                obligations.append(Obligation(id_, name, words, known, goal, span=rule.span))
            case PassEnd(fired, end):
                for edge in vault.hedged:
                    at, place = end.fork(), f"{_path('step', fired)}/end/{edge.text}"
                    goal = at.formula(edge.formula)
                    obligations.append(_obligation(name, place, f"{edge.text} holds", at, goal, edge.span))
    text = f"whatever of the short at {venue} others close: nav >= 0, no liquidation, hedged again by the next pass"
    return ClaimSpec(name, text, LosesLeg(venue, venues), tuple(obligations), span=span)


def lost_venue(about: About) -> str | None:
    """The venue that a claim takes as lost."""
    match about:
        case AtAnyMoment(lost=lost):
            return lost
        case LosesLeg(venue):
            return venue
        case _:
            return None


def _not_claimed_safe(vault: Vault) -> tuple[str, ...]:
    claimed = {claim.venue for claim in vault.strategy.claims if isinstance(claim, Safe)}
    return tuple(name for name in _liquidatable(vault) if name not in claimed)


def _openings(vault: Vault, box: Box, lost: str | None = None) -> tuple[tuple[str, Opening], ...]:
    """The induction step from any settled state, and the base case after a first deposit."""
    return (("step", after_environment(vault, box, lost)), ("base", first_deposit(vault, box)))


def _obligation(claim: str, short: str, text: str, frame: Frame, goal: Formula, span: Span) -> Obligation:
    return Obligation(f"{claim}/{short}", claim, text, frame.trace.facts, goal, span=span)


def _trivial(claim: str, case: str, words: str, frame: Frame) -> Obligation:
    """Where there is nothing to show, that is what is shown: a claim without obligations is not proved."""
    return _obligation(claim, f"{case}/nothing", words, frame, And(()), NOWHERE)


def _declared(vault: Vault) -> dict[str, Span]:
    """Where each venue is declared."""
    return {venue.name: venue.span for venue in vault.strategy.venues}


def _at_any_moment(
    vault: Vault,
    box: Box,
    name: str,
    text: str,
    solvency: bool,
    venues: tuple[str, ...],
    span: Span,
    lost: str | None = None,
) -> ClaimSpec:
    """Of a claim that nobody writes, what breaks it is told where the venue stands that can liquidate."""
    declared = _declared(vault)
    obligations: list[Obligation] = []
    for case, opening in _openings(vault, box, lost):
        frame = opening.frame
        if solvency:
            goal = Cmp(frame.exact_nav(), Rel.GE, ZERO)
            obligations.append(_obligation(name, f"{case}/nav", "assets cover debts", frame, goal, span))
        for venue in venues:
            safe = vault.venue(venue).never_liquidated
            if safe is not None:
                goal_ = frame.formula(safe)
                words = f"{venue} cannot liquidate"
                place = declared[venue] if span == NOWHERE else span
                obligations.append(_obligation(name, f"{case}/{venue}", words, frame, goal_, place))
    return ClaimSpec(name, text, AtAnyMoment(venues, solvency, lost), tuple(obligations), span=span)


def _invariant(vault: Vault, box: Box, name: str, condition: Condition, span: Span) -> ClaimSpec:
    """The condition at any moment of a round, and after every rule of the keeper's pass."""
    obligations: list[Obligation] = []
    for case, opening in _openings(vault, box):
        moments = [(f"{case}/moment", opening.frame)]
        moments += [(_path(case, end.fired), end.frame) for end in after_each_rule(trading_rules(vault), opening.frame)]
        for place, frame in moments:
            goal = frame.formula(condition.formula)
            obligations.append(_obligation(name, place, f"{condition.text} holds", frame, goal, span))
    text = f"{condition.text} at every moment"
    return ClaimSpec(name, text, Keeps(condition), tuple(obligations), span=span)


# ── the keeper's pass ──────────────────────────────────────────────────────────────────────


def _path(case: str, fired: tuple[RuleModel, ...]) -> str:
    return "/".join([case, *(rule.name for rule in fired)])


class Need(Record):
    """What must hold for a rule not to revert, after those that fired before it, and what is known when it must.

    Known then, and not later: facts learnt by later steps must not help to prove that this step succeeds.
    """

    rule: RuleModel
    fired: tuple[RuleModel, ...]
    short: str
    words: str
    goal: Formula
    known: tuple[Hypothesis, ...]


class Pass(Record):
    """Every way of the keeper's pass from one opening: what each rule needs, and where each way ends, in order."""

    case: str
    opening: Opening
    events: tuple[Need | PassEnd, ...]

    def ends(self) -> Iterator[PassEnd]:
        """Each with a frame of its own: what one claim learns there is not known to another."""
        return (PassEnd(end.fired, end.frame.fork()) for end in self.events if isinstance(end, PassEnd))


Passes = tuple[Pass, ...]


def _passes(vault: Vault, box: Box) -> Passes:
    """Gone through once for all claims that speak of them."""
    return tuple(Pass(case, opening, tuple(_events(vault, opening))) for case, opening in _openings(vault, box))


def _events(vault: Vault, opening: Opening) -> list[Need | PassEnd]:
    events: list[Need | PassEnd] = []

    def report(
        rule: RuleModel, fired: tuple[RuleModel, ...], short: str, words: str, goal: Formula, frame: Frame
    ) -> None:
        events.append(Need(rule, fired, short, words, goal, frame.trace.facts))

    for end in keeper_pass(trading_rules(vault), opening.frame.fork(), report):
        events.append(end)
    return events


def recovers(vault: Vault, passes: Passes) -> ClaimSpec:
    """The rules that fire never ask for more than there is, keep the floors, and leave the vault settled.

    Those that leave by the exit keep no floor, and settle nothing.
    """
    obligations: list[Obligation] = []
    for one in passes:
        for event in one.events:
            match event:
                case Need(rule, fired, short, words, goal, known):
                    id_ = f"recovers/{_path(one.case, fired)}/{rule.name}/{short}"
                    obligations.append(Obligation(id_, "recovers", words, known, goal, span=rule.span))
                case PassEnd(fired, frame):
                    obligations += _settled(f"{_path(one.case, fired)}/settled", fired, vault, frame.fork())
        obligations += _needs_of_exits(vault, one)
        if not vault.settled and not trading_rules(vault):
            obligations.append(_trivial("recovers", one.case, "nothing has to be settled", one.opening.frame))
    text = "the rules that fire leave the vault settled again"
    return ClaimSpec("recovers", text, KeeperSettles(), tuple(obligations))


def _needs_of_exits(vault: Vault, one: Pass) -> Iterator[Obligation]:
    """What a rule that leaves by the exit needs once other rules have run; before them it needs what `exits` shows."""
    needs: list[Obligation] = []

    def report(
        rule: RuleModel, fired: tuple[RuleModel, ...], short: str, words: str, goal: Formula, frame: Frame
    ) -> None:
        if fired:
            place = f"{_path(one.case, fired)}/{rule.name}/{short}"
            needs.append(_obligation("recovers", place, words, frame, goal, rule.span))

    for _ in exits_by_rule(vault, one.opening.frame.fork(), report):
        pass
    yield from needs


def _settled(place: str, fired: tuple[RuleModel, ...], vault: Vault, frame: Frame) -> Iterator[Obligation]:
    for condition in vault.settled:
        span = fired[-1].span if fired else condition.span
        goal = frame.formula(condition.formula)
        words = f"{condition.text} holds again"
        yield _obligation("recovers", f"{place}/{condition.text}", words, frame, goal, span)


def hedged(vault: Vault, passes: Passes) -> ClaimSpec:
    """Wherever the pass ends, and whatever a rule that hedges did in it, what is hedged is inside its band."""
    obligations: list[Obligation] = []
    for one in passes:
        for event in one.events:
            match event:
                case Need(rule, fired, short, words, goal, known) if short.startswith(HEDGE):
                    id_ = f"hedged/{_path(one.case, fired)}/{rule.name}/{short}"
                    obligations.append(Obligation(id_, "hedged", words, known, goal, span=rule.span))
                case PassEnd(fired, frame):
                    for edge in vault.hedged:
                        at, place = frame.fork(), f"{_path(one.case, fired)}/end/{edge.text}"
                        goal = at.formula(edge.formula)
                        obligations.append(_obligation("hedged", place, f"{edge.text} holds", at, goal, edge.span))
                case _:
                    pass
    kept = " and ".join(str(one.greek) for one in vault.hedges)
    return ClaimSpec("hedged", f"{kept} inside the band after the keeper's pass", KeeperHedges(), tuple(obligations))


def quiet(vault: Vault, passes: Passes) -> ClaimSpec:
    """After the keeper's pass no rule is due: it never ping-pongs."""
    due = tuple((rule, rule.trigger.condition) for rule in vault.rules if isinstance(rule.trigger, OnCondition))
    obligations: list[Obligation] = []
    for one in passes:
        shown: list[Obligation] = []
        for end in one.ends():
            for rule, condition in due:
                frame = end.frame
                if stops_on_volatility(rule, vault):
                    frame = _unless_stopped(frame, _at_its_turn(rule, end.fired, one, vault), rule, condition)
                for index, goal in enumerate(_conjuncts(Not(frame.formula(condition.formula)))):
                    place = f"{_path(one.case, end.fired)}/{condition.text}/{index}"
                    words = f"not {condition.text} after the keeper's pass"
                    shown.append(_obligation("quiet", place, words, frame, goal, rule.span))
        if not shown:
            # Bands that are not there cannot be left: such a condition never holds.
            why = "no condition of a rule can hold" if due else "no rule has a condition"
            shown.append(_trivial("quiet", one.case, why, one.opening.frame))
        obligations += shown
    return ClaimSpec("quiet", "no rule's result makes a rule due", KeeperIsQuiet(), tuple(obligations))


def _at_its_turn(rule: RuleModel, fired: tuple[RuleModel, ...], one: Pass, vault: Vault) -> Frame:
    """The frame in which the keeper comes to the rule, on the way through the pass on which these others fire."""
    before = tuple(other for other in trading_rules(vault) if vault.rules.index(other) < vault.rules.index(rule))
    ends = keeper_pass(before, one.opening.frame.fork(), lambda *_: None)
    return next(end.frame for end in ends if end.fired == tuple(other for other in fired if other in before))


def _unless_stopped(frame: Frame, turn: Frame, rule: RuleModel, condition: Condition) -> Frame:
    """Of a rule that stops on a volatility: the frame if it was not due at its turn. Else the vault has stopped.

    As it is where the condition says what no definition does: its facts would be others than those of the pass.
    """
    at_turn = turn.fork()
    formula = at_turn.formula(condition.formula)
    if at_turn.trace.facts != turn.trace.facts:
        return frame
    known = frame.fork()
    known.trace.learn(f"does not fire: {rule.name}", Not(formula))
    return known


def _conjuncts(formula: Formula) -> tuple[Formula, ...]:
    """The parts of a conjunction, each to be shown by itself: many small queries are faster than one large."""
    match formula:
        case And(operands):
            return tuple(part for operand in operands for part in _conjuncts(operand))
        case Not(Not(operand)):
            return _conjuncts(operand)
        case Not(Or(operands)):
            return tuple(part for operand in operands for part in _conjuncts(Not(operand)))
        case _:
            return (formula,)


def loss(vault: Vault, passes: Passes, ratio: Fraction, span: Span) -> ClaimSpec:
    """The round's result, flows taken out, is at worst -ratio of the capital at work: opening nav plus deposits.

    Shown at every moment of the round and after the keeper's pass, whose trading costs count, those of an exit by rule
    among them. What a liquidator takes
    is in no bound of a round, since he may come at any moment of it and prices go on: so it is shown here that none can
    come where no `safe(v)` says so, and a scenario counts his bonus.
    """
    name = f"loss <= {percent(ratio)} per round"
    liquidated = _not_claimed_safe(vault)
    obligations: list[Obligation] = []
    for one in passes:
        moments = [(f"{one.case}/moment", one.opening.frame.fork())]
        moments += [(f"{_path(one.case, end.fired)}/end", end.frame) for end in one.ends()]
        left = exits_by_rule(vault, one.opening.frame.fork(), lambda *_: None)
        moments += [(f"{_path(one.case, end.fired)}/left", end.frame) for end in left]
        for place, frame in moments:
            goal = _keeps(one.opening, frame, ratio)
            obligations.append(_obligation(name, place, f"at most {percent(ratio)} is lost", frame, goal, span))
        for venue in liquidated:
            frame = one.opening.frame.fork()
            goal = _unliquidated(vault, venue, frame)
            words = f"no liquidator takes his bonus at {venue}"
            obligations.append(_obligation(name, f"{one.case}/liquidated/{venue}", words, frame, goal, span))
    text = "of opening nav and deposits, by markets, venues and the keeper's trades"
    return ClaimSpec(name, text, LosesAtMost(ratio, liquidated), tuple(obligations), span=span)


def _unliquidated(vault: Vault, venue: str, frame: Frame) -> Formula:
    safe = vault.venue(venue).never_liquidated
    return And(()) if safe is None else frame.formula(safe)


def _keeps(opening: Opening, frame: Frame, ratio: Fraction) -> Formula:
    """nav + withdrawn >= (1 - ratio) * (opening nav + deposited)."""
    put_in = Sub(opening.nav, Mul(number(-1), DEPOSITED))
    taken = Sub(frame.exact_nav(), Mul(number(-1), WITHDRAWN))
    return Cmp(taken, Rel.GE, Mul(number(1 - ratio), put_in))


def exits(vault: Vault, box: Box, name: str, pays: Fraction, span: Span) -> ClaimSpec:
    """From any moment of a round the exit does not revert and pays at least `pays` of nav in base.

    Of a claim that nobody writes, what breaks it is told where the venue stands that is left by then.
    """
    declared = _declared(vault)
    places = [declared[step.venue] for step in vault.exit_steps for _ in step.plan]
    obligations: list[Obligation] = []
    for case, opening in _openings(vault, box):
        nav = opening.frame.exact_nav()

        def need(short: str, words: str, goal: Formula, frame: Frame, case: str = case) -> None:
            # Built at once: facts learnt by later steps must not help to prove that this step succeeds.
            item = int(short.rpartition("/")[2].partition(".")[0])
            place = places[item - 1] if span == NOWHERE else span
            obligations.append(_obligation(name, f"{case}/{short}", words, frame, goal, place))

        end = run_plan(vault.exit_plan, opening.frame.fork(), need)
        if not vault.exit_plan:
            obligations.append(_trivial(name, case, "there is nothing to close", opening.frame))
        if pays:
            paid = end.state[f"idle({vault.base})"]
            goal = Cmp(paid, Rel.GE, Mul(number(pays), nav))
            obligations.append(_obligation(name, f"{case}/pays", f"pays {percent(pays)} of nav", end, goal, span))
    text = "the exit never reverts" + (f" and pays at least {percent(pays)} of nav" if pays else "")
    return ClaimSpec(name, text, ExitWorks(pays), tuple(obligations), span=span)
