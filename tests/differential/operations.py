"""What may happen to a vault, as values: Hypothesis draws lists of them, and a failing list can be typed in again.

Amounts are relative where they can be (permille of what the user has, of what the limit allows), so that a random
list does more than revert.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.crypto import keccak
from hypothesis import strategies as st
from msgspec.structs import replace

from differential.pair import Disagreement, Pair
from differential.requests import Claim, Request, Serve, TakeBack
from lab.chain import Reverted as ChainReverted
from lab.eas import EasLab
from lab.sequencer import LONG_AGO
from lab.tokens import Token
from stratc_compiler.interpret import Reverted
from stratc_compiler.standing import Attestation
from vyper_target.vaults import MEMBERSHIP, USDC

WHO = ("owner", "guardian", "keeper", "stranger")


def _address(pair: Pair, who: str) -> str:
    return pair.users[0] if who == "stranger" else str(getattr(pair.chain, who))


def _token(pair: Pair, symbol: str) -> Token:
    return pair.world.token(symbol)


def _fund(pair: Pair, user: str, assets: int) -> None:
    pair.world.usdc.mint(user, assets)
    pair.world.usdc.approve(user, pair.chain.contract)
    pair.market.mint("USDC", user, assets)


# ── users ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Deposit:
    user: int
    assets: int

    def apply(self, pair: Pair) -> None:
        user = pair.users[self.user]
        _fund(pair, user, self.assets)
        pair.send("deposit", user, lambda: pair.machine.deposit(user, self.assets, user), "deposit", self.assets, user)


@dataclass(frozen=True)
class Mint:
    """For another user; with `short` the caller cannot pay."""

    user: int
    receiver: int
    shares: int
    short: bool = False

    def apply(self, pair: Pair) -> None:
        user, receiver = pair.users[self.user], pair.users[self.receiver]
        try:
            needed = pair.machine.preview_mint(self.shares)
        except Reverted:
            needed = 0
        _fund(pair, user, max(needed - pair.market.balance("USDC", user) - self.short, 0))
        pair.send("mint", user, lambda: pair.machine.mint(user, self.shares, receiver), "mint", self.shares, receiver)


@dataclass(frozen=True)
class Withdraw:
    """`permille` of the limit (or, `past` it, of what the shares are worth) and `extra` units."""

    user: int
    receiver: int
    permille: int
    extra: int = 0
    past: bool = False

    def apply(self, pair: Pair) -> None:
        user, receiver = pair.users[self.user], pair.users[self.receiver]
        assets = max(self._whole(pair, user) * self.permille // 1_000 + self.extra, 0)
        pair.send(
            "withdraw",
            user,
            lambda: pair.machine.withdraw(user, assets, receiver),
            "withdraw",
            assets,
            receiver,
            user,
        )

    def _whole(self, pair: Pair, user: str) -> int:
        try:
            if self.past:
                return pair.machine.preview_redeem(pair.machine.balance(user))
            return pair.machine.max_withdraw(user)
        except Reverted:
            return 0


@dataclass(frozen=True)
class Redeem:
    """`permille` of the limit (or, `past` it, of all shares) and `extra` shares; perhaps to the vault itself."""

    user: int
    permille: int
    extra: int = 0
    past: bool = False
    to_vault: bool = False

    def apply(self, pair: Pair) -> None:
        user = pair.users[self.user]
        whole = pair.machine.balance(user) if self.past else pair.machine.max_redeem(user)
        shares = max(whole * self.permille // 1_000 + self.extra, 0)
        receiver = pair.chain.address if self.to_vault else user
        pair.send("redeem", user, lambda: pair.machine.redeem(user, shares, receiver), "redeem", shares, receiver, user)


@dataclass(frozen=True)
class RedeemInKind:
    """`permille` of a user's shares for a part of everything; with `short` the caller cannot pay the debts' part.

    `forgone` has bits of the exit's steps, as the call takes them; some are no venue's.
    """

    user: int
    permille: int
    forgone: int = 0
    short: bool = False

    def apply(self, pair: Pair) -> None:
        user = pair.users[self.user]
        shares = pair.machine.balance(user) * self.permille // 1_000
        if not self.short:
            _fund(pair, user, sum(one.owed for one in pair.market.aave.reserves.values() if one.is_borrowed))
        steps = enumerate(pair.machine.vault.exit_steps)
        forgone = [step.venue for number, step in steps if self.forgone >> number & 1]

        def exact() -> None:
            pair.machine.redeem_in_kind(user, shares, user, forgone)

        pair.send("redeem in kind", user, exact, "redeem_in_kind", shares, user, user, self.forgone)
        given = pair.world.save.contract.call("balanceOf", user), pair.world.weth.balance(user)
        expected = pair.market.save.shares.get(user, 0), pair.market.balance("WETH", user)
        if given != expected:
            raise Disagreement(f"what {user} was given in kind: the machine says {expected}, the chain {given}")


@dataclass(frozen=True)
class RedeemUnwound:
    """`permille` of a user's shares for what their part brings; asks for no less than that and `spare` units."""

    user: int
    permille: int
    spare: int | None = None

    def apply(self, pair: Pair) -> None:
        user = pair.users[self.user]
        shares = pair.machine.balance(user) * self.permille // 1_000
        least = 0 if self.spare is None else max(self._brings(pair, user, shares) + self.spare, 0)
        pair.send(
            "redeem unwound",
            user,
            lambda: pair.machine.redeem_unwound(user, shares, user, least),
            "redeem_unwound",
            shares,
            user,
            user,
            least,
        )

    def _brings(self, pair: Pair, user: str, shares: int) -> int:
        """What the machine would pay, tried and put back."""
        book, market = pair.machine.book.copy(), pair.market.snapshot()
        try:
            return pair.machine.redeem_unwound(user, shares, user)
        except Reverted:
            return 0
        finally:
            pair.machine.book = book
            pair.market.restore(market)


