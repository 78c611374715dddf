"""Everything the proofs rest on, by name, each with its guardian: written assumptions and implied ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction

from msgspec import Struct, field

from stratc_compiler.backing import split_label
from stratc_compiler.environment import MOST_GAIN, most_growth, period_of
from stratc_compiler.holding import begun_within
from stratc_compiler.refuse import feed_of
from stratc_compiler.text import percent
from stratc_compiler.vault import SCALE, Freezes, Held, OnCondition, Vault, VenueModel
from stratc_compiler.verdict import Derivation, GuardedAssumption, Guardian, Obligation, ObligationResult, Verification
from stratc_dsl.strategy import (
    Assumption,
    DepositsAtMost,
    FundingBetween,
    KeeperEvery,
    LiquidityAtLeast,
    LossAtMost,
    OracleOffBy,
    PairMoves,
    PairStays,
    PriceMoves,
    PriceStays,
    RateAtMost,
    RatioPrice,
    RoomAtLeast,
    SlippageAtMost,
    Token,
    Venue,
    WithdrawalsAtMost,
)

ENFORCED, WATCHED, TRUSTED = Guardian.ENFORCED, Guardian.WATCHED, Guardian.TRUSTED

Stakes = Mapping[str, frozenset[str]]
"""Ids of the assumptions that each claim may rest on, by the claim's name, in the order of claims."""

_GUARDED = "and beyond it the vault only does what reduces risk"
_BETWEEN = "in this round between transactions of the vault"


def guarded_assumptions(vault: Vault) -> tuple[GuardedAssumption, ...]:
    """Written assumptions in their order, then implied ones."""
    strategy = vault.strategy
    return (
        *(_written(assumption) for assumption in strategy.assumptions),
        *(implied for token in strategy.tokens for implied in _of_token(token)),
        *(implied for venue in strategy.venues for implied in _of_venue(venue, vault)),
        *(_of_idle(held) for held in vault.held if held.venue is None and held.token != vault.base),
        *_of_base(vault),
        *_of_the_vault(vault),
        *(one for venue, inner in vault.inner.items() for one in _of_inner(venue, inner, vault)),
    )


def rests_on(labels: Collection[str], vault: Vault) -> tuple[str, ...]:
    """Ids of the assumptions behind hypotheses of these labels, sorted."""
    return Reliance.on(vault).of(labels)


class Reliance(Struct):
    """What the proofs of one vault rest on. Proofs are many, labels few: each is looked up once."""

    vault: Vault
    assumed: frozenset[str]
    always: frozenset[str]
    _behind: dict[str, frozenset[str]] = field(default_factory=dict)

    @staticmethod
    def on(vault: Vault) -> Reliance:
        assumed = frozenset(assumption.id for assumption in guarded_assumptions(vault))
        return Reliance(vault, assumed, assumed.intersection(_in_formulas(vault)))

    def of(self, labels: Collection[str]) -> tuple[str, ...]:
        """As `rests_on` says."""
        return tuple(sorted(self.always.union(*(self._of_label(label) for label in labels))))

    def _of_label(self, label: str) -> frozenset[str]:
        if label not in self._behind:
            self._behind[label] = self.assumed.intersection(_behind(label, self.vault))
        return self._behind[label]


def _in_formulas(vault: Vault) -> Iterator[str]:
    """What counts always: venues' parameters and prices, since the model's formulas contain them.

    So does room where nothing is stated of it: then no plan has to ask for any. So do flash loans, which plans take as
    given, and what is assumed of ranges: of fees that wait nav says nothing.
    """
    for venue in vault.venues:
        yield from (f"parameters({venue.name})", f"oracle({venue.name})")
        yield from (f"oracle({token})" for token in venue.off)
        yield from (f"room({venue.name})",) if venue.room is None else ()
    yield from (f"flash({loan.lender})" for loan in vault.loans)
    for held in vault.ranges.values():
        yield from (f"{kind}({held.venue})" for kind in ("spot", "adds", "fees", "scale", "slippage"))


