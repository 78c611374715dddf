"""A proved vault made by hand, and the stub contract that stands for it: what keeper tests keep."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from vyper import compile_code

from lab.chain import AnvilChain, Contract
from stratc_compiler.certify import ProvedVault
from stratc_compiler.expr import TRUE
from stratc_compiler.vault import (
    Condition,
    Freezes,
    Marks,
    OnCondition,
    OnStale,
    OnTimer,
    RuleModel,
    SwapModel,
    Trades,
    Vault,
)
from stratc_compiler.verdict import (
    ClaimResult,
    GuardedAssumption,
    Guardian,
    Hypothesis,
    Obligation,
    ObligationResult,
    Proved,
    Verification,
)
from stratc_dsl.span import Source, Span
from stratc_dsl.strategy import KeeperEvery, PriceMoves, RateAtMost, SlippageAtMost, Strategy
from stratc_dsl.strategy import Position as At
from stratc_targets.keeper.config import bind
from stratc_targets.keeper.emit import emit_keeper

CHAIN_ID = 31337
PERIOD = 3600
DELEVERAGE, REBALANCE, HARVEST, FREEZE = range(4)
"""The stub's numbers of its rules, which are also their priorities."""

TEXT = """strategy Stub {
    keeper every 1h
    price(WETH) moves -20% .. +12.5%
    rate(aave.debt(USDC)) <= 60% per 1y
    slippage(dex) <= 0.30%
    when health(aave) < 1.50 do deleverage aave to health 1.80
    when weights outside band do rebalance
    every 24h do harvest save
    when stale(price(WETH)) do freeze
}
"""


def span(words: str) -> Span:
    start = TEXT.index(words)
    return Span(start, start + len(words))


def proved_stub() -> ProvedVault:
    """The model that the stub contract stands for: four rules, one swap, four assumptions and an implied one."""
    every, moves = span("keeper every 1h"), span("price(WETH) moves -20% .. +12.5%")
    rate, slips = span("rate(aave.debt(USDC)) <= 60% per 1y"), span("slippage(dex) <= 0.30%")
    assumptions = (
        KeeperEvery(PERIOD, every),
        PriceMoves("WETH", Fraction(-1, 5), Fraction(1, 8), moves),
        RateAtMost(At("aave", "debt", "USDC"), Fraction(3, 5), 31_536_000, rate),
        SlippageAtMost("dex", Fraction(3, 1000), slips),
    )
    strategy = Strategy("Stub", "USDC", (), (), assumptions, (), (), (), (), ())
    vault = Vault(strategy, (), (_dex(),), (), (), {}, (), (), _rules(), (), None)
    guarded = (
        GuardedAssumption("keeper", "keeper every 1h", Guardian.WATCHED, "age of the last round", True, every),
        GuardedAssumption("price/WETH", TEXT[moves.start : moves.end], Guardian.WATCHED, "the feed", True, moves),
        GuardedAssumption("rate/aave", TEXT[rate.start : rate.end], Guardian.WATCHED, "the reserve", True, rate),
        GuardedAssumption("slippage/dex", TEXT[slips.start : slips.end], Guardian.ENFORCED, "minimum out", True, slips),
        GuardedAssumption("scale", "shares stay below 2^128", Guardian.WATCHED, "total supply", False),
    )
    used = Obligation("survives/1", "survives", "", (Hypothesis("price/WETH", TRUE),), TRUE)
    claim = ClaimResult("survives", "", Proved(), (ObligationResult(used, Proved(), ""),))
    return ProvedVault(vault, Verification(vault, Source("folder/stub.strat", TEXT), (claim,), guarded))


def _dex() -> SwapModel:
    return SwapModel("dex", "uniswap_v3", ("WETH", "USDC"), Fraction(3, 1000))


def _rules() -> tuple[RuleModel, ...]:
    def rule(name: str, text: str, trigger: Any, effect: Any) -> RuleModel:
        return RuleModel(name, text, trigger, effect, span(text))

    deleverage = "when health(aave) < 1.50 do deleverage aave to health 1.80"
    return (
        rule("deleverage_aave", deleverage, OnCondition(Condition("health(aave) < 1.50", TRUE)), Trades((), True)),
        rule(
            "rebalance",
            "when weights outside band do rebalance",
            OnCondition(Condition("weights outside band", TRUE)),
            Trades((), False),
        ),
        rule("harvest_save", "every 24h do harvest save", OnTimer(86400), Marks("save")),
        rule("freeze_when_due", "when stale(price(WETH)) do freeze", OnStale("WETH"), Freezes()),
    )


@cache
def compiled() -> dict[str, Any]:
    """ABI, creation code and runtime of the stub contract."""
    source = Path(__file__).with_name("stub_vault.vy").read_text("utf-8")
    return dict(compile_code(source, output_formats=["abi", "bytecode", "bytecode_runtime"]))


def document() -> dict[str, Any]:
    """The stub's keeper.json, not bound."""
    artifact = emit_keeper(proved_stub(), compiled()["abi"], compiled()["bytecode_runtime"])
    parsed: dict[str, Any] = json.loads(artifact.text)
    return parsed


def bound_document(vault: Contract) -> dict[str, Any]:
    """The stub's keeper.json, bound to a deployed stub."""
    return bind(document(), CHAIN_ID, vault.address)


def deploy(chain: AnvilChain, keeper: str) -> Contract:
    """A stub vault that obeys that keeper."""
    return chain.deploy(compiled()["abi"], compiled()["bytecode"], (keeper,), name="stub")


def calls(vault: Contract) -> list[int]:
    """The rules that were carried out, in order."""
    return list(vault.call("calls"))
