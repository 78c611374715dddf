"""What keeper, guardian and owner do, and strangers in their place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from eth_utils.abi import function_signature_to_4byte_selector

from differential.pair import Pair, outcome
from stratc_compiler.interpret import Reverted

WHO = ("owner", "guardian", "keeper", "stranger")


def address_of(pair: Pair, who: str) -> str:
    return pair.users[0] if who == "stranger" else str(getattr(pair.chain, who))


@dataclass(frozen=True)
class Run:
    rule: str
    who: str = "keeper"

    def apply(self, pair: Pair) -> None:
        caller = address_of(pair, self.who)
        pair.send(self.rule, caller, lambda: pair.machine.run(self.rule, caller), self.rule)


@dataclass(frozen=True)
class Keep:
    """The keeper runs what is due, in order. Where that cannot be told, as of a range at absurd prices, nothing is."""

    def apply(self, pair: Pair) -> None:
        for rule in pair.machine.vault.rules:
            if outcome(partial(pair.machine.due, rule.name), Reverted)[0]:
                Run(rule.name).apply(pair)
                pair.compare_state()  # before the next rule moves the same positions


@dataclass(frozen=True)
class Settle:
    who: str = "stranger"

    def apply(self, pair: Pair) -> None:
        caller = address_of(pair, self.who)
        pair.send("settle", caller, lambda: pair.machine.settle(caller), "settle")


@dataclass(frozen=True)
class Observe:
    """Anyone notes prices."""

    def apply(self, pair: Pair) -> None:
        pair.send("observe", pair.users[0], pair.machine.observe, "observe")


@dataclass(frozen=True)
class Turn:
    """freeze, unfreeze, emergency_exit, accept_prices."""

    call: str
    who: str

    def apply(self, pair: Pair) -> None:
        caller = address_of(pair, self.who)
        pair.send(self.call, caller, lambda: getattr(pair.machine, self.call)(caller), self.call)


@dataclass(frozen=True)
class Schedule:
    """The owner announces a call, or `cancel`s one."""

    call: str
    who: str = "owner"
    cancel: bool = False

    def apply(self, pair: Pair) -> None:
        caller, machine = address_of(pair, self.who), pair.machine
        fn, exact = ("cancel", machine.cancel) if self.cancel else ("schedule", machine.schedule)
        calldata = bytes(function_signature_to_4byte_selector(self.call))
        pair.send(fn, caller, lambda: exact(caller, self.call), fn, calldata)
