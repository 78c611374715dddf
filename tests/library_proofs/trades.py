"""Theorems of the rules: what the keeper's call moves is what the model's plan moves, in the same order.

Venues are not looked into: a call is an effect with its arguments, and what a swap returns is any number. Balances that
are read again after an effect are new unknowns, in the model as in the contract; prices stay what they were.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from library_proofs.meaning import Effect, Meaning
from library_proofs.model_terms import quantity, truth
from library_proofs.solver import Unproved, prove
from library_proofs.terms import Term, both, choice, equal, implies, number, replaced, same_truth, unknown
from library_proofs.vaults import CALLS, Subject
from stratc_compiler.expr import Expr
from stratc_compiler.vault import Enter, Held, Leave, Let, OnCondition, RuleModel, Swap, Trades
from stratc_targets.vyper.symbols import symbols_of

VENUE_CALLS: dict[tuple[str, type[Enter | Leave], bool], str] = {
    ("aave_v3", Enter, False): "aave_v3.supply",
    ("aave_v3", Leave, False): "aave_v3.withdraw",
    ("aave_v3", Enter, True): "aave_v3.borrow",
    ("aave_v3", Leave, True): "aave_v3.repay",
    ("erc4626", Enter, False): "erc4626.deposit",
    ("erc4626", Leave, False): "erc4626.withdraw",
}
LIQUIDITY = {"aave_v3": "aave_v3.liquidity", "erc4626": "erc4626.liquidity"}
"""What a venue would pay out now: any number, a new one after each effect."""
SWAP = "uniswap_v3.swap"
GUARDS = frozenset({"roles._only_keeper", "Actions._only_the_vault"})
"""Who may call; what is kept of that moves nothing."""

RULES = replace(
    CALLS,
    opaque=frozenset({*VENUE_CALLS.values(), SWAP, *GUARDS, "Actions._finish"}),
    states={"book._read": "state", "book._refresh": "state", **{name: name for name in LIQUIDITY.values()}},
)


def trades(subject: Subject) -> None:
    """Each rule that trades runs only where it is due, and then moves what its plan moves."""
    for rule in subject.vault.rules:
        if isinstance(rule.effect, Trades):
            _rule(subject, rule, rule.effect)


def _rule(subject: Subject, rule: RuleModel, does: Trades) -> None:
    read = subject.function(rule.name, RULES)
    if isinstance(rule.trigger, OnCondition):
        first = next(word for word in read.words if word.startswith("state")).split(".")[0]
        due = truth(rule.trigger.condition.formula, subject.names(first))
        prove(f"{read.name}: runs only where it is due", (*read.facts, read.asserts), due)
    _Plan(subject, read, _written_out(subject, read)).follow(does)


def _written_out(subject: Subject, read: Meaning) -> dict[str, Term]:
    """Every local's value in terms of the states that were read. Prices are read once: `_refresh` keeps them."""
    prices = [subject.fields[f"price({token.name})"] for token in subject.vault.strategy.tokens]
    later = {word.split(".")[0] for word in read.words if word.startswith("state")}
    values = {f"{state}.{price}": unknown(f"now.{price}") for price in prices for state in (*later, "stale")}
    for name, definition in read.definitions.items():
        values[name] = replaced(definition, values)
    return values


def _moves(effect: Effect) -> bool:
    """Whether it is more than a note: marks, timers and logs move nothing."""
    return (
        not effect.function.endswith(" =") and not effect.function.startswith("log ") and effect.function not in GUARDS
    )


