"""`backed(v)`: a vault of vaults is proved on what its inner vault is proved to do, and on nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from proofs.strategies import claim, refuted, source_of
from stratc.analysis import Model, load_source
from stratc.audit import derived
from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.audit import Refused, audit
from stratc_compiler.backing import backings
from stratc_compiler.certificate import certificate_json
from stratc_compiler.claims import claims_of
from stratc_compiler.driver import Options, verify
from stratc_compiler.environment import box_of, share_of_a_round
from stratc_compiler.findings import answer_all
from stratc_compiler.holding import of_a_round
from stratc_compiler.judge import judge
from stratc_compiler.margins import margins, repairs
from stratc_compiler.recall import Forgetful, Past
from stratc_compiler.resting import claims_resting
from stratc_compiler.verdict import Guardian, Proved, Refuted, Unknown, Verdict, Verification
from stratc_dsl.span import Source
from stratc_targets.keeper.alarms import alarms, grounds_of
from stratc_targets.venues import venue_factories

Change = tuple[str, str]

ONE_PROCESS = Options(workers=1)


def model(outer: tuple[Change, ...] = (), inner: tuple[Change, ...] = ()) -> Model:
    """The vault of vaults, with its text or that of the treasury changed."""
    treasury = source_of("treasury", *inner).text
    loaded = load_source(source_of("vault_of_vaults", *outer), read=lambda path: {"treasury.strat": treasury}[path])
    assert not loaded.faulty, "\n".join(problem.text for problem in loaded.problems)
    return loaded.models[0]


def of(outer: tuple[Change, ...] = (), inner: tuple[Change, ...] = ()) -> Verification:
    return verify(model(outer, inner).vault, model(outer, inner).source, ONE_PROCESS)


def backed(outer: tuple[Change, ...] = (), inner: tuple[Change, ...] = ()) -> Verdict:
    """The verdict on what is derived of the inner vault, without what that one claims itself."""
    vault = model(outer, inner).vault
    spec = next(one for one in claims_of(vault, box_of(vault)) if one.name == "backed(inner)")
    past = Past(Forgetful(), ONE_PROCESS.effort, vault)
    (answers,), _ = answer_all((spec,), past, 1)
    return judge(spec, answers, box_of(vault), past).verdict


@pytest.fixture(scope="module")
def verification() -> Verification:
    return of()


def test_it_is_proved(verification: Verification) -> None:
    assert verification.proved
    backed = claim(verification, "backed(inner)")
    ids = [one.obligation.id.removeprefix("backed(inner)/") for one in backed.obligations]
    # all that is claimed of the treasury, its witnesses among it, then what is derived
    for name in ("consistent", "survives", "recovers", "loss <= 1% per round", "loss", "loses", "gains", "pays"):
        assert any(one == name or one.startswith(f"{name}/") for one in ids), name


@pytest.mark.parametrize(
    ("outer", "inner", "why"),
    [
        ((("loss(inner) <= 6.5%", "loss(inner) <= 6.28%"),), (), "its shares may lose 6.29%, and 6.28% is assumed"),
        ((("loss(inner) <= 6.5%", ""),), (), "and 0% is assumed"),
        ((("keeper every 6h", "keeper every 12h"),), (), "the round under way and 3 more"),
        ((("stays 0.97", "stays 0.96"),), (), "which assumes -5.82524%"),
        ((("0.97 .. 1.03", "0.969 .. 1.028"),), (), "may be 0.969 .. 1.028 USD, and Treasury assumes 0.97 .. 1.03"),
        ((), (("loss <= 1% per round", "loss <= 2% per round"),), "is proved to lose no more than 2%"),
        ((), (("loss <= 1% per round", ""),), "claims no bound of its loss"),
        ((), (("withdrawals <= 10% of nav", "withdrawals <= 15% of nav"),), "may lose 7.28%"),
        ((), (("withdrawals <= 10% of nav", "withdrawals <= 50% of nav"),), "no bound of what a share"),
        ((), (("keeper every 6h", "keeper every 2h"),), "the round under way and 4 more"),
    ],
)
def test_what_is_assumed_in_vain_is_refuted(outer: tuple[Change, ...], inner: tuple[Change, ...], why: str) -> None:
    verdict = backed(outer, inner)
    assert isinstance(verdict, Refuted)
    assert why in verdict.why


OUTER = """
strategy Outer {
    base WETH
    token WETH   { decimals: 18, price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%) }
    token staked { decimals: 18, price: ratio(WETH, chainlink("WSTETH/ETH", heartbeat=24h, deviation=0.5%)) }
    venue inner = erc4626(asset=WETH, strategy="inner.strat")
    venue aave  = aave_v3(collateral=[staked])
    venue dex   = uniswap_v3(staked/WETH, fee=0.01%)
    assume {
        keeper every 1h
        price(WETH) moves -10% .. +10%
        price(staked) moves -10% .. +10%
        slippage(dex) <= 1%
        loss(inner) <= 90%
        liquidity(inner) >= 0.1%
        withdrawals <= 2% of nav
    }
    allocate {
        inner: 20% +- 20%
        aave.collateral(staked): 10% +- 10%
        idle(WETH): 70% +- 30%, min 4%
    }
    rules { when weights outside band do rebalance }
    exit { order: [aave, dex, inner] }
}
"""

MOVES = "price(staked) moves -10% .. +10%"
"""Of a token that the inner vault calls `wstETH`, and of which it assumes how it moves against WETH."""


def not_contained(inner: Source, *changes: Change, others: dict[str, str] | None = None) -> dict[str, str]:
    """What both vaults assume of markets and the inner one does not withstand, by id, with the reason."""
    outer = OUTER
    for old, new in changes:
        assert outer.count(old) == 1
        outer = outer.replace(old, new)
    texts = {"inner.strat": inner.text, **(others or {})}
    loaded = load_source(Source("outer.strat", outer), read=lambda path: texts[path])
    assert not loaded.faulty, "\n".join(problem.text for problem in loaded.problems)
    vault = loaded.models[0].vault
    (backing,) = backings(vault, box_of(vault))
    return {id_.removeprefix("backed(inner)/"): one.why for id_, one in backing.refuted.items()}


PEGGED = "price(staked/WETH) moves -0.1% .. +0.1%"

WIDE = ("price(WETH) moves -30% .. +30%", "price(WETH) moves -50% .. +70%")


def test_rounds_of_both_begin_at_different_times() -> None:
    """Over the rest of one outer round, and two more: 0.9 / 1.1 * 0.9 ** 2 to 1.1 / 0.9 * 1.1 ** 2."""
    assert not_contained(source_of("staked_loop", WIDE), (MOVES, PEGGED)) == {}
    narrow = (WIDE[0], "price(WETH) moves -33% .. +47%")
    why = "price(WETH) may move -33.7273% .. +47.8889% in a round of StakedLoop, which assumes -33% .. +47%"
    assert not_contained(source_of("staked_loop", narrow), (MOVES, PEGGED)) == {"moves(WETH)": why}


@pytest.mark.parametrize(
    ("here", "why"),
    [
        (MOVES, "which assumes -4% .. +0.5%"),  # of each alone: together they may go anywhere
        ("price(staked/WETH) moves -4% .. +0.5%", "-11.9666% .. +5.73699%"),  # in one round; in three, that
        ("price(WETH/staked) moves -0.5% .. +4%", "in a round of StakedLoop"),
        ("price(staked/WETH) stays 1.2 .. 1.3", "-7.69231% .. +8.33333%"),
    ],
)
def test_what_two_prices_do_to_each_other_is_compared(here: str, why: str) -> None:
    found = not_contained(source_of("staked_loop", WIDE), (MOVES, here))
    assert set(found) == {"moves(staked/WETH)"}
    assert why in found["moves(staked/WETH)"]


@pytest.mark.parametrize(
    "here", [PEGGED, "price(WETH/staked) moves -0.1% .. +0.1%", "price(staked/WETH) stays 1 .. 1.002"]
)
def test_what_two_prices_do_less_here_is_no_harm(here: str) -> None:
    assert not_contained(source_of("staked_loop", WIDE), (MOVES, here)) == {}


def test_where_two_prices_stay_is_compared() -> None:
    stays = ("price(wstETH/WETH) moves -4% .. +0.5%", "price(wstETH/WETH) stays 1.2 .. 1.25")
    loop = source_of("staked_loop", WIDE, stays)
    assert not_contained(loop, (MOVES, "price(staked/WETH) stays 1.21 .. 1.25")) == {}
    found = not_contained(loop, (MOVES, "price(staked/WETH) stays 1.1 .. 1.14"))
    assert (
        found["stays(staked/WETH)"]
        == "price(staked/WETH) may be 1.1 .. 1.14 WETH, and StakedLoop assumes 1.2 .. 1.25 WETH"
    )
    assert "anything" in not_contained(loop, (MOVES, PEGGED))["stays(staked/WETH)"]


OVER_TWO = (
    ("    base WETH\n", "    base USDC\n"),
    ('token staked { decimals: 18, price: ratio(WETH, chainlink("WSTETH/ETH", heartbeat=24h, deviation=0.5%)) }',
     'token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }'),
    ("asset=WETH", "asset=USDC"),
    ("aave_v3(collateral=[staked])", "aave_v3(collateral=[WETH])"),
    ("staked/WETH, fee=0.01%", "WETH/USDC, fee=0.05%"),
    (MOVES, "price(USDC) stays 0.99 .. 1.01"),
    ("aave.collateral(staked)", "aave.collateral(WETH)"),
    ("idle(WETH): 70%", "idle(USDC): 70%"),
)  # fmt: skip
"""Over a vault that knows USDC alone, and holds one that borrows against WETH."""


def test_what_a_vault_within_the_inner_one_assumes_is_compared_as_well() -> None:
    between, loan = source_of("vault_of_vaults"), source_of("treasury_loan").text
    found = not_contained(between, *OVER_TWO, others={"treasury.strat": loan})
    assert found["inner/moves(WETH)"].endswith("in a round of TreasuryLoan, which assumes -20% .. +20%")
    assert "inner/stays(USDC)" not in found
    wider = loan.replace("price(WETH) moves -20% .. +20%", "price(WETH) moves -50% .. +70%")
    assert wider != loan
    assert "inner/moves(WETH)" not in not_contained(between, *OVER_TWO, others={"treasury.strat": wider})


def test_a_token_is_the_same_in_every_vault_that_is_held() -> None:
    loan = source_of("treasury_loan", ('chainlink("ETH/USD",  heartbeat=1h', 'chainlink("ETH/USD",  heartbeat=2h')).text
    outer = OUTER
    for old, new in OVER_TWO:
        outer = outer.replace(old, new)
    texts = {"inner.strat": source_of("vault_of_vaults").text, "treasury.strat": loan}
    problems = load_source(Source("outer.strat", outer), read=lambda path: texts[path]).problems
    assert any("the vault `TreasuryLoan` declares another `WETH`" in one.text for one in problems)


def test_gifts_are_a_share_of_what_was_gained_before() -> None:
    treasury = model().vault.inner["inner"]
    both = Fraction(101, 100) ** 2 - 1
    assert share_of_a_round(treasury) == of_a_round(Fraction(1, 100), both, Fraction(1, 10), trades=False)


def test_what_nothing_enforces_is_said_by_name(verification: Verification) -> None:
    told = {one.id: one for one in verification.assumptions}
    for id_, words in (
        ("rounds(inner)", "at most 2 of the rounds of inner begin within one of this vault"),
        ("rounds(inner)", "anyone may (`settle`)"),
        ("running(inner)", "(`forgone`)"),
        ("first(inner)", "once in each of 3 rounds"),
        ("deployed(inner)", "was created by what Treasury compiles to"),
    ):
        assert words in told[id_].text
        assert told[id_].guardian is (Guardian.WATCHED if id_.startswith("rounds") else Guardian.TRUSTED)


def test_a_narrower_move_here_than_there_is_no_harm() -> None:
    assert backed((("0.97 .. 1.03", "0.98 .. 1.02"),)) == Proved()


def test_an_inner_vault_that_is_refuted_backs_nothing() -> None:
    """With its own scenario, of its own round."""
    found = of(inner=(("loss(save) <= 1%", "loss(save) <= 60%"),))
    assert refuted(found) == {"backed(inner)"}
    verdict = claim(found, "backed(inner)").verdict
    assert isinstance(verdict, Refuted)
    assert verdict.scenario is not None
    assert "save" in verdict.scenario.settled
    assert not list(repairs(found, venue_factories(found.vault.strategy)))  # no number of the outer one mends it


@pytest.mark.parametrize(
    ("share", "inner", "why"),
    [
        ("12%", (), "and a round lets"),
        ("30%", (), "are idle"),
        ("9%", (("idle(USDC) >= 5% of nav", "idle(USDC) >= 10% of nav"),), "idle(USDC) >= 10% of nav does not hold"),
    ],
)
def test_more_than_the_inner_vault_lets_go_is_refuted(share: str, inner: tuple[Change, ...], why: str) -> None:
    """By a round of the treasury, replayed in its own integers."""
    verdict = backed((("liquidity(inner) >= 3.2%", f"liquidity(inner) >= {share}"),), inner)
    assert isinstance(verdict, Refuted)
    assert verdict.why.startswith(f"in Treasury {share} of all shares are worth ")
    assert why in verdict.why
    assert verdict.scenario is not None
    assert "aave.collateral(USDC)" in verdict.scenario.settled


def test_liquidity_that_nobody_states_is_all_of_it() -> None:
    verdict = backed((("liquidity(inner) >= 3.2%", ""),))
    assert isinstance(verdict, Refuted)
    assert "100% of all shares" in verdict.why


def test_as_much_as_is_paid_once_need_not_be_paid_three_times() -> None:
    verdict = backed((("liquidity(inner) >= 3.2%", "liquidity(inner) >= 3.4%"),))
    assert verdict == Unknown("not proved: Treasury pays 3.4% of all shares, 3 times in a round")


def test_a_floor_that_less_than_everything_would_break_is_no_promise_to_pay() -> None:
    """What has just lost a little is less than the floor, until much is taken of all else."""
    floor = ("idle(USDC) >= 5% of nav", "idle(USDC) >= 5% of nav\n        weight(save) >= 20%")
    assert backed((), (floor,)) == Unknown("not proved: Treasury pays 3.2% of all shares, 3 times in a round")


def test_a_promise_is_as_often_as_the_outer_vault_may_draw_on_it() -> None:
    """Every hour, and once more, in one round of the treasury that has six."""
    often = (
        ("keeper every 6h", "keeper every 1h"),
        ("0.97 .. 1.03", "0.996 .. 1.004"),
        ("liquidity(inner) >= 3.2%", "liquidity(inner) >= 1.3%"),
    )
    assert backed(often) == Unknown("not proved: Treasury pays 1.3% of all shares, 8 times in a round")
    assert backed((*often, (">= 1.3%", ">= 1.2%"))) == Proved()


def test_the_assumptions_of_the_inner_vault_are_inherited_by_name(verification: Verification) -> None:
    inner = guarded_assumptions(verification.vault.inner["inner"])
    told = {one.id: one for one in verification.assumptions}
    for one in inner:
        assert told[f"inner/{one.id}"].guardian is one.guardian
        assert told[f"inner/{one.id}"].how.endswith(one.how)
    assert told["build(inner)"].guardian is Guardian.ENFORCED
    resting = claims_resting(verification)
    assert resting["inner/loss(save)"] == ("backed(inner)",)
    assert "backed(inner)" in resting["loss(inner)"]
    assert "backed(inner)" in resting["rounds(inner)"]


def test_only_what_is_its_own_is_watched_by_its_keeper(verification: Verification) -> None:
    watched = {alarm["id"]: alarm for alarm in alarms(grounds_of(verification), 6 * 3_600)}
    assert not any(id_.startswith("inner/") for id_ in watched)
    assert {"loss(inner)", "gain(inner)", "liquidity(inner)", "rounds(inner)"} <= set(watched)
    growth = box_of(verification.vault).growth["inner"]
    assert growth.low == Fraction(935, 1000)
    assert growth.high is not None
    assert Fraction(watched["gain(inner)"]["measure"]["high"]) == growth.high - 1


@pytest.mark.long
def test_it_has_margins_like_any_other(verification: Verification) -> None:
    """Less liquidity is more than the inner vault is proved to have, but not what the rules get by with."""
    factories = venue_factories(verification.vault.strategy)
    found = {margin.claim: margin for margin in margins(verification, factories, only={"liquidity(inner)"})}
    assert Fraction(2, 100) < found["recovers"].holds < Fraction(32, 1_000)
    assert "backed(inner)" not in found


def test_the_certificate_contains_the_inner_proofs_and_is_accepted(verification: Verification) -> None:
    document = json.loads(certificate_json(verification))
    assert [file["name"] for file in document["source"]["files"]] == ["vault_of_vaults.strat", "treasury.strat"]
    vault, source = derived(document, None)
    accepted = audit(document, vault, source)
    assert accepted.unproved == ()
    assert accepted.witnesses == 6  # three of each vault


def test_a_certificate_of_another_inner_vault_is_refused(verification: Verification) -> None:
    document = json.loads(certificate_json(verification))
    file = document["source"]["files"][1]
    file["text"] = file["text"].replace("loss(save) <= 1%", "loss(save) <= 2%")
    vault, source = derived(document, None)
    with pytest.raises(Refused, match="source"):
        audit(document, vault, source)
    document["source"]["sha256"] = source.digest()
    with pytest.raises(Refused, match="source: files"):
        audit(document, vault, source)
    file["sha256"] = dict(source.digests())["treasury.strat"]
    with pytest.raises(Refused, match=r"backed\(inner\)/|in v|goal|context"):
        audit(document, vault, source)


def _decoy(files: list[dict[str, str]]) -> None:
    files.insert(1, {**files[1], "text": "# another text, which comes first\n" + files[1]["text"]})


def _more(files: list[dict[str, str]]) -> None:
    files.append({"name": "more.strat", "sha256": "", "text": "nothing uses it"})


def _digest(files: list[dict[str, str]]) -> None:
    files[1]["sha256"] = "00" * 32


@pytest.mark.parametrize("change", [_decoy, _more, _digest])
def test_its_files_are_those_that_it_is_about(
    verification: Verification, change: Callable[[list[dict[str, str]]], None]
) -> None:
    document = json.loads(certificate_json(verification))
    change(document["source"]["files"])
    vault, source = derived(document, None)
    with pytest.raises(Refused, match="source: files"):
        audit(document, vault, source)


def test_a_certificate_is_about_the_files_at_hand_all_of_them(verification: Verification, tmp_path: Path) -> None:
    """Whose inner strategy was proved with less is about another vault of vaults."""
    document = json.loads(certificate_json(verification))
    outer = Source(str(tmp_path / "vault_of_vaults.strat"), verification.source.text)
    treasury = source_of("treasury").text
    (tmp_path / "treasury.strat").write_text(treasury, encoding="utf-8")
    derived(document, outer)
    (tmp_path / "treasury.strat").write_text(treasury.replace("loss(save) <= 1%", "loss(save) <= 2%"), encoding="utf-8")
    with pytest.raises(
        Refused, match=r"it is about another text of treasury\.strat than .*vault_of_vaults\.strat uses"
    ):
        derived(document, outer)
    (tmp_path / "treasury.strat").unlink()
    with pytest.raises(Refused, match=r"another text of treasury\.strat"):
        derived(document, outer)


def test_a_missing_inner_proof_is_noticed(verification: Verification) -> None:
    document = json.loads(certificate_json(verification))
    backed = next(one for one in document["claims"] if one["name"] == "backed(inner)")
    del backed["obligations"][3]
    vault, source = derived(document, None)
    with pytest.raises(Refused, match=r"backed\(inner\): obligations"):
        audit(document, vault, source)


def test_a_vault_with_fees_is_not_held() -> None:
    charging = source_of("treasury", ("exit {", "fees { management: 1% per 1y }\n    exit {")).text
    loaded = load_source(source_of("vault_of_vaults"), read=lambda path: charging)
    assert any("a deposit in `Treasury`, a vault with fees" in problem.text for problem in loaded.problems)
