"""Tokens that misbehave: taken as they are where that is safe, refused where it is not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lab.artifacts import vyper_artifact
from lab.chain import Contract, Reverted
from lab.world import World
from vyper_target.probes import HERE
from vyper_target.vaults import Deployed, deploy, proved

NOTHING, TRUE, FALSE = 0, 1, 2


@dataclass(frozen=True)
class Holding:
    """A vault that only holds, over the hostile token, and a user with tokens approved to it."""

    vault: Deployed
    token: Contract
    user: str

    def refusal(self, fn: str, *args: object) -> str:
        with pytest.raises(Reverted) as caught:
            self.vault.contract.send(fn, *args, sender=self.user)
        return caught.value.reason


@pytest.fixture
def holding(revm_world: World) -> Holding:
    token = revm_world.chain.deploy_artifact(vyper_artifact(HERE / "hostile_token.vy"))
    token.send("set_habits", TRUE, 0)
    text = (HERE / "idle.strat").read_text(encoding="utf-8")
    vault = deploy(revm_world, proved(text, "idle.strat"), token_usdc=token)
    user = revm_world.users[0]
    token.send("mint", user, 10**9)
    token.send("allow", user, vault.contract, 10**9)
    return Holding(vault, token, user)


@pytest.mark.parametrize("answer", [NOTHING, TRUE])
def test_a_token_may_answer_true_or_nothing(holding: Holding, answer: int) -> None:
    holding.token.send("set_habits", answer, 0)
    vault, user = holding.vault.contract, holding.user
    vault.send("deposit", 10**8, user, sender=user)
    vault.send("withdraw", 10**7, user, user, sender=user)
    assert holding.token.call("balanceOf", vault) == 9 * 10**7


def test_a_token_that_answers_false_moves_nothing(holding: Holding) -> None:
    holding.vault.contract.send("deposit", 10**8, holding.user, sender=holding.user)
    holding.token.send("set_habits", FALSE, 0)
    assert holding.refusal("deposit", 10**8, holding.user) == "tokens: not taken"
    assert holding.refusal("withdraw", 10**7, holding.user, holding.user) == "tokens: not paid"


def test_a_token_that_keeps_a_fee_is_refused(holding: Holding) -> None:
    holding.token.send("set_habits", TRUE, 1)
    assert holding.refusal("deposit", 10**8, holding.user) == "tokens: fee on transfer"


@pytest.mark.parametrize("entry", [1, 2, 3])
def test_nobody_enters_or_looks_while_the_vault_is_in_the_middle(holding: Holding, entry: int) -> None:
    """Neither a state-changing call nor a view: half-moved balances are no price."""
    holding.vault.contract.send("deposit", 10**8, holding.user, sender=holding.user)
    holding.token.send("attack", holding.vault.contract, entry)
    assert holding.refusal("deposit", 10**8, holding.user) == ""
    assert holding.refusal("withdraw", 10**7, holding.user, holding.user) == ""
    holding.token.send("attack", holding.vault.contract, 0)
    holding.vault.contract.send("withdraw", 10**7, holding.user, holding.user, sender=holding.user)