@dataclass(frozen=True)
class Send:
    """Shares from one user to another."""

    user: int
    receiver: int
    permille: int

    def apply(self, pair: Pair) -> None:
        user, receiver = pair.users[self.user], pair.users[self.receiver]
        shares = pair.machine.balance(user) * self.permille // 1_000

        def exact() -> bool:
            pair.machine.transfer(user, receiver, shares)
            return True

        pair.send("send shares", user, exact, "transfer", receiver, shares)


@dataclass(frozen=True)
class Attest:
    """Somebody attests of a user that they belong, for so many seconds (0: for good)."""

    user: int
    seconds: int = 0
    who: str = "attester"
    schema: str = MEMBERSHIP

    def apply(self, pair: Pair) -> None:
        eas, user, who = pair.chain.eas, pair.users[self.user], _address(pair, self.who)
        expires = pair.market.time + self.seconds if self.seconds else 0
        schema = _schema(eas, self.schema)
        uid = eas.attest(who, schema, user, expires)
        pair.market.attestations[uid.hex()] = Attestation(self.schema, who, user, expires)
        pair.tally.done["attest"] += 1


@dataclass(frozen=True)
class Admit:
    """Somebody shows the vault a user's last attestation, or the one so many `before` it; or one that is none."""

    user: int
    before: int = 0

    def apply(self, pair: Pair) -> None:
        uids = _attestations(pair, self.user)
        uid = uids[-1 - self.before] if self.before < len(uids) else "00" * 32
        pair.send("admit", pair.users[2], lambda: pair.machine.admit(uid), "admit", bytes.fromhex(uid))


@dataclass(frozen=True)
class Revoke:
    """The last attestation of a user, by whoever made it."""

    user: int

    def apply(self, pair: Pair) -> None:
        for uid in _attestations(pair, self.user)[-1:]:
            found = pair.market.attestations[uid]
            if not found.revoked:
                pair.chain.eas.revoke(found.attester, _schema(pair.chain.eas, found.schema), bytes.fromhex(uid))
                pair.market.attestations[uid] = replace(found, revoked=True)
                pair.tally.done["revoke"] += 1