def labels_of(obligation: Obligation) -> tuple[str, ...]:
    """Labels of all that a proof may use, each once."""
    return tuple(dict.fromkeys(hypothesis.label for hypothesis in obligation.hypotheses))


def stakes(verification: Verification) -> Stakes:
    """What each claim may rest on: all that its proofs may use.

    Which of it one proof does use may differ from machine to machine.
    """
    labels = {claim.name: {labels_of(one.obligation) for one in claim.obligations} for claim in verification.claims}
    return stakes_of(labels, verification.vault)


def stakes_of(labels: Mapping[str, Collection[tuple[str, ...]]], vault: Vault) -> Stakes:
    """The same, by the labels of what each proof of a claim may use."""
    reliance = Reliance.on(vault)
    return {name: frozenset(id_ for one in known for id_ in reliance.of(one)) for name, known in labels.items()}


def core_of(result: ObligationResult) -> tuple[str, ...]:
    """Labels of what the proof does use, each once; of all that it may use where that is not known."""
    if not isinstance(result.evidence, Derivation):
        return labels_of(result.obligation)
    hypotheses = result.obligation.hypotheses
    return tuple(dict.fromkeys(hypotheses[number].label for number in sorted(result.evidence.uses)))


def _behind(label: str, vault: Vault) -> Iterator[str]:
    """The assumptions that a hypothesis of the rounds states: labels are given in `rounds` and `execute`."""
    inner = split_label(label, vault)
    if inner is not None:
        venue, known = inner
        yield from (inherited(venue, id_) for id_ in rests_on((known,), vault.inner[venue]))
        yield from _standing(venue)
        return
    yield label
    label, _, through = label.partition(" by ")
    if through:
        yield from ("keeper", *through.split(", "))
        return
    kind, _, rest = label.partition("(")
    subject = rest.removesuffix(")")
    held = next((held for held in vault.held if held.name == subject), None)
    match kind:
        case "price":
            yield from ("keeper", *_of_prices((subject, vault.base)))
        case "move" | "growth" if held is not None:
            priced = held.range.token if held.range is not None else held.token
            yield from _of_prices((priced, vault.base) if priced != vault.base else ())
            yield from ("keeper", f"gain({held.venue or held.name})", f"loss({held.venue})")
            yield from (f"rate({held.name})",) if held.debt else ()
        case "moves" | "stays":
            yield "keeper"  # of a pair: what two factors of one round keep to each other
        case "liquidity" if held is not None:
            yield f"liquidity({held.venue})"
        case "slippage":
            yield f"gain({subject})"
        case "funding":
            yield from ("keeper", f"settles({subject})")
        case "realized":
            yield f"liquidity({subject})"
        case "shares":
            yield from ("keeper", f"loss({subject})", f"gain({subject})", *_standing(subject))
        case "rounding":
            yield "scale"
        case _:
            pass


def _of_prices(tokens: tuple[str, ...]) -> Iterator[str]:
    for token in tokens:
        yield from (f"moves({token})", f"stays({token})")


def _written(assumption: Assumption) -> GuardedAssumption:
    id_, text, guardian, how = _terms(assumption)
    return GuardedAssumption(id_, text, guardian, how, True, span=assumption.span)


