"""A sequencer's uptime feed as Chainlink has it: 0 is up, 1 is down, `startedAt` since when."""

from __future__ import annotations

from dataclasses import dataclass

from lab.artifacts import HERE, vyper_artifact
from lab.interface import Chain, Contract

LONG_AGO = 30 * 86_400
"""Seconds for which the sequencer has been up where nobody says otherwise."""


@dataclass(frozen=True)
class Sequencer:
    """The feed and the account that may set it."""

    contract: Contract
    owner: str

    @property
    def address(self) -> str:
        return self.contract.address

    def since(self) -> int:
        """When its last answer began."""
        return int(self.contract.call("latestRoundData")[2])

    def report(self, answer: int, since: int) -> None:
        """Any answer, said to hold since a time, also one that a careful reader refuses."""
        now = self.contract.call("latestTimestamp")
        round_id = self.contract.call("latestRound") + 1
        self.contract.send("set_round", round_id, answer, since, now, round_id, sender=self.owner)


def deploy_sequencer(chain: Chain, admin: str) -> Sequencer:
    """The feed of a sequencer that is up."""
    artifact = vyper_artifact(HERE / "feed.vy")
    sequencer = Sequencer(chain.deploy_artifact(artifact, "L2 Sequencer Uptime", 0, 0, sender=admin), admin)
    sequencer.report(0, chain.timestamp() - LONG_AGO)
    return sequencer
