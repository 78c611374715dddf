"""`backed(v)`: a vault of vaults is proved on what its inner vault is proved to do, and on nothing else."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from proofs.strategies import claim, refuted, source_of
from stratc.analysis import Model, load_source
from stratc.audit import derived
from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.audit import Refused, audit
from stratc_compiler.certificate import certificate_json
from stratc_compiler.claims import claims_of
from stratc_compiler.driver import Options, verify
from stratc_compiler.environment import box_of
from stratc_compiler.findings import answer_all
from stratc_compiler.judge import judge
from stratc_compiler.margins import margins, repairs
from stratc_compiler.recall import Forgetful, Past
from stratc_compiler.resting import claims_resting
from stratc_compiler.verdict import Guardian, Proved, Refuted, Verdict, Verification
from stratc_targets.keeper.alarms import alarms
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
        ((("loss(inner) <= 5%", "loss(inner) <= 4.9%"),), (), "its shares may lose 4.98%, and 4.9% is assumed"),
        ((("loss(inner) <= 5%", ""),), (), "and 0% is assumed"),
        ((("keeper every 6h", "keeper every 12h"),), (), "the round under way and 2 more"),
        ((("stays 0.97", "stays 0.96"),), (), "which assumes -5.82524%"),
        ((("0.97 .. 1.03", "0.969 .. 1.028"),), (), "may be 0.969 .. 1.028 USD, and Treasury assumes 0.97 .. 1.03"),
        ((), (("loss <= 1% per round", "loss <= 2% per round"),), "is proved to lose no more than 2%"),
        ((), (("loss <= 1% per round", ""),), "claims no bound of its loss"),
        ((), (("withdrawals <= 10% of nav", "withdrawals <= 11% of nav"),), "may lose 5.1"),
        ((), (("withdrawals <= 10% of nav", "withdrawals <= 50% of nav"),), "no bound of what a share"),
        ((), (("keeper every 6h", "keeper every 2h"),), "the round under way and 3 more"),
    ],
)
def test_what_is_assumed_in_vain_is_refuted(outer: tuple[Change, ...], inner: tuple[Change, ...], why: str) -> None:
    verdict = backed(outer, inner)
    assert isinstance(verdict, Refuted)
    assert why in verdict.why


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
        ("10%", (), "and a round lets"),
        ("30%", (), "are idle"),
        ("9%", (("idle(USDC) >= 5% of nav", "idle(USDC) >= 10% of nav"),), "idle(USDC) >= 10% of nav does not hold"),
    ],
)
def test_more_than_the_inner_vault_lets_go_is_refuted(share: str, inner: tuple[Change, ...], why: str) -> None:
    """By a round of the treasury, replayed in its own integers."""
    verdict = backed((("liquidity(inner) >= 9%", f"liquidity(inner) >= {share}"),), inner)
    assert isinstance(verdict, Refuted)
    assert verdict.why.startswith(f"in Treasury {share} of all shares are worth ")
    assert why in verdict.why
    assert verdict.scenario is not None
    assert "aave.collateral(USDC)" in verdict.scenario.settled


def test_liquidity_that_nobody_states_is_all_of_it() -> None:
    verdict = backed((("liquidity(inner) >= 9%", ""),))
    assert isinstance(verdict, Refuted)
    assert "100% of all shares" in verdict.why


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
    watched = {alarm["id"]: alarm for alarm in alarms(verification, 6 * 3_600)}
    assert not any(id_.startswith("inner/") for id_ in watched)
    assert {"loss(inner)", "gain(inner)", "liquidity(inner)"} <= set(watched)
    growth = box_of(verification.vault).growth["inner"]
    assert growth.low == Fraction(95, 100)
    assert growth.high is not None
    assert Fraction(watched["gain(inner)"]["measure"]["high"]) == growth.high - 1


@pytest.mark.long
def test_it_has_margins_like_any_other(verification: Verification) -> None:
    """Less liquidity is more than the inner vault is proved to have, but not what the rules get by with."""
    factories = venue_factories(verification.vault.strategy)
    found = {margin.claim: margin for margin in margins(verification, factories, only={"liquidity(inner)"})}
    assert Fraction(5, 100) < found["recovers"].holds < Fraction(9, 100)
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
    with pytest.raises(Refused, match=r"backed\(inner\)/|in v|goal|context"):
        audit(document, vault, source)


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
