"""Verifications made by hand: what the command shows must not depend on what the prover can do today."""

from __future__ import annotations

from stratc.decide import Report, Timed
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import (
    ClaimResult,
    GuardedAssumption,
    Guardian,
    Proved,
    Refuted,
    Scenario,
    Unknown,
    Used,
    Verification,
)
from stratc_dsl.span import NOWHERE, Source, Span
from stratc_dsl.strategy import Strategy

TEXT = """\
strategy Carry {
    rules {
        when health(aave) < 1.50 do deleverage aave to health 1.80
    }
    prove { solvent }
}
"""
SOURCE = Source("carry.strat", TEXT)

ASSUMPTION = GuardedAssumption("keeper", "keeper every 1h", Guardian.WATCHED, "an alarm", True, span=NOWHERE)

SCENARIO = Scenario(
    lines=(
        ("settled", "collateral 60 WETH"),
        ("settled", "debt 60,000 USDC"),
        ("the move", "price(WETH) -20%"),
        ("the rule", "repay 31,210 USDC: only 12,004 can be reached"),
        ("broken", "needs 31,210 USDC, has 12,004"),
    ),
    settled={"idle(USDC)": 12_004_000_000, "aave.collateral(WETH)": 60 * 10**18},
    after={"idle(USDC)": 0, "aave.collateral(WETH)": 60 * 10**18},
    broken="needs 31,210 USDC, has 12,004",
    assumptions=(Used(ASSUMPTION, True),),
)


def span_of(words: str) -> Span:
    """Where the words stand in TEXT."""
    start = TEXT.index(words)
    return Span(start, start + len(words))


PROVED = ClaimResult("survives", "no venue can liquidate", Proved(), ())
REFUTED = ClaimResult(
    "recovers",
    "deleverage aave to health 1.80",
    Refuted(SCENARIO.broken, SCENARIO, "a target of at most 1.58 holds", span=span_of("deleverage aave")),
    (),
)
UNKNOWN = ClaimResult("solvent", "nav >= 0", Unknown("the solver gave up"), (), span=span_of("solvent"))


def verification(*claims: ClaimResult, name: str = "Carry") -> Verification:
    """A strategy that is nothing but its name, with these claims."""
    strategy = Strategy(name, "USDC", (), (), (), (), (), (), (), ())
    vault = Vault(strategy, (), (), (), (), {}, (), (), {}, (), (), None)
    return Verification(vault, SOURCE, claims, (ASSUMPTION,))


def report(*claims: ClaimResult) -> Report:
    """What is found out about a file with one such strategy."""
    return Report(SOURCE.name, (Timed(verification(*claims), 0.214),))
