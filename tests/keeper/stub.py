"""A vault that is taken as proved, and the stub contract that stands for it: what keeper tests keep."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from vyper import compile_code

from lab.chain import AnvilChain, Contract
from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.certify import ProvedVault
from stratc_compiler.expr import TRUE
from stratc_compiler.model import build_vault
from stratc_compiler.verdict import ClaimResult, Hypothesis, Obligation, ObligationResult, Proved, Verification
from stratc_dsl import Source, parse_strategies
from stratc_targets.keeper.config import bind
from stratc_targets.keeper.emit import emit_keeper
from stratc_targets.venues import venue_factories

CHAIN_ID = 31337
PERIOD = 3600
DELEVERAGE, REBALANCE, HARVEST, FREEZE = range(4)
"""The stub's numbers of its rules, which are also their priorities."""

SERVED = 5
"""What the stub calls a serving of requests."""

TEXT = """strategy Stub {
    base USDC

    token USDC { decimals: 6,  price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    token WETH { decimals: 18, price: chainlink("ETH/USD",  heartbeat=1h,  deviation=0.5%) }

    venue aave = aave_v3(collateral=[WETH(ltv=80%, threshold=82.5%)], borrow=[USDC])
    venue save = erc4626(asset=USDC)
    venue dex  = uniswap_v3(WETH/USDC, fee=0.05%)

    assume {
        keeper every 1h
        price(WETH) moves -20% .. +12.5%
        price(USDC) stays 0.98 .. 1.02
        rate(aave.debt(USDC)) <= 60% per 1y
        slippage(dex) <= 0.30%
        loss(save) <= 0.05%
        liquidity(aave) >= 60%
        liquidity(save) >= 50%
    }

    allocate {
        aave.collateral(WETH):  60% +- 5%
        aave.debt(USDC):       -30% +- 4%
        save:                   40% +- 5%
        idle(WETH):             20% +- 4%
        idle(USDC):             10% +- 4%
    }

    floors { health(aave) >= 1.35 }

    rules {
        when health(aave) < 1.50 do deleverage aave to health 1.80
        when weights outside band do rebalance
        every 24h do harvest save
        when stale(price(WETH)) do freeze
    }

    exit { order: [save, aave, dex] }

    prove { solvent }
}
"""


@cache
def proved_stub(text: str = TEXT) -> ProvedVault:
    """The model that the stub contract stands for, taken as proved: one claim, which rests on a price and on Aave."""
    source = Source("folder/stub.strat", text)
    parsed = parse_strategies(source)
    assert not parsed.diagnostics, parsed.diagnostics
    (strategy,) = parsed.strategies
    vault = build_vault(strategy, source, venue_factories(strategy))
    used = Obligation("survives/1", "survives", "", (Hypothesis("price(WETH)", TRUE),), TRUE)
    claim = ClaimResult("survives", "", Proved(), (ObligationResult(used, Proved(), ""),))
    return ProvedVault(vault, Verification(vault, source, (claim,), guarded_assumptions(vault)))


@cache
def compiled() -> dict[str, Any]:
    """ABI, creation code and runtime of the stub contract."""
    source = Path(__file__).with_name("stub_vault.vy").read_text("utf-8")
    return dict(compile_code(source, output_formats=["abi", "bytecode", "bytecode_runtime"]))


def codes() -> tuple[list[dict[str, Any]], str, str]:
    """What `emit_keeper` is given of the stub, which is its own actions."""
    return compiled()["abi"], compiled()["bytecode_runtime"], compiled()["bytecode_runtime"]


def document(text: str = TEXT) -> dict[str, Any]:
    """The stub's keeper.json, not bound."""
    artifact = emit_keeper(proved_stub(text), *codes())
    parsed: dict[str, Any] = json.loads(artifact.text)
    return parsed


def bound_document(vault: Contract, text: str = TEXT) -> dict[str, Any]:
    """The stub's keeper.json, bound to a deployed stub."""
    return bind(document(text), CHAIN_ID, vault.address)


def deploy(chain: AnvilChain, keeper: str) -> Contract:
    """A stub vault that obeys that keeper."""
    return chain.deploy(compiled()["abi"], compiled()["bytecode"], (keeper,), name="stub")


def calls(vault: Contract) -> list[int]:
    """The rules that were carried out, in order."""
    return list(vault.call("calls"))
