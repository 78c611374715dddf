"""W....: what is well formed and probably not meant. A warning is a number of the error's group, with a W."""

from __future__ import annotations

from typing import ClassVar

from stratc_dsl.diagnostic import Label, Severity
from stratc_dsl.errors.base import LanguageError
from stratc_dsl.span import Span


class Unused(LanguageError):
    severity: ClassVar = Severity.WARNING
    code: ClassVar = "W0201"
    title: ClassVar = "the {kind} `{name}` is declared and not used"
    label: ClassVar = "not used"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Nothing in the strategy holds, owes, prices or trades it. It costs an address at deployment, a feed that must stay fresh
and assumptions that must hold, all for nothing; or a line was forgotten.

    token DAI { ... }                # warning, where no position, venue or floor is in DAI
    allocate { idle(DAI): 5%, ... }  # a use

Delete the declaration, or allocate what was forgotten.
"""
    kind: str
    name: str
    cure: str


class UnusedAssumption(LanguageError):
    severity: ClassVar = Severity.WARNING
    code: ClassVar = "W0501"
    title: ClassVar = "no claim uses this assumption: {why}"
    label: ClassVar = "nothing rests on it"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
An assumption that no proof can use says nothing about the vault, and lets its readers believe that it does.

    rate(aave.debt(USDC)) <= 60% per 1y      # warning, where `allocate` has no aave.debt(USDC)
    loss(save) <= 1%                         # warning, where nothing is allocated to save

Delete it; or allocate the position that it bounds.
"""
    why: str
    cure: str


class SlippageBelowFee(LanguageError):
    severity: ClassVar = Severity.WARNING
    code: ClassVar = "W0502"
    title: ClassVar = "a pool that takes {fee} of each swap does not keep to this in both directions"
    label: ClassVar = "less than the pool's fee"
    help: ClassVar = "the fee is part of the slippage: write for example `slippage({venue}) <= {cure}`"
    explanation: ClassVar = """\
A swap's slippage is told against the oracle's price, with the pool's fee in it. Where less than the fee is allowed for,
a pool may fill what is sold or what is bought, never both: trades that the vault wants revert, since what is assumed
of slippage is enforced.

    venue dex = uniswap_v3(WETH/USDC, fee=1%)
    assume { slippage(dex) <= 0.30% }            # warning
    assume { slippage(dex) <= 1.30% }            # right

Allow for the fee and for how far the pool may be from the oracle; or trade in a pool with a lower fee.
"""
    venue: str
    fee: str
    cure: str


class NeverFires(LanguageError):
    severity: ClassVar = Severity.WARNING
    code: ClassVar = "W0601"
    title: ClassVar = "this rule never fires: whenever it is due, an earlier one is due first"
    label: ClassVar = "comes second"
    help: ClassVar = "put the narrower condition first, or delete this rule"
    explanation: ClassVar = """\
Rules stand in order of priority, and the vault lets none run while one before it is due.

    when health(aave) < 1.50 do deleverage aave to health 1.80
    when health(aave) < 1.20 do freeze                            # warning: below 1.20 it is below 1.50 too

    when health(aave) < 1.20 do freeze                            # right
    when health(aave) < 1.50 do deleverage aave to health 1.80
"""
    earlier: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.earlier, "due whenever the other is"),)


class TriggerBehindFloor(LanguageError):
    severity: ClassVar = Severity.WARNING
    code: ClassVar = "W0602"
    title: ClassVar = "this rule waits until a floor is broken"
    label: ClassVar = "due only beyond the floor"
    help: ClassVar = "let it act before: a trigger stands inside the floor"
    explanation: ClassVar = """\
A floor holds after every transaction, and a market that moves breaks it without one. A rule that mends it must be due
before that, or the vault stands broken, closed to its users, until prices are worse still.

    floors { health(aave) >= 1.35 }
    rules  { when health(aave) < 1.30 do deleverage aave to health 1.80 }      # warning
    rules  { when health(aave) < 1.50 do deleverage aave to health 1.80 }      # right
"""
    floor: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.floor, "the floor"),)
