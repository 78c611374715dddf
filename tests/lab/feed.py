"""The settable price feed (feed.vy) that the vault and Aave's oracle both read."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lab.artifacts import HERE, vyper_artifact
from lab.interface import Chain, Contract
from lab.tokens import Number


@dataclass(frozen=True)
class Feed:
    """A Chainlink-like aggregator and the account that may set it."""

    contract: Contract
    owner: str
    decimals: int

    @property
    def address(self) -> str:
        return self.contract.address

    def price(self) -> Fraction:
        """The answer in dollars."""
        return Fraction(self.contract.call("latestAnswer"), 10**self.decimals)

    def updated_at(self) -> int:
        """When the answer was given."""
        return int(self.contract.call("latestTimestamp"))

    def set(self, usd: Number) -> None:
        """A new round, now."""
        self.contract.send("set_answer", int(Fraction(usd) * 10**self.decimals // 1), sender=self.owner)

    def refresh(self) -> None:
        """The same answer in a new round, now."""
        self.contract.send("set_answer", self.contract.call("latestAnswer"), sender=self.owner)

    def set_raw(
        self,
        *,
        answer: int | None = None,
        updated_at: int | None = None,
        round_id: int | None = None,
        answered_in: int | None = None,
    ) -> None:
        """Any round, also one that a careful reader refuses; what is not given stays as it is."""
        current = self.contract.call("latestRoundData")
        given = (round_id, answer, None, updated_at, answered_in)
        fields = (old if new is None else new for old, new in zip(current, given, strict=True))
        self.contract.send("set_round", *fields, sender=self.owner)


def deploy_feed(chain: Chain, admin: str, description: str, usd: Number, decimals: int = 8) -> Feed:
    """A feed with its first answer."""
    answer = int(Fraction(usd) * 10**decimals // 1)
    artifact = vyper_artifact(HERE / "feed.vy")
    return Feed(chain.deploy_artifact(artifact, description, decimals, answer, sender=admin), admin, decimals)
