"""Random operations: what Hypothesis draws, the useful ones more often than the odd ones."""

from __future__ import annotations

from hypothesis import strategies as st

from differential.operations import (
    Admit,
    Attest,
    Claim,
    Crash,
    CrashAtMorpho,
    Deposit,
    Donate,
    Flag,
    Keep,
    Liquidate,
    LiquidateAtMorpho,
    Mend,
    Mint,
    Misprice,
    Move,
    MovePool,
    Observe,
    Operation,
    Others,
    Present,
    PresentLiquidity,
    Redeem,
    RedeemInKind,
    RedeemUnwound,
    Report,
    Request,
    Revoke,
    Run,
    Save,
    Send,
    Sequencer,
    Serve,
    Settle,
    TakeBack,
    TradeInPool,
    Turn,
    Wait,
    Whale,
    WhaleRepays,
    Withdraw,
)
from differential.operations.roles import WHO
from vyper_target.vaults import USDC

_USER = st.integers(0, 2)
_PERMILLE = st.integers(0, 1_000) | st.just(1_000)
_EXTRA = st.sampled_from([0, 0, 0, -1, 1])
_AMOUNT = st.integers(1, 10**6 * USDC) | st.sampled_from([0, 1, 10**13])
_SECONDS = st.sampled_from([12, 3_600, 86_400]) | st.integers(1, 30 * 86_400)


def operations(
    rules: tuple[str, ...],
    *,
    attested: bool = False,
    guarded: bool = False,
    morpho: bool = False,
    bitcoin: bool = False,
    observes: bool = False,
    liquidity: bool = False,
) -> st.SearchStrategy[Operation]:
    """Any of them, the useful ones more often than the odd ones; of attestations only where the vault asks for them,
    of the guard where it has one, of Morpho where it borrows there, of bitcoin where the market has it, of
    observations where the vault keeps some, and of a pool where it provides liquidity."""
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
    ]
    odd += _at_morpho() if morpho else _at_aave()
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
    if observes:
        usual += [st.builds(Observe)] * 2
    if liquidity:
        usual += _in_the_pool()
    if attested:
        odd += about_attestations * 2
    if bitcoin:
        usual += [st.builds(Move, st.just("WBTC"), st.integers(830, 1_180))]
        odd += _of_bitcoin()
    return st.sampled_from([*usual, *usual, *usual, *odd]).flatmap(lambda one: one)


def _of_bitcoin() -> list[st.SearchStrategy[Operation]]:
    return [
        st.builds(Move, st.just("WBTC"), st.integers(500, 1_900), st.booleans()),
        st.builds(Donate, st.sampled_from(["idle", "supply"]), st.just("WBTC"), st.integers(1, 10**8)),
        st.builds(Whale, st.just("WBTC"), st.sampled_from([500, 990, 1_000])),
        st.builds(WhaleRepays, st.just("WBTC")),
        st.builds(Flag, st.sampled_from(["freeze", "pause"]), st.just("WBTC"), st.booleans()),
        st.builds(Flag, st.sampled_from(["freeze", "pause"]), st.just("WBTC"), st.just(False)),
        st.builds(Report, st.just("WBTC"), age=st.sampled_from([-1, 3_600, 3_601])),
    ]


def _in_the_pool() -> list[st.SearchStrategy[Operation]]:
    """Where a pool that has gone astray is mostly brought back by the next price."""
    return [
        st.builds(TradeInPool, st.just("WETH"), st.integers(1, 3_000)),
        st.builds(TradeInPool, st.just("USDC"), st.integers(1, 6_000_000)),
        st.builds(MovePool, st.integers(990_000, 1_010_000)),
        st.builds(MovePool, st.sampled_from([500_000, 992_500, 999_000, 1_001_000, 1_007_500, 2_000_000])),
        st.builds(PresentLiquidity, st.integers(0, 100_000)),
    ]


def _at_aave() -> list[st.SearchStrategy[Operation]]:
    """What others do there, and what becomes of a loan."""
    return [
        st.builds(Whale, st.sampled_from(["USDC", "WETH"]), st.sampled_from([500, 990, 1_000])),
        st.builds(WhaleRepays, st.sampled_from(["USDC", "WETH"])),
        st.builds(Flag, st.sampled_from(["freeze", "pause"]), st.sampled_from(["USDC", "WETH"]), st.booleans()),
        st.builds(Flag, st.sampled_from(["freeze", "pause"]), st.sampled_from(["USDC", "WETH"]), st.just(False)),
        st.builds(Liquidate, st.sampled_from([100, 500, 1_000])),
        st.builds(Crash, st.integers(850, 1_100)),
        st.builds(Crash, st.integers(850, 1_000)),
    ]


def _at_morpho() -> list[st.SearchStrategy[Operation]]:
    """What others do there; an oracle that is off is mostly mended."""
    kinds = st.sampled_from(["borrow", "repay", "lend", "withdraw"])
    return [
        st.builds(Others, kinds, st.integers(0, 300)),
        st.builds(Others, kinds, st.sampled_from([900, 1_000])),
        st.builds(Others, st.just("lend"), st.integers(100, 1_000)),
        st.builds(Present, st.sampled_from(["collateral", "repayment"]), st.integers(1, 10**9)),
        st.builds(LiquidateAtMorpho, st.sampled_from([100, 500, 1_000])),
        st.builds(CrashAtMorpho, st.integers(800, 1_100)),
        st.builds(CrashAtMorpho, st.integers(800, 1_000)),
        st.builds(Misprice, st.sampled_from([700, 970, 1_000, 1_000, 1_030])),
        st.builds(Misprice, st.just(1_000)),
    ]


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