@dataclass(slots=True)
class _Plan:
    """A plan beside the effects of its rule: those before `done` were met."""

    subject: Subject
    read: Meaning
    values: dict[str, Term]
    done: int = 0
    bound: dict[str, Term] = field(default_factory=dict)
    venues: dict[str, Term] = field(default_factory=dict)

    def follow(self, does: Trades) -> None:
        for item in does.plan:
            self.next()
            match item:
                case Let(name, expr):
                    self.bound[name.name] = self.quantity(expr)
                case Enter(held, amount) | Leave(held, amount):
                    self.move(held, type(item), self.quantity(amount))
                case Swap():
                    self.swap(item)
        if self.next().function != "Actions._finish" or self.done + 1 != len(self.read.effects):
            raise Unproved(self.read.name, f"does more than its plan: {self.next().function}")
        self.show("finishes", self.next().path)
        self.supply_stays(self.next())

    def supply_stays(self, finishing: Effect) -> None:
        """What the supply is compared with at the end was read before anything was moved."""
        first = next(place for place, effect in enumerate(self.read.effects) if _moves(effect))
        before = {unknown(f"share_token.totalSupply{f'@{place}' if place else ''}") for place in range(first + 1)}
        if finishing.arguments[1] not in before:
            raise Unproved(self.read.name, f"compares the supply with {finishing.arguments[1]}")

    def quantity(self, expr: Expr) -> Term:
        """The model's quantity in the state at this point."""
        names = {**self.subject.names(self.state()), **self.liquidity(), **self.bound}
        return replaced(quantity(expr, names), self.values)

    def liquidity(self) -> dict[str, Term]:
        """What the venues would pay out at this point; of an adapter that two of them have, nothing is known."""
        moment = f"@{self.done}" if self.done else ""
        adapters = [venue.adapter for venue in self.subject.vault.venues]
        return {
            held.liquidity.name: unknown(f"{LIQUIDITY[venue.adapter]}{moment}")
            for venue in self.subject.vault.venues
            for held in venue.positions
            if not held.debt and adapters.count(venue.adapter) == 1
        }

    def state(self) -> str:
        """What the contract read last, if no venue was called since; else balances that nothing is equal to."""
        read = {word.split(".")[0] for word in self.read.words}
        for place in range(self.done, -1, -1):
            state = f"state@{place}" if place else "state"
            if state in read:
                return state
            if place and _moves(self.read.effects[place - 1]):
                break
        return "stale"

    def next(self) -> Effect:
        """What the rule does next, notes left aside."""
        while self.done < len(self.read.effects):
            effect = self.read.effects[self.done]
            if _moves(effect):
                return effect
            self.done += 1
        raise Unproved(self.read.name, "does less than its plan")

    def move(self, held: Held, way: type[Enter | Leave], amount: Term) -> None:
        effect, words = self.next(), f"{way.__name__} {held.name}"
        (venue,) = (one for one in self.subject.vault.venues if one.name == held.venue)
        if effect.function != VENUE_CALLS[venue.adapter, way, held.debt]:
            raise Unproved(self.read.name, f"{words}: calls {effect.function}")
        where, token, moved = effect.arguments[:3]
        assert isinstance(where, Term)
        assert isinstance(moved, Term)
        if token != self.token(held.token) or self.venues.setdefault(venue.name, where) != where:
            raise Unproved(self.read.name, f"{words}: another token or venue")
        self.show(words, both(same_truth(effect.path, amount > 0), implies(amount > 0, equal(moved, amount))))
        self.done += 1

    def swap(self, item: Swap) -> None:
        effect, amount, words = self.next(), self.quantity(item.amount), f"sell {item.sold}"
        if effect.function != SWAP or effect.arguments[2:4] != (self.token(item.sold), self.token(item.bought)):
            raise Unproved(self.read.name, f"{words}: calls {effect.function}, or for other tokens")
        sold, least = effect.arguments[4:6]
        assert isinstance(sold, Term)
        assert isinstance(least, Term)
        minimum = self.quantity(item.minimum)
        same = both(equal(sold, amount), equal(least, minimum))
        self.show(words, both(same_truth(effect.path, amount > 0), implies(amount > 0, same)))
        self.done += 1
        self.bound[item.received.name] = choice(amount > 0, unknown(f"{SWAP}@{self.done}"), number(0))

    def token(self, name: str) -> Term:
        return unknown(f"book.{symbols_of(self.subject.vault).tokens[name].address}")

    def show(self, words: str, claim: Term) -> None:
        prove(f"{self.read.name}: {words}", self.read.domain, replaced(claim, self.values))


THEOREMS = {"trades": trades}
