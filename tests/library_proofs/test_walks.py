"""Who may be given shares, and that no rule gives or takes any: on every way through the emitted functions.

Of the vault for members, and of the same with fees. What is found is named in full: a way in that is added later has to
be written down here, or pass the gate.
"""

from __future__ import annotations

from functools import cache

import pytest

from library_proofs.known import Refused
from library_proofs.reading import Sources
from library_proofs.vaults import NO_CODE, STRATEGIES
from library_proofs.walks import Credit, credits, exposed, name_of, writers, written
from mutations.change import ACTIONS, BOOK, VAULT, Change
from stratc_compiler.vault import Vault
from stratc_targets.vyper.build import ACTIONS_CODE
from stratc_targets.vyper.emit import vault_sources
from vyper_target.vaults import proved

FEES = "    fees {\n        management: 2% per 1y\n    }\n"

UNGATED = {
    ("Vault.requestRedeem", "self"): "what is handed in to be redeemed waits with the vault",
    ("Vault._give_back", "?owner"): "what is handed back goes to who handed it in",
    ("book._mint_fees", "fees.fee_recipient"): "the strategy names who is paid, and the deployment who that is",
}
"""Which function gives shares to whom without asking for an attestation, and why."""


@cache
def emitted(name: str, fees: bool = False) -> tuple[Vault, dict[str, str]]:
    """A vault and its sources, charging for its management where that is asked for."""
    text = STRATEGIES[name].read_text(encoding="utf-8")
    if fees:
        text = text.replace("    limits {", f"{FEES}\n    limits {{")
    given = proved(text, f"{name}.strat")
    return given.vault, {**vault_sources(given.vault, given.verification.source), ACTIONS_CODE: NO_CODE}


def seeded(change: Change) -> Sources:
    sources = dict(emitted("members", True)[1])
    change.seed(sources)
    return sources


@cache
def ways(fees: bool) -> list[Credit]:
    """Everything that adds to somebody's shares in the vault for members."""
    return credits(emitted("members", fees)[1])


def past_the_gate(given: list[Credit]) -> list[Credit]:
    """What adds to the shares of somebody who has not passed it, and is nothing of what need not."""
    return [one for one in given if one.account not in one.passed and (one.way[-2], one.account) not in UNGATED]


# ── the gate ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fees", [False, True])
def test_nobody_is_given_shares_who_has_not_passed_the_gate(fees: bool) -> None:
    assert past_the_gate(ways(fees)) == []
    found = {(one.entry, one.account) for one in ways(fees)}
    gated = {(f"Vault.{way}", "receiver") for way in ("deposit", "mint", "transfer", "transferFrom")}
    waiting = {("Vault.requestRedeem", "self"), ("Vault.take_back", "?owner"), ("Vault.serve", "?owner")}
    charging = {
        *(f"Vault.{call}" for call in ("deposit", "mint", "withdraw", "redeem", "serve", "settle")),
        *(f"Actions.{call}" for call in ("redeem_in_kind", "redeem_unwound")),
    }
    assert found == gated | waiting | ({(call, "fees.fee_recipient") for call in charging} if fees else set())


def test_shares_grow_in_one_place() -> None:
    """What calls it is all that need be looked at: elsewhere balances are not written, or shrink (`ledger`)."""
    sources = emitted("members", True)[1]
    assert writers(sources, "share_token.balanceOf") == {"share_token._credit", "share_token._debit"}
    assert writers(sources, "share_token.totalSupply") == {"share_token._mint", "share_token._burn"}


def test_what_is_handed_back_was_handed_in_by_its_owner() -> None:
    """`?owner` is the owner of a request, who is written once, with the shares that were taken from that account."""
    requests = emitted("members")[1]["contracts/requests.vy"]
    assert requests.count(".owner = ") == 1
    vault = emitted("members")[1][VAULT]
    assert vault.count("requests._make(") == 1
    assert "share_token._transfer(owner, self, shares)\n    return requests._make(shares, controller, owner)\n" in vault
    assert "    owner, shares = requests._give_back(request)\n    share_token._transfer(self, owner, shares)\n" in vault


_TAKE = "    depositors._only_attested(receiver)\n    book._charge(s)\n"
_TRANSFER = "    depositors._only_attested(receiver)\n    share_token._transfer(msg.sender, receiver, amount)\n"
_FROM = "    depositors._only_attested(receiver)\n    share_token._spend_allowance(owner, msg.sender, amount)\n"
_DEPOSIT, _MINT = "Vault.deposit", "Vault.mint"

_EXITED = "    if modes._is_exited():\n        share_token._mint(receiver, shares)\n        return\n"
_KEEPER = "    share_token._mint(msg.sender, 1)\n"
_FINISH = '    self._finish("rebalance"'