def _attestations(pair: Pair, user: int) -> list[str]:
    """Uids, the last one last."""
    return [uid for uid, one in pair.market.attestations.items() if one.recipient == pair.users[user]]


def _schema(eas: EasLab, text: str) -> bytes:
    """The uid of a schema without a resolver, which is registered if it was not."""
    uid = bytes(keccak(text.encode() + bytes(20) + b"\1"))
    if eas.registry.call("getSchema", uid)[0] != uid:
        eas.register(text)
    return uid


# ── gifts ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Donate:
    """Tokens sent to the vault, or supplied, repaid or deposited in its name."""

    kind: str  # idle, supply, repay, save
    token: str
    amount: int

    def apply(self, pair: Pair) -> None:
        getattr(self, f"_{self.kind}")(pair, _token(pair, self.token), pair.chain.address)

    def _idle(self, pair: Pair, token: Token, vault: str) -> None:
        token.mint(vault, self.amount)
        pair.market.mint(token.symbol, vault, self.amount)
        pair.tally.done["donate idle"] += 1

    def _supply(self, pair: Pair, token: Token, vault: str) -> None:
        lab, whale = pair.world.aave, pair.world.whale
        token.provide(whale, lab.pool, self.amount)
        pair.both(
            "donate supply",
            lambda: pair.market.aave.supply(token.symbol, self.amount),
            lambda: lab.pool.send("supply", token, self.amount, vault, 0, sender=whale).value,
        )

    def _repay(self, pair: Pair, token: Token, vault: str) -> None:
        lab, whale = pair.world.aave, pair.world.whale
        token.provide(whale, lab.pool, self.amount)
        pair.both(
            "donate repay",
            lambda: pair.market.aave.repay(token.symbol, self.amount),
            lambda: lab.pool.send("repay", token, self.amount, 2, vault, sender=whale).value,
        )

    def _save(self, pair: Pair, token: Token, vault: str) -> None:
        save, whale = pair.world.save, pair.world.whale
        pair.world.usdc.provide(whale, save.contract, self.amount)
        pair.both(
            "donate save",
            lambda: pair.market.save.deposit(vault, self.amount),
            lambda: save.contract.send("deposit", self.amount, vault, sender=whale).value,
        )


# ── roles ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Run:
    rule: str
    who: str = "keeper"

    def apply(self, pair: Pair) -> None:
        caller = _address(pair, self.who)
        pair.send(self.rule, caller, lambda: pair.machine.run(self.rule, caller), self.rule)


@dataclass(frozen=True)
class Keep:
    """The keeper runs what is due, in order."""

    def apply(self, pair: Pair) -> None:
        for rule in pair.machine.vault.rules:
            if pair.machine.due(rule.name):
                Run(rule.name).apply(pair)
                pair.compare_state()  # before the next rule moves the same positions


@dataclass(frozen=True)
class Settle:
    who: str = "stranger"

    def apply(self, pair: Pair) -> None:
        caller = _address(pair, self.who)
        pair.send("settle", caller, lambda: pair.machine.settle(caller), "settle")


@dataclass(frozen=True)
class Turn:
    """freeze, unfreeze, emergency_exit, accept_prices."""

    call: str
    who: str

    def apply(self, pair: Pair) -> None:
        caller = _address(pair, self.who)
        pair.send(self.call, caller, lambda: getattr(pair.machine, self.call)(caller), self.call)


@dataclass(frozen=True)
class Schedule:
    """The owner announces a call, or `cancel`s one."""

    call: str
    who: str = "owner"
    cancel: bool = False

    def apply(self, pair: Pair) -> None:
        caller, machine = _address(pair, self.who), pair.machine
        fn, exact = ("cancel", machine.cancel) if self.cancel else ("schedule", machine.schedule)
        calldata = bytes(function_signature_to_4byte_selector(self.call))
        pair.send(fn, caller, lambda: exact(caller, self.call), fn, calldata)


