"""What a deployment says before it does anything: the addresses, what was found of them, the steps and their cost."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from stratc_dsl.paint import Paint, Part
from stratc_dsl.span import Source
from stratc_targets.deploy.findings import Finding, Level
from stratc_targets.deploy.manifest import NOWHERE, Manifest
from stratc_targets.deploy.package import Package
from stratc_targets.deploy.plan import BLUEPRINT, VAULT, Plan

_PARTS = {Level.OK: Part.GOOD, Level.NOTE: Part.WARNING, Level.UNKNOWN: Part.WARNING, Level.WRONG: Part.ERROR}

_WHAT = {BLUEPRINT: "the blueprint of its actions", VAULT: "the vault"}


def bound_text(name: str, source: Source, manifest: Manifest, block: int) -> str:
    """Which strategy, where, and what its vault is bound to."""
    heading = f"{name}, of {source.name} with SHA-256 {source.digest()}"
    lines = [heading, f"on chain {manifest.chain_id}, as of block {block:,}, bound to"]
    width = max(len(one.place) for one in manifest.arguments)
    lines += [f"  {one.place:<{width}}  {_address(one.address)}" for one in manifest.arguments]
    return "\n".join(lines)


def findings_text(findings: Sequence[Finding], paint: Paint) -> str:
    """Every finding on a line of its own."""
    width = max((len(one.place) for one in findings), default=0)
    levels = {level: paint(f"{level.value:<5}", _PARTS[level]) for level in Level}
    return "\n".join(f"  {levels[one.level]}  {one.place:<{width}}  {one.said}" for one in findings)


def plan_text(planned: Plan, package: Package, balance: int | None) -> str:
    """What will be sent, by whom, and what it costs; `balance` is None where nobody is known to pay."""
    sizes = {BLUEPRINT: len(package.code.blueprint), VAULT: package.code.vault.size}
    lines = [f"to do, by {planned.sender if balance is not None else 'whoever has the key'}"]
    for step in planned.steps:
        at = f"  to stand at {step.address}" if balance is not None else ""
        lines.append(f"  {_WHAT[step.name]:<28} {sizes[step.name]:>6,} bytes {step.estimate:>11,} gas{at}")
    total = sum(step.estimate for step in planned.steps)
    cost = f"{ether(planned.cost)} ETH at {gwei(planned.price)} gwei, at most {ether(planned.most)} ETH"
    lines.append(f"  {total:,} gas cost {cost}" + (f" of {ether(balance)}" if balance is not None else ""))
    return "\n".join(lines)


def ether(wei: int) -> str:
    """Wei in ETH, to six digits, so that small amounts are not nothing."""
    return f"{float(Fraction(wei, 10**18)):,.6g}"


def gwei(wei: int) -> str:
    """Wei in gwei, to four digits."""
    return f"{float(Fraction(wei, 10**9)):,.4g}"


def _address(address: str) -> str:
    return "none" if address == NOWHERE else address
