"""Vaults in every state that the standard speaks of: which vault, over what token, and what has happened to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab.artifacts import npm_artifact
from lab.chain import Chain, Contract, Receipt, Reverted
from lab.tokens import Token
from lab.world import World
from vyper_target.vaults import Deployed, deploy, example, proved

UNLIMITED = 2**256 - 1
NOBODY = "0x" + "00" * 20
RICH = 10**6
"""Whole tokens: what one caller brings at most, so that no bound of the lab's venues is met."""


@dataclass(frozen=True)
class Subject:
    """A vault, its asset and its holders; `made` is the rest of it where it is one of ours."""

    world: World
    vault: Contract
    asset: Token
    made: Deployed | None = None

    @property
    def chain(self) -> Chain:
        return self.world.chain

    @property
    def holders(self) -> tuple[str, str]:
        """Who has shares, if anybody has."""
        return self.world.users[0], self.world.users[1]

    @property
    def stranger(self) -> str:
        """Who has no shares and no role."""
        return self.world.users[2]

    @property
    def ours(self) -> Deployed:
        assert self.made is not None
        return self.made

    def call(self, fn: str, *args: object, sender: str | None = None) -> int:
        return int(self.vault.call(fn, *args, sender=sender))

    def send(self, fn: str, *args: object, sender: str) -> Receipt:
        return self.vault.send(fn, *args, sender=sender)

    def refused(self, fn: str, *args: object, sender: str) -> bool:
        """Whether the call reverts; where it does not it has left no trace either."""
        with restored(self.chain):
            try:
                self.send(fn, *args, sender=sender)
            except Reverted:
                return True
            return False

    def enter(self, fn: str, amount: int, user: str) -> int:
        """`deposit` or `mint` for oneself, with all the assets that it can need."""
        self.asset.provide(user, self.vault, 10 ** (self.asset.decimals + 15))
        return int(self.send(fn, amount, user, sender=user).value)

    def leave(self, fn: str, amount: int, user: str) -> int:
        """`withdraw` or `redeem` of one's own."""
        return int(self.send(fn, amount, user, user, sender=user).value)

    def shares(self, user: str) -> int:
        return self.call("balanceOf", user)

    def supply(self) -> int:
        """All shares, with those that fees are due to mint: what conversions, previews and limits count."""
        due = self.ours.state().get("supply") if self.made and self.made.model.charge and not self._is_over() else None
        return self.call("totalSupply") if due is None else due

    def _is_over(self) -> bool:
        return self.call("mode") > 1

    def round_allowance(self) -> int:
        """What of the round is left to who withdraws at once, behind those who wait."""
        if self.made is None or not self.made.model.queues:
            return self.call("round_allowance") if self.made else UNLIMITED
        return max(self.call("round_allowance") - self.call("previewMint", self.call("shares_requested")), 0)

    def most_in(self) -> int:
        """Assets that may come in and be taken out again at once."""
        rich = RICH * 10**self.asset.decimals
        return min(rich, self.call("maxDeposit", self.holders[0]), self.round_allowance())


@contextmanager
def restored(chain: Chain) -> Iterator[None]:
    """Everything that happens inside is undone."""
    start = chain.snapshot()
    try:
        yield
    finally:
        chain.revert(start)


# ── the vaults ─────────────────────────────────────────────────────────────────────────────


def _token(world: World, decimals: int) -> Token:
    artifact = npm_artifact("@aave/core-v3", "mocks/tokens/MintableERC20")
    return Token(world.chain.deploy_artifact(artifact, "Dollar", "USDC", decimals), "USDC", decimals)


def plain(world: World, decimals: int) -> Subject:
    """The vault that only holds."""
    given, token = example("idle"), _token(world, decimals)
    text = given.verification.source.text.replace("decimals: 6", f"decimals: {decimals}")
    made = deploy(world, proved(text, f"idle{decimals}.strat"), token_usdc=token.contract)
    return Subject(world, made.contract, token, made)


def invested(world: World, name: str) -> Subject:
    """An example with two holders, its assets where its strategy wants them, in its first round."""
    made = deploy(world, example(name))
    subject = Subject(world, made.contract, world.usdc, made)
    held(subject)
    made.run("rebalance")
    return subject


def members(world: World) -> Subject:
    """The savings account for members; everybody here is one."""
    made = deploy(world, example("members"))
    subject = Subject(world, made.contract, world.usdc, made)
    for user in (*subject.holders, subject.stranger):
        subject.send("admit", made.eas.attest(made.attester, made.call("SCHEMA"), user), sender=user)
    held(subject)
    made.run("rebalance")
    return subject


def held(subject: Subject) -> Subject:
    """Two holders with two thirds and one third."""
    for user, whole in zip(subject.holders, (100_000, 50_000), strict=True):
        subject.enter("deposit", whole * 10**subject.asset.decimals, user)
    return subject


# ── what has happened ──────────────────────────────────────────────────────────────────────


def donated(subject: Subject, whole: int = 7_777) -> Subject:
    """Somebody gave it assets, and one unit so that nothing divides."""
    subject.asset.mint(subject.vault.address, whole * 10**subject.asset.decimals + 1)
    return subject


def gained(subject: Subject) -> Subject:
    """Its savings earned something."""
    subject.world.save.gain(31_234_567_891)
    return subject


def lost(subject: Subject) -> Subject:
    """Its savings lost a hundredth."""
    subject.world.save.lose(subject.world.save.total_assets() // 101)
    return subject


def slept(subject: Subject) -> Subject:
    """A month went by in which nobody called it: what fees there are for time are due."""
    subject.world.warp(30 * 86_400, refresh=True)
    return subject


def fallen(subject: Subject) -> Subject:
    """Ether fell by five percent and a bit."""
    subject.world.set_price("WETH", 1_893)
    return subject


def waiting(subject: Subject) -> Subject:
    """One has been served and has not claimed, one still waits."""
    first, second = subject.holders
    subject.send("requestRedeem", 3_000 * 10**18 + 7, first, first, sender=first)
    subject.send("serve", 1, sender=second)
    subject.send("requestRedeem", 2_000 * 10**18 + 1, second, second, sender=second)
    return subject


def one_unit(subject: Subject) -> Subject:
    """One holder with one unit, and a gift: the state in which others' vaults were robbed."""
    subject.enter("deposit", 1, subject.holders[0])
    return donated(subject)


SITUATIONS: dict[str, Callable[[World], Subject]] = {
    "plain 6, one unit and a gift": lambda world: one_unit(plain(world, 6)),
    "plain 8, donation": lambda world: donated(held(plain(world, 8))),
    "plain 18": lambda world: held(plain(world, 18)),
    "plain 18, donation": lambda world: donated(held(plain(world, 18))),
    "treasury, gain": lambda world: gained(invested(world, "treasury")),
    "treasury, loss": lambda world: lost(invested(world, "treasury")),
    "treasury, requests": lambda world: waiting(invested(world, "treasury")),
    "carry": lambda world: invested(world, "eth_carry"),
    "carry, fall": lambda world: fallen(invested(world, "eth_carry")),
    "office": lambda world: invested(world, "office"),
    "office, donation": lambda world: donated(invested(world, "office")),
    "fund, gain": lambda world: gained(slept(invested(world, "fund"))),
    "fund, loss": lambda world: lost(slept(invested(world, "fund"))),
    "members": members,
}
"""Where somebody holds shares. The empty vault is tried apart."""
