"""Which rule waits for which: in order of priority, but for nothing that may not run itself."""

from __future__ import annotations

from stratc_targets.vyper.emit import vault_sources
from vyper_target.vaults import example

WAITS = """\
    if modes._is_open() and not book._is_guarded(s.price_weth):
        assert not book._when_rebalance(s), "rule: rebalance comes first"
"""


def actions(name: str) -> str:
    given = example(name)
    return vault_sources(given.vault, given.verification.source)["contracts/Actions.vy"]


def test_what_reduces_risk_waits_for_another_rule_only_where_that_may_run() -> None:
    """A vault that is frozen or guarded would wait for its rebalance until the loan is liquidated. What becomes of the
    vault is told by the story of `last_rule`."""
    assert actions("last_rule").count(WAITS) == 1


def test_what_does_not_waits_wherever_it_runs() -> None:
    text = actions("eth_carry")
    assert '\n    assert not book._when_deleverage_aave(s), "rule: deleverage_aave comes first"\n' in text
    assert "modes._is_open()" not in text