def _terms(assumption: Assumption) -> tuple[str, str, Guardian, str]:
    match assumption:
        case KeeperEvery(period):
            return "keeper", f"keeper every {period} s", WATCHED, "the keeper tells when a round lasts longer"
        case PriceMoves(token, low, high):
            text = f"price({token}) moves {percent(low)} .. +{percent(high)}"
            how = f"the keeper compares prices with those when the round began, {_GUARDED}"
            return f"moves({token})", text, WATCHED, how
        case PriceStays(token, low, high):
            text = f"price({token}) stays {float(low):g} .. {float(high):g}"
            return f"stays({token})", text, WATCHED, "the keeper reads the vault's prices"
        case RateAtMost(position, ratio, per):
            text = f"rate({position}) <= {percent(ratio)} per {per} s"
            how = f"the keeper measures how the debt grows {_BETWEEN}"
            return f"rate({position})", text, WATCHED, how
        case SlippageAtMost(venue, ratio):
            how = "every swap states its minimum from the oracle price and reverts below it"
            return f"slippage({venue})", f"slippage({venue}) <= {percent(ratio)}", ENFORCED, how
        case LossAtMost(venue, ratio):
            how = f"the keeper measures how positions shrink {_BETWEEN}"
            return f"loss({venue})", f"loss({venue}) <= {percent(ratio)}", WATCHED, how
        case LiquidityAtLeast(venue, ratio):
            how = "the keeper compares what the venue could pay out with the position"
            return f"liquidity({venue})", f"liquidity({venue}) >= {percent(ratio)}", WATCHED, how
        case RoomAtLeast(venue, ratio):
            how = "the keeper reads caps and flags of what is held there, and what can still be lent"
            return f"room({venue})", f"room({venue}) >= {percent(ratio)} of nav", WATCHED, how
        case OracleOffBy(token, ratio):
            how = "the keeper compares what venues' own oracles say with the vault's prices"
            return f"oracle({token})", f"oracle({token}) off by <= {percent(ratio)}", WATCHED, how
        case WithdrawalsAtMost(ratio):
            how = "the vault keeps a withdrawal allowance per round"
            return "withdrawals", f"withdrawals <= {percent(ratio)} of nav", ENFORCED, how
        case DepositsAtMost(ratio):
            how = "the vault keeps a deposit allowance per round, from the first on"
            return "deposits", f"deposits <= {percent(ratio)} of nav", ENFORCED, how
        case PairMoves(token, other, low, high):
            text = f"price({token}/{other}) moves {percent(low)} .. +{percent(high)}"
            how = f"the keeper compares how many of the other one token is worth with when the round began, {_GUARDED}"
            return f"moves({token}/{other})", text, WATCHED, how
        case PairStays(token, other, low, high):
            text = f"price({token}/{other}) stays {float(low):g} .. {float(high):g}"
            how = "the keeper divides the vault's prices"
            return f"stays({token}/{other})", text, WATCHED, how
        case FundingBetween(venue, low, high, per):
            text = f"funding({venue}) in {percent(low)} .. {percent(high)} per {per} s"
            how = f"the keeper measures how cash changes {_BETWEEN}, what is booked late with it"
            return f"funding({venue})", text, WATCHED, how


def _of_token(token: Token) -> Iterator[GuardedAssumption]:
    price = feed_of(token)
    feed = f"{price.pair} feed"
    age = f"{feed} is no older than {price.heartbeat} s, positive and complete"
    if isinstance(token.price, RatioPrice):
        age += f"; so is what {token.price.other} is priced by"
    yield _implied(f"fresh({token.name})", age, ENFORCED, "every state-changing call that needs a price reverts")
    near = f"{feed} is within {percent(price.deviation)} of the market, and {token.name} moves what it says"
    yield _implied(f"feed({token.name})", near, TRUSTED, "claims are told at feed prices")


def _of_venue(venue: Venue, vault: Vault) -> Iterator[GuardedAssumption]:
    model = next((model for model in vault.venues if model.name == venue.name), None)
    if model is None:
        better = f"{venue.name} pays at most as much over the oracle price as it may pay under it"
        yield _implied(f"gain({venue.name})", better, TRUSTED, "a better price only raises nav")
        yield _implied(f"open({venue.name})", f"{venue.name} accepts swaps", TRUSTED, "a swap that fails reverts")
        swap = next(swap for swap in vault.swaps if swap.name == venue.name)
        yield from _lends(venue.name, swap.flash_premium, vault)
        return
    yield from _of_positions(venue, model, vault)
    more = ", borrowing and repaying" if model.health else " and trades" if model.perp else ""
    accepts = f"{venue.name} accepts deposits, withdrawals{more}"
    free = f"{accepts}, and charges nothing for them"
    yield _implied(f"open({venue.name})", free, TRUSTED, "what is paused reverts, and a rule that is charged does")
    for one in model.assumes:
        yield _implied(f"{one.kind}({venue.name})", one.text, one.guardian, one.how)
    yield from _lends(venue.name, model.flash_premium, vault)