# ── the environment ────────────────────────────────────────────────────────────────────────


_SENSIBLE = {"WETH": (300 * 10**8, 2_000 * 10**8, 20_000 * 10**8), "USDC": (9 * 10**7, 10**8, 11 * 10**7)}
"""Lowest, usual and highest answers: what a pool can follow. After an odd answer a move begins from the usual."""


@dataclass(frozen=True)
class Move:
    """A price to `permille` of itself, the pool after it if `arbitrage`."""

    token: str
    permille: int
    arbitrage: bool = True

    def apply(self, pair: Pair) -> None:
        answer = pair.market.feeds[self.token].answer * self.permille // 1_000
        low, usual, high = _SENSIBLE[self.token]
        if not low <= answer <= high:
            answer = usual
        pair.feed(self.token, answer, arbitrage=self.arbitrage)
        pair.tally.done["move price"] += 1


@dataclass(frozen=True)
class Report:
    """A feed reports nonsense: an answer, or an age (negative: from the future)."""

    token: str
    answer: int | None = None
    age: int = 0

    def apply(self, pair: Pair) -> None:
        answer = pair.market.feeds[self.token].answer if self.answer is None else self.answer
        pair.feed(self.token, answer, self.age, arbitrage=False)
        pair.tally.done["odd answer"] += 1


@dataclass(frozen=True)
class Sequencer:
    """The sequencer's feed gives an answer that has held for `age` seconds (negative: from the future; None: never)."""

    answer: int
    age: int | None

    def apply(self, pair: Pair) -> None:
        pair.sequencer(self.answer, self.age)
        pair.tally.done["sequencer"] += 1


@dataclass(frozen=True)
class Mend:
    """Every feed answers again, the sequencer has long been up, and the pool follows."""

    def apply(self, pair: Pair) -> None:
        pair.sequencer(0, LONG_AGO)
        for token, feed in pair.market.feeds.items():
            low, usual, high = _SENSIBLE[token]
            pair.feed(token, feed.answer if low <= feed.answer <= high else usual, arbitrage=False)
        pair.world.arbitrage()
        pair.tally.done["mend feeds"] += 1


@dataclass(frozen=True)
class Wait:
    seconds: int
    refresh: bool = True

    def apply(self, pair: Pair) -> None:
        pair.warp(self.seconds)
        if self.refresh:
            for token, feed in pair.market.feeds.items():
                pair.feed(token, feed.answer, arbitrage=False)
        pair.tally.done["wait"] += 1


@dataclass(frozen=True)
class Save:
    """The savings vault gains, loses (millionths of its assets), or lends out all but a part."""

    kind: str  # gain, lose, lend
    millionths: int

    def apply(self, pair: Pair) -> None:
        save, books = pair.world.save, pair.market.save
        amount = books.total_assets * self.millionths // 10**6
        if self.kind == "gain":
            save.gain(amount)
            books.total_assets += amount
        elif self.kind == "lose":
            save.lose(amount)
            books.total_assets -= amount
        else:
            save.limit_liquidity(amount)
            books.lent_out = books.total_assets - amount
        pair.tally.done[f"save: {self.kind}"] += 1


@dataclass(frozen=True)
class Whale:
    """Somebody else borrows from Aave what is there (permille), or repays: rates and liquidity move."""

    token: str
    permille: int

    def apply(self, pair: Pair) -> None:
        token, lab, whale = _token(pair, self.token), pair.world.aave, pair.world.whale
        reserve = pair.market.aave.reserves[self.token]
        amount = reserve.available * self.permille // 1_000
        try:
            lab.borrow(whale, token, amount)
        except ChainReverted:
            return
        reserve.available -= amount
        pair.tally.done["whale borrows"] += 1


