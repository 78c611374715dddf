"""Example strategies as models, with constants changed where a test wants them changed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from stratc_compiler.driver import model, verify
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.machine import Machine
from stratc_compiler.standing import Roles
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import ClaimResult, Proved, Refuted, Verification
from stratc_dsl import Source, parse_strategies, render_diagnostic
from stratc_targets.venues import venue_factories

EXAMPLES = Path(__file__).parents[2] / "examples"


def source_of(name: str, *changes: tuple[str, str]) -> Source:
    """The text of an example, or of a strategy beside this file, each (old, new) replaced; all must be there."""
    file = EXAMPLES / f"{name}.strat"
    text = (file if file.exists() else Path(__file__).parent / file.name).read_text()
    for old, new in changes:
        assert old in text, f"{name} does not say {old!r}"
        text = text.replace(old, new)
    return Source(f"{name}.strat", text)


@cache
def vault_of(name: str, *changes: tuple[str, str]) -> tuple[Vault, Source]:
    """The model of an example."""
    source = source_of(name, *changes)
    parsed = parse_strategies(source, lambda path: (EXAMPLES / path).read_text())
    assert not parsed.diagnostics, "\n".join(render_diagnostic(d, parsed.source) for d in parsed.diagnostics)
    (strategy,) = parsed.strategies
    return model(strategy, parsed.source, venue_factories(strategy)), parsed.source


@cache
def verified(name: str, *changes: tuple[str, str]) -> Verification:
    """What the prover says of an example; each variant is proved once a session."""
    return verify(*vault_of(name, *changes))


def claim(verification: Verification, name: str) -> ClaimResult:
    return next(found for found in verification.claims if found.name == name)


def refuted(verification: Verification) -> set[str]:
    return {found.name for found in verification.claims if isinstance(found.verdict, Refuted)}


def proved(verification: Verification) -> set[str]:
    return {found.name for found in verification.claims if isinstance(found.verdict, Proved)}


class _Still(IdealWorld):
    """A world at one instant, with what a machine reads of its market."""

    def read(self, name: str) -> int:
        return 0 if name.startswith("shortfall(") else super().read(name)

    def now(self) -> int:
        return 0

    def usable(self, token: str) -> bool:
        return f"price({token})" in self.state


def machine_of(vault: Vault, state: dict[str, int]) -> Machine:
    """A deployed vault that stands still in this state; it can be asked, not moved."""
    return Machine(vault, _Still(vault, state), Roles("owner", "guardian", "keeper"))  # type: ignore[arg-type]