HOLES: dict[str, tuple[Change, set[str]]] = {
    "nobody who deposits is asked": (Change(VAULT, _TAKE, "    book._charge(s)\n"), {_DEPOSIT, _MINT}),
    "another is asked than is given": (
        Change(VAULT, _TAKE, _TAKE.replace("receiver", "msg.sender")),
        {_DEPOSIT, _MINT},
    ),
    "only those are asked who deposit much": (
        Change(VAULT, _TAKE, f"    if assets > 100:\n    {_TAKE}"),
        {_DEPOSIT, _MINT},
    ),
    "those are asked who deposit before the exit": (
        Change(VAULT, _TAKE, f"{_EXITED}{_TAKE}"),
        {_DEPOSIT, _MINT},
    ),
    "those who mint are not": (
        Change(
            VAULT,
            "    assets: uint256 = self._to_assets_up(shares, s)\n    self._take(assets, shares, receiver, s)\n",
            "    assets: uint256 = self._to_assets_up(shares, s)\n    share_token._mint(receiver, shares)\n",
        ),
        {_MINT},
    ),
    "it is asked in the end": (
        Change(VAULT, _TRANSFER, "".join(reversed(_TRANSFER.splitlines(keepends=True)))),
        {"Vault.transfer"},
    ),
    "the giver is asked": (Change(VAULT, _FROM, _FROM.replace("receiver", "owner")), {"Vault.transferFrom"}),
    "an attestation is looked for, and nobody minds": (
        Change(VAULT, _TRANSFER, _TRANSFER.replace("depositors._only_attested", "good: bool = depositors._may_hold")),
        {"Vault.transfer"},
    ),
    "what is handed in goes to who asks": (
        Change(VAULT, "share_token._transfer(owner, self, shares)", "share_token._transfer(owner, controller, shares)"),
        {"Vault.requestRedeem"},
    ),
    "the keeper is given a share by a rule": (
        Change(ACTIONS, _FINISH, f"{_KEEPER}{_FINISH}"),
        {"Actions.rebalance"},
    ),
    "whoever asks is paid the fees": (
        Change(BOOK, "share_token._mint(fees.fee_recipient, shares)", "share_token._mint(msg.sender, shares)"),
        {"Vault.deposit", "Vault.mint", "Vault.withdraw", "Vault.redeem", "Vault.serve", "Vault.settle",
         "Actions.redeem_in_kind", "Actions.redeem_unwound"},
    ),
    "a way in that is new": (
        Change(
            VAULT,
            "# ── requests: ",
            "@external\ndef give(to: address):\n    share_token._transfer(msg.sender, to, 1)\n\n\n# ── requests: ",
        ),
        {"Vault.give"},
    ),
}  # fmt: skip


QUICK = ("nobody who deposits is asked", "only those are asked who deposit much", "a way in that is new")
"""What every run tries. For each hole Vyper analyses the whole vault again."""


@pytest.mark.parametrize("hole", [pytest.param(one, marks=() if one in QUICK else pytest.mark.long) for one in HOLES])
def test_a_hole_beside_the_gate_is_found(hole: str) -> None:
    change, ways = HOLES[hole]
    assert {one.entry for one in past_the_gate(credits(seeded(change)))} == ways


def test_code_of_somebody_else_is_refused() -> None:
    """What runs by delegatecall runs as the vault: of other code than its actions nothing could be said."""
    change = Change(VAULT, "raw_call(ACTIONS, msg.data", "raw_call(msg.sender, msg.data")
    with pytest.raises(Refused, match="nobody knows whom"):
        credits(seeded(change))


# ── rules ──────────────────────────────────────────────────────────────────────────────────

LEAVING = {"Actions.redeem_in_kind", "Actions.redeem_unwound"}


def who_writes_shares(sources: Sources) -> set[str]:
    """What may be called of the actions and writes anything of the shares, as far as it goes in its own contract."""
    return {
        name_of(function)
        for function in exposed(sources, ACTIONS)
        if not function.is_constructor and any(one.startswith("share_token.") for one in written(function))
    }


@pytest.mark.parametrize("name", STRATEGIES)
def test_no_rule_writes_anything_of_the_shares(name: str) -> None:
    """Nor does the exit, nor what is done within a flash loan: only who leaves burns shares in the actions."""
    vault, sources = emitted(name)
    assert {f"Actions.{rule.name}" for rule in vault.rules} <= {name_of(one) for one in exposed(sources, ACTIONS)}
    assert "Actions.redeem_in_kind" in who_writes_shares(sources) <= LEAVING


def test_a_rule_that_does_is_found() -> None:
    changed = dict(emitted("members")[1])
    read = "    s: book.State = book._refresh(state)\n"
    Change(ACTIONS, read, f"{read}    share_token._burn(self, 1)\n").seed(changed)
    assert who_writes_shares(changed) == {"Actions.rebalance", *LEAVING}