@dataclass(frozen=True)
class WhaleRepays:
    token: str

    def apply(self, pair: Pair) -> None:
        token, lab, whale = _token(pair, self.token), pair.world.aave, pair.world.whale
        owed, reserve = lab.owed(whale, token), pair.market.aave.reserves[self.token]
        if owed and not reserve.paused:
            token.provide(whale, lab.pool, owed)
            reserve.available += int(lab.repay(whale, token).value)
            pair.tally.done["whale repays"] += 1


@dataclass(frozen=True)
class Flag:
    """Aave freezes or pauses a reserve, or lifts that."""

    kind: str  # freeze, pause
    token: str
    on: bool

    def apply(self, pair: Pair) -> None:
        getattr(pair.world.aave, self.kind)(_token(pair, self.token), self.on)
        reserve = pair.market.aave.reserves[self.token]
        if self.kind == "freeze":
            reserve.frozen = self.on
        else:
            reserve.paused = self.on
        pair.tally.done["reserve flags"] += 1


@dataclass(frozen=True)
class Liquidate:
    """Somebody tries; a success tells how much."""

    permille: int

    def apply(self, pair: Pair) -> None:
        world, vault = pair.world, pair.chain.address
        owed = pair.market.aave.reserves["USDC"].owed * self.permille // 1_000
        world.usdc.provide(world.arbitrageur, world.aave.pool, owed)
        try:
            receipt = world.aave.liquidate(world.arbitrageur, vault, world.weth, world.usdc, owed)
        except ChainReverted as reverted:
            if _can_be_liquidated(pair) and reverted.reason not in _NOT_NOW:
                raise Disagreement(f"not liquidated: {reverted.reason}") from reverted
            pair.tally.reverted["liquidate"] += 1
            return
        event = receipt.event("LiquidationCall")
        seized, repaid = event["liquidatedCollateralAmount"], event["debtToCover"]
        pair.market.aave.liquidated("WETH", seized, "USDC", repaid)
        pair.tally.done["liquidate"] += 1


_NOT_NOW = {"25", "26", "29", "SafeMath: subtraction overflow", "Panic(0x11)"}
"""Aave's reasons that are not about health: sizes that round to nothing, nothing to repay, a paused reserve,
collateral that is lent out (the last two: in the token, or already in the interest rate's strategy)."""


def _can_be_liquidated(pair: Pair) -> bool:
    try:
        return pair.market.aave.data().health < 10**18
    except Reverted:
        return False


