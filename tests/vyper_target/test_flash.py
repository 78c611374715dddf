"""Who may call back with a flash loan: the lender that was asked, with that very loan, once."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lab.chain import Contract, Reverted
from lab.world import World
from vyper_target.probes import probe

TOKEN, OTHER = "0x" + "11" * 20, "0x" + "22" * 20
AMOUNT, DUE, PLAN = 1_000, 1_001, 3


@dataclass(frozen=True)
class Asking:
    """A contract that asks for a loan, and the lender, who calls back as it is told."""

    contract: Contract
    lender: Contract

    def told(
        self, token: str = TOKEN, amount: int = AMOUNT, owed: int = DUE, initiator: str | None = None, times: int = 1
    ) -> None:
        accept = self.contract.abi.function("accept", 4)
        payload = accept.encode([token, amount, owed, initiator or self.contract.address])
        self.lender.send("tell", self.contract, payload, times)

    def ask(self) -> None:
        self.contract.send("ask", self.lender, TOKEN, AMOUNT, DUE, PLAN)


@pytest.fixture
def asking(revm_world: World) -> Asking:
    chain = revm_world.chain
    return Asking(probe(chain, "flash_probe"), probe(chain, "flash_lender"))


@pytest.mark.parametrize("owed", [AMOUNT, DUE])
def test_the_loan_that_is_expected_is_gone_on_with(asking: Asking, owed: int) -> None:
    asking.told(owed=owed)
    asking.ask()
    assert asking.contract.call("plan") == PLAN


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"token": OTHER}, "flash: another loan"),
        ({"amount": AMOUNT - 1}, "flash: another loan"),
        ({"amount": AMOUNT + 1}, "flash: another loan"),
        ({"initiator": OTHER}, "flash: another loan"),
        ({"owed": DUE + 1}, "flash: costs more than was proved"),
        ({"times": 2}, "flash: not expected"),
        ({"times": 0}, "flash: did not come"),
    ],
)
def test_no_other_loan_comes_in(asking: Asking, given: dict[str, object], reason: str) -> None:
    asking.told(**given)  # type: ignore[arg-type]
    with pytest.raises(Reverted, match=reason):
        asking.ask()


def test_nobody_comes_in_unasked(asking: Asking) -> None:
    asking.told()
    with pytest.raises(Reverted, match="flash: not expected"):
        asking.lender.send("called")
    asking.ask()
    with pytest.raises(Reverted, match="flash: not expected"):
        asking.lender.send("called")


def test_nobody_else_comes_in(asking: Asking, revm_world: World) -> None:
    """Another contract is called in the lender's place, and calls back with the very loan."""
    other = probe(revm_world.chain, "flash_lender")
    accept = asking.contract.abi.function("accept", 4)
    other.send("tell", asking.contract, accept.encode([TOKEN, AMOUNT, DUE, asking.contract.address]), 1)
    asking.lender.send("tell", other, other.abi.function("called", 0).encode([]), 1)
    with pytest.raises(Reverted, match="flash: not expected"):
        asking.ask()