def _lends(venue: str, premium: Fraction | None, vault: Vault) -> Iterator[GuardedAssumption]:
    """What is assumed of a lender of flash loans, where the vault takes one from it."""
    if premium is not None and any(loan.lender == venue for loan in vault.loans):
        text = f"{venue} gives every flash loan that is asked for, for at most {percent(premium)} of it"
        how = "the vault gives back no more; the keeper reads the terms, and compares what could be lent with the debt"
        yield _implied(f"flash({venue})", text, WATCHED, how)


def _of_positions(venue: Venue, model: VenueModel, vault: Vault) -> Iterator[GuardedAssumption]:
    written = vault.strategy.assumptions
    if model.perp is not None:
        yield from _of_account(venue)
        return
    if not any(isinstance(a, LossAtMost) and a.venue == venue.name for a in written):
        text = f"{venue.name} loses nothing of what is held there"
        yield _implied(f"loss({venue.name})", text, TRUSTED, "no `loss` assumption is written")
    growth = most_growth(vault, venue.name)
    most = "anything" if growth is None else percent(growth - 1)
    gain = (
        f"what is held at {venue.name} grows, and what is owed there is repaid by others, by at most "
        f"{most} in a round; at most {percent(MOST_GAIN)} of the first deposit was there before it"
        if venue.name in vault.inner
        else f"what is held at {venue.name} grows, and what is owed there is repaid by others, by at most "
        f"{most} in a round; at most that share of the first deposit was there before it"
    )
    how = f"the keeper measures how positions change {_BETWEEN}, but not what was there before the first deposit"
    yield _implied(f"gain({venue.name})", gain, WATCHED, how)
    if not any(isinstance(a, LiquidityAtLeast) and a.venue == venue.name for a in written):
        text = f"{venue.name} can pay out all that is held there"
        yield _implied(f"liquidity({venue.name})", text, TRUSTED, "no `liquidity` assumption is written")


def _of_account(venue: Venue) -> Iterator[GuardedAssumption]:
    """At a venue of perpetuals."""
    text = f"{venue.name} takes nothing of cash but what trades cost, and funding"
    yield _implied(f"loss({venue.name})", text, TRUSTED, "bad debts of others are its insurer's")
    gain = (
        f"nobody else puts more than {percent(MOST_GAIN)} of the cash there into the vault's margin at {venue.name} in "
        "a round; at most that share of the first deposit was there before it"
    )
    how = f"the keeper measures how positions change {_BETWEEN}, but not what was there before the first deposit"
    yield _implied(f"gain({venue.name})", gain, WATCHED, how)
    text = f"{venue.name} has what is realized of the vault's cash, and pays it out"
    yield _implied(f"liquidity({venue.name})", text, TRUSTED, "its margin lies in one vault, for all its users")


# ── vaults of ours that are held ───────────────────────────────────────────────────────────


def inherited(venue: str, id_: str) -> str:
    """What an assumption of the inner vault at a venue is called in the outer one."""
    return f"{venue}/{id_}"


def is_inherited(id_: str) -> bool:
    """Whether it is an assumption of an inner vault, whose own contract and keeper answer for it."""
    return "/" in id_.partition("(")[0]


def _standing(venue: str) -> tuple[str, ...]:
    """What has to hold for an inner vault to be what was proved of it, for as long as it is held."""
    return tuple(f"{kind}({venue})" for kind in ("build", "deployed", "rounds", "running", "first"))