@dataclass(frozen=True)
class Crash:
    """WETH falls to where the health factor is about this (permille), and somebody liquidates a part."""

    permille: int

    def apply(self, pair: Pair) -> None:
        if pair.market.aave.reserves["USDC"].is_borrowed and all(map(pair.market.usable, pair.market.feeds)):
            Move("WETH", self.permille * 10**18 // max(pair.market.aave.data().health, 1)).apply(pair)
            Liquidate(300).apply(pair)


Operation = (
    Deposit
    | Mint
    | Withdraw
    | Redeem
    | RedeemInKind
    | RedeemUnwound
    | Request
    | Serve
    | TakeBack
    | Claim
    | Send
    | Attest
    | Admit
    | Revoke
    | Donate
    | Run
    | Keep
    | Settle
    | Turn
    | Move
    | Report
    | Sequencer
    | Mend
    | Wait
    | Save
    | Whale
    | WhaleRepays
    | Flag
    | Liquidate
    | Crash
)


# ── strategies ─────────────────────────────────────────────────────────────────────────────

_USER = st.integers(0, 2)
_PERMILLE = st.integers(0, 1_000) | st.just(1_000)
_EXTRA = st.sampled_from([0, 0, 0, -1, 1])
_AMOUNT = st.integers(1, 10**6 * USDC) | st.sampled_from([0, 1, 10**13])
_SECONDS = st.sampled_from([12, 3_600, 86_400]) | st.integers(1, 30 * 86_400)


def operations(
    rules: tuple[str, ...], *, attested: bool = False, guarded: bool = False
) -> st.SearchStrategy[Operation]:
    """Any of them, the useful ones more often than the odd ones; of attestations only where the vault asks for them,
    of the guard where it has one."""
    usual: list[st.SearchStrategy[Operation]] = [
        st.builds(Deposit, _USER, _AMOUNT),
        st.builds(Mint, _USER, _USER, st.integers(0, 10**24), st.sampled_from([False, False, True])),
        st.builds(Withdraw, _USER, _USER, _PERMILLE, _EXTRA, st.booleans()),
        st.builds(Redeem, _USER, _PERMILLE, _EXTRA, st.booleans()),
        st.builds(Keep),
        st.builds(Keep),
        st.builds(Move, st.just("WETH"), st.integers(780, 1_250)),
        st.builds(Move, st.just("WETH"), st.integers(930, 1_070)),
        st.builds(Wait, _SECONDS),
        st.builds(Settle),
        st.builds(Save, st.just("gain"), st.integers(0, 20_000)),
        st.builds(Save, st.just("lose"), st.integers(0, 3_000)),
        st.builds(Run, st.sampled_from(rules), st.sampled_from(["keeper", "keeper", *WHO])),
    ]
    odd: list[st.SearchStrategy[Operation]] = [
        st.builds(Redeem, _USER, _PERMILLE, to_vault=st.just(True)),
        st.builds(RedeemInKind, _USER, st.integers(0, 300), st.sampled_from([0, 0, 0, 1, 2, 3, 8]), st.just(False)),
        st.builds(RedeemInKind, _USER, _PERMILLE, st.just(0), st.booleans()),
        st.builds(RedeemUnwound, _USER, st.integers(0, 300)),
        st.builds(RedeemUnwound, _USER, st.integers(0, 300)),
        st.builds(RedeemUnwound, _USER, _PERMILLE, st.sampled_from([-1, 0, 0, 1])),
        st.builds(Request, _USER, _PERMILLE),
        st.builds(Request, _USER, st.integers(0, 300), _USER),
        st.builds(Request, _USER, st.integers(0, 300)),
        st.builds(Serve),
        st.builds(Serve),
        st.builds(Serve, st.integers(0, 3)),
        st.builds(TakeBack, _USER, st.integers(0, 3)),
        st.builds(Claim, _USER, st.integers(0, 3)),
        st.builds(Claim, _USER, st.integers(0, 3), _USER),
        st.builds(Send, _USER, _USER, _PERMILLE),
        st.builds(Donate, st.just("idle"), st.sampled_from(["USDC", "WETH"]), st.integers(1, 10**12)),
        st.builds(Donate, st.just("supply"), st.sampled_from(["USDC", "WETH"]), st.integers(1, 10**12)),
        st.builds(Donate, st.sampled_from(["repay", "save"]), st.just("USDC"), st.integers(1, 10**11)),
        st.builds(Turn, st.sampled_from(["freeze", "unfreeze", "unfreeze", "unfreeze"]), st.sampled_from(WHO)),
        st.builds(Turn, st.just("unfreeze"), st.just("owner")),
        st.builds(Turn, st.just("emergency_exit"), st.just("stranger")),
        st.builds(Move, st.just("USDC"), st.integers(985, 1_015)),
        st.builds(Move, st.just("WETH"), st.integers(500, 1_900), st.booleans()),
        st.builds(Move, st.just("WETH"), st.integers(990, 1_010), st.just(False)),
        st.builds(Report, st.sampled_from(["USDC", "WETH"]), st.sampled_from([0, -1, 2**128, 2**128 + 1])),
        st.builds(Report, st.sampled_from(["USDC", "WETH"]), age=st.sampled_from([-1, 3_600, 3_601, 86_400, 86_401])),
        st.builds(Sequencer, st.sampled_from([0, 1]), st.sampled_from([None, -1, 0, 3_600, 3_601])),
        st.builds(Mend),
        st.builds(Mend),
        st.builds(Wait, _SECONDS, st.just(False)),
        st.builds(Save, st.just("lend"), st.integers(0, 1_000_000)),
        st.builds(Save, st.just("lend"), st.just(1_000_000)),
        st.builds(Save, st.sampled_from(["gain", "lose"]), st.integers(0, 400_000)),
        st.builds(Whale, st.sampled_from(["USDC", "WETH"]), st.sampled_from([500, 990, 1_000])),
        st.builds(WhaleRepays, st.sampled_from(["USDC", "WETH"])),
        st.builds(Flag, st.sampled_from(["freeze", "pause"]), st.sampled_from(["USDC", "WETH"]), st.booleans()),
        st.builds(Flag, st.sampled_from(["freeze", "pause"]), st.sampled_from(["USDC", "WETH"]), st.just(False)),
        st.builds(Liquidate, st.sampled_from([100, 500, 1_000])),
        st.builds(Crash, st.integers(850, 1_100)),
        st.builds(Crash, st.integers(850, 1_000)),
    ]
    about_attestations: list[st.SearchStrategy[Operation]] = [
        st.builds(Attest, _USER, st.just(0)),
        st.builds(Attest, _USER, _SECONDS),
        st.builds(Attest, _USER, st.just(0), st.sampled_from(WHO)),
        st.builds(Attest, _USER, st.just(0), schema=st.just("bool isGuest")),
        st.builds(Admit, _USER),
        st.builds(Admit, _USER),
        st.builds(Admit, _USER, st.integers(0, 3)),
        st.builds(Revoke, _USER),
        st.builds(Send, _USER, _USER, _PERMILLE),
    ]
    if guarded:
        usual += [st.builds(Turn, st.just("accept_prices"), st.just("owner"))] * 2
        odd += [st.builds(Turn, st.just("accept_prices"), st.sampled_from(WHO))]
    if attested:
        odd += about_attestations * 2
    return st.sampled_from([*usual, *usual, *usual, *odd]).flatmap(lambda one: one)


def last_operations() -> st.SearchStrategy[list[Operation]]:
    """The exit, and what users do after it."""
    after = st.one_of(
        st.builds(Redeem, _USER, _PERMILLE, _EXTRA, st.booleans()),
        st.builds(Withdraw, _USER, _USER, _PERMILLE, _EXTRA, st.booleans()),
        st.builds(RedeemInKind, _USER, _PERMILLE),
        st.builds(RedeemUnwound, _USER, _PERMILLE),
        st.builds(Request, _USER, _PERMILLE),
        st.builds(Serve),
        st.builds(TakeBack, _USER, st.integers(0, 3)),
        st.builds(Claim, _USER, st.integers(0, 3)),
        st.builds(Deposit, _USER, _AMOUNT),
        st.builds(Keep),
        st.builds(Turn, st.sampled_from(["emergency_exit", "freeze", "unfreeze"]), st.sampled_from(WHO)),
        st.builds(Donate, st.just("idle"), st.sampled_from(["USDC", "WETH"]), st.integers(1, 10**12)),
        st.builds(Save, st.just("lend"), st.just(1_000_000)),
        st.builds(Report, st.just("USDC"), st.just(0)),
        st.builds(Wait, _SECONDS, st.booleans()),
        st.builds(Mend),
    )
    exits = st.builds(Turn, st.just("emergency_exit"), st.sampled_from(["owner", "guardian"]))
    before: st.SearchStrategy[list[Operation]] = st.sampled_from([[], calm()])
    return st.builds(
        lambda first, one, rest: [*first, one, *rest], before, exits, st.lists(after, min_size=4, max_size=8)
    )


def calm() -> list[Operation]:
    """The market as it mostly is: feeds answer, venues can pay."""
    flags = [Flag(kind, token, False) for kind in ("freeze", "pause") for token in ("USDC", "WETH")]
    return [*flags, Mend(), Save("lend", 1_000_000), WhaleRepays("USDC"), WhaleRepays("WETH")]