def _of_inner(venue: str, inner: Vault, vault: Vault) -> Iterator[GuardedAssumption]:
    name = inner.strategy.name
    periods = period_of(vault.strategy), period_of(inner.strategy)
    rounds, own = begun_within(*periods), begun_within(*reversed(periods))
    build, deployed, often, running, first = _standing(venue)
    text = f"the code at {venue}, and at its actions, is that of {name}"
    how = "the vault compares both when it is deployed, all but immutables: what stands there, not how it came there"
    yield _implied(build, text, ENFORCED, how)
    text = (
        f"{venue} was created by what {name} compiles to, with the tokens, feeds, venues and roles that {name} means: "
        "its constructor alone compares what its venues are, and fills its storage"
    )
    how = "`stratc deploy --check` compares immutables with its own record; how it was created no code on chain shows"
    yield _implied(deployed, text, TRUSTED, how)
    text = (
        f"at most {rounds} of the rounds of {venue} begin within one of this vault, and at most {own} of this vault's "
        f"within one of {venue}: those that keepers begin for their age. Rules and used up allowances begin more, and "
        "anyone may (`settle`)"
    )
    how = f"the keeper counts both; what more lose, gain or take it measures too: `loss({venue})`, `gain({venue})`, "
    yield _implied(often, text, WATCHED, f"{how}`liquidity({venue})`")
    text = (
        f"{venue} is not left by its exit, whose costs are no loss of a round; nobody gives it more than "
        f"{percent(MOST_GAIN)} of its nav in a round, by sending it {inner.base} or by what `redeem_in_kind` leaves "
        "behind (`forgone`)"
    )
    yield _implied(running, text, TRUSTED, f"what shares lose or gain is measured: `loss({venue})`, `gain({venue})`")
    text = (
        f"of what {venue} pays in a round nobody takes anything before this vault does, by its passes or its exit, "
        f"once in each of {own + 1} rounds, not even who leaves this vault by `redeem_unwound`; and what this one "
        "holds there was there when that round began"
    )
    yield _implied(first, text, TRUSTED, f"what can be paid is measured: `liquidity({venue})`")
    for one in guarded_assumptions(inner):
        how = f"of {name}: {one.how}"
        yield GuardedAssumption(inherited(venue, one.id), one.text, one.guardian, how, False)


def _of_idle(held: Held) -> GuardedAssumption:
    text = f"nobody sends the vault more than {percent(MOST_GAIN)} of its {held.name} in a round"
    return _implied(f"gain({held.name})", text, WATCHED, f"the keeper measures how the balance changes {_BETWEEN}")


def _of_base(vault: Vault) -> Iterator[GuardedAssumption]:
    """Gifts of base count as deposits, which only where those are bounded need a bound as well."""
    if vault.deposits is not None:
        text = f"nobody sends the vault {vault.base} worth more than {percent(MOST_GAIN)} of nav in a round"
        yield _implied(f"gain(idle({vault.base}))", text, TRUSTED, "no contract can refuse a transfer")


def _of_the_vault(vault: Vault) -> Iterator[GuardedAssumption]:
    scale = (
        f"nav is worth at least {SCALE:,} times the smallest unit of any token, one share of any venue "
        "and 10^-8 USD: rounding is carried as an error of at most one such unit per division"
    )
    yield _implied("scale", scale, WATCHED, "the keeper compares nav with those units at the prices of the moment")
    still = "prices, volatilities, debts and flows" if vault.rings else "prices, debts and flows"
    still = f"{still}, pending funding with them," if vault.perps else still
    together = f"{still} stand still, and nobody exits, between the transactions of one keeper pass"
    yield _implied("pass", together, TRUSTED, "each rule checks its trigger and the floors again")
    rules = (rule for rule in vault.rules if isinstance(rule.effect, Freezes) and isinstance(rule.trigger, OnCondition))
    by_rule = "".join(f", and `{rule.text}` has not frozen it" for rule in rules)
    unfrozen = (
        f"the vault is open{by_rule}; after it was frozen for more than a round, claims hold again once it is settled"
    )
    yield _implied("open", unfrozen, TRUSTED, "a frozen vault cannot rebalance; deleverage and exit still run")
    code = "the EVM, the Vyper compiler and the tokens do what they say; the contract computes what the model computes"
    yield _implied("code", code, TRUSTED, "differential tests compare bytecode and model to the wei")


def _implied(id_: str, text: str, guardian: Guardian, how: str) -> GuardedAssumption:
    return GuardedAssumption(id_, text, guardian, how, False)
