"""What the prover says of the examples and of variants of them that are broken, or mended, in one way each."""

from __future__ import annotations

from fractions import Fraction

import pytest
from msgspec.structs import replace

from proofs.strategies import claim, proved, refuted, vault_of, verified
from stratc_compiler.assumptions import labels_of, rests_on
from stratc_compiler.certify import ProvedVault, certify
from stratc_compiler.claims import claims_of
from stratc_compiler.driver import Options, model, verify
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.expr import Cmp, Mul, Rel, number
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.possible import waiting
from stratc_compiler.relax import DUST
from stratc_compiler.replay import health
from stratc_compiler.rounds import first_deposit, keeper_pass, trading_rules
from stratc_compiler.vault import NAV, SCALE, Condition
from stratc_compiler.verdict import Guardian, Refuted, Verification
from stratc_dsl import Source, parse_strategies
from stratc_targets.venues import venue_factories

CARRY = {
    "consistent",
    "survives",
    "recovers",
    "quiet",
    "fair",
    "exits",
    "solvent",
    "safe(aave)",
    "loss <= 20% per round",
    "exit >= 93% of nav",
}
TREASURY = {
    "consistent",
    "survives",
    "recovers",
    "quiet",
    "fair",
    "exits",
    "solvent",
    "loss <= 1% per round",
    "survives loss of save",
    "exit >= 60% of nav",
}
FALL_45 = ("-20% .. +20%", "-45% .. +20%")
FIRST_RULES = "when health(aave) < 1.50 do deleverage aave to health 1.80", "when weights outside band do rebalance"


def with_rule_before(rule: str) -> tuple[str, str]:
    """The change that puts a rule before all others of the carry."""
    return FIRST_RULES[0], f"{rule}\n        {FIRST_RULES[0]}"


def fuses(verification: Verification) -> list[str]:
    """Names of the rules that were seen to come due only beyond what is assumed."""
    results = claim(verification, "consistent").obligations
    return [rule.name for rule in waiting(verification.vault, results)]


@pytest.mark.parametrize(("name", "claims"), [("eth_carry", CARRY), ("treasury", TREASURY)])
def test_the_examples_are_proved_claim_by_claim(name: str, claims: set[str]) -> None:
    verification = verified(name)
    assert {found.name for found in verification.claims} == claims
    assert proved(verification) == claims
    assert isinstance(certify(verification), ProvedVault)


@pytest.mark.long
def test_a_45_percent_hour_breaks_the_carry() -> None:
    verification = verified("eth_carry", FALL_45)
    assert {"survives", "safe(aave)", "recovers", "loss <= 20% per round"} <= refuted(verification)
    assert not isinstance(certify(verification), ProvedVault)


def test_the_scenario_of_the_45_percent_hour_typed_by_hand_really_breaks() -> None:
    """The numbers of the scenario, put into the interpreter one by one, show a health factor below one."""
    vault, _ = vault_of("eth_carry", FALL_45)
    verdict = claim(verified("eth_carry", FALL_45), "safe(aave)").verdict
    assert isinstance(verdict, Refuted)
    assert verdict.scenario is not None
    before, after = verdict.scenario.settled, verdict.scenario.after
    opening = Evaluator(vault, IdealWorld(vault, dict(before)))
    assert all(opening.holds(condition.formula) for condition in vault.settled)
    assert Fraction(after["price(WETH)"], before["price(WETH)"]) >= Fraction(55, 100)
    threshold = Fraction(825, 1000)
    weth = Fraction(after["aave.collateral(WETH)"], 10**18) * Fraction(after["price(WETH)"], 10**18)
    usdc = Fraction(after["aave.debt(USDC)"], 10**6) * Fraction(after["price(USDC)"], 10**18)
    by_hand = weth * threshold / usdc
    assert by_hand < 1
    told = health(vault, "aave", Evaluator(vault, IdealWorld(vault, dict(after))))
    assert abs(told - by_hand) < Fraction(1, 10**9)


TURNS = [
    # what is changed, and a claim that this must turn
    ("treasury", "liquidity(aave) >= 50%", "liquidity(aave) >= 5%", "exit >= 60% of nav"),
    ("treasury", "liquidity(aave) >= 50%", "liquidity(aave) >= 5%", "recovers"),
    ("treasury", "loss(save) <= 1%", "loss(save) <= 6%", "loss <= 1% per round"),
    ("treasury", "loss <= 1% per round", "loss <= 0.1% per round", "loss <= 0.1% per round"),
    ("treasury", "exit >= 60% of nav", "exit >= 70% of nav", "exit >= 70% of nav"),
    ("eth_carry", "loss <= 20% per round", "loss <= 19% per round", "loss <= 19% per round"),
    ("eth_carry", "withdrawals <= 5% of nav", "withdrawals <= 6% of nav", "recovers"),
]


@pytest.mark.parametrize(("name", "old", "new", "turned"), TURNS)
def test_a_constant_that_is_off_turns_a_claim(name: str, old: str, new: str, turned: str) -> None:
    assert turned in refuted(verified(name, (old, new)))


def test_every_refutation_carries_a_scenario_that_starts_settled() -> None:
    vault, _ = vault_of("eth_carry", FALL_45)
    for found in verified("eth_carry", FALL_45).claims:
        if isinstance(found.verdict, Refuted):
            assert found.verdict.scenario is not None
            opening = Evaluator(vault, IdealWorld(vault, dict(found.verdict.scenario.settled)))
            assert all(opening.holds(condition.formula) for condition in vault.settled)


def test_contradictory_floors_are_never_proved() -> None:
    """Nothing settled can exist: every other claim holds of nothing, and `consistent` says so.

    The checker refuses a floor that no target satisfies, so the contradiction is put into the model itself.
    """
    vault, source = vault_of("treasury")
    never = Condition("nav < nav", Cmp(NAV, Rel.LT, NAV))
    verification = verify(replace(vault, floors=(*vault.floors, never)), source)
    assert "consistent" in refuted(verification)
    assert not isinstance(certify(verification), ProvedVault)


def test_a_rule_that_nothing_makes_due_is_refuted() -> None:
    verdict = claim(verified("eth_carry", with_rule_before("when leverage < 1 do exit")), "consistent").verdict
    assert isinstance(verdict, Refuted)
    assert verdict.why == (
        "within the assumptions it cannot be that `exit` comes due, and no round beyond them was found in which it does"
    )


@pytest.mark.long
def test_a_rule_that_another_one_forestalls_is_refuted() -> None:
    """Once the rebalance has run, health is above 1.50 again, wherever prices are."""
    first, second = FIRST_RULES
    verdict = claim(
        verified("eth_carry", (f"{first}\n        {second}", f"{second}\n        {first}")), "consistent"
    ).verdict
    assert isinstance(verdict, Refuted)
    assert "`deleverage aave to health 1.80` comes due" in verdict.why


def test_a_fuse_is_seen_beyond_the_assumptions_and_said_to_be_one() -> None:
    """In their bands collateral and debt mean a health of at least 1.71, which an hour takes to 1.32 at worst."""
    change = ("when health(aave) < 1.50 do", "when health(aave) < 1.30 do")
    mended = ("health(aave) >= 1.35", "health(aave) >= 1.10")
    verification = verified("eth_carry", change, mended)
    assert proved(verification) >= {"consistent", "survives", "recovers"}
    assert fuses(verification) == ["deleverage_aave"]
    assert fuses(verified("eth_carry")) == []


def test_an_exit_is_seen_to_come_due_before_the_rules_that_stand_after_it() -> None:
    """At leverage below 1.26 the rebalance is due as well: it does not take the exit's turn."""
    verification = verified("eth_carry", with_rule_before("when leverage < 1.26 do exit"))
    assert "consistent" in proved(verification)
    assert fuses(verification) == []


def test_a_solver_without_resources_proves_nothing() -> None:
    verification = verify(*vault_of("treasury"), Options(Effort(rlimit=1, nodes=0), workers=1))
    assert proved(verification) == {"consistent"}, "witnesses are replayed, whoever found them"
    assert {found.name for found in verification.claims if isinstance(found.verdict, Refuted)} == set()


def test_verdicts_do_not_depend_on_the_number_of_processes() -> None:
    one, two = (verify(*vault_of("treasury"), Options(workers=n)) for n in (1, 2))
    assert one == two


def test_every_assumption_is_listed_with_a_guardian() -> None:
    listed = {a.id: a.guardian for a in verified("eth_carry").assumptions}
    assert listed["slippage(dex)"] is Guardian.ENFORCED
    assert listed["withdrawals"] is Guardian.ENFORCED
    assert listed["moves(WETH)"] is Guardian.WATCHED
    assert listed["liquidity(save)"] is Guardian.TRUSTED
    assert {"loss(aave)", "gain(save)", "oracle(aave)", "parameters(aave)", "scale", "pass", "code"} <= set(listed)


def test_each_claim_says_which_assumptions_it_rests_on() -> None:
    verification = verified("eth_carry")
    vault = verification.vault
    rests = {
        found.name: {id_ for result in found.obligations for id_ in rests_on(labels_of(result.obligation), vault)}
        for found in verification.claims
    }
    survives = {"moves(WETH)", "stays(USDC)", "rate(aave.debt(USDC))", "keeper", "loss(save)", "withdrawals", "scale"}
    assert survives <= rests["survives"]
    assert "slippage(dex)" not in rests["survives"]
    assert {"slippage(dex)", "liquidity(save)", "liquidity(aave)"} <= rests["recovers"]
    assert all({"parameters(aave)", "oracle(aave)"} <= set(ids) for ids in rests.values())


@pytest.mark.long
def test_hypotheses_rest_on_nothing_that_is_not_listed() -> None:
    """Each hypothesis about the environment stands for assumptions that the certificate lists."""
    verification = verified("eth_carry")
    internal = ("settled: ", "fires: ", "does not fire: ", "definition", "amounts are never negative", "flows")
    # What the contract itself requires of a call, the last one: whoever is refused takes nothing.
    internal += ("at target", "move(idle(", "solvent", "follows", "gift", "it goes through")
    for found in verification.claims:
        for result in found.obligations:
            for hypothesis in result.obligation.hypotheses:
                if not hypothesis.label.startswith(internal):
                    alone, without = (rests_on(labels, verification.vault) for labels in ((hypothesis.label,), ()))
                    behind = set(alone) - set(without)
                    assert behind, hypothesis.label


def test_the_box_of_the_carry() -> None:
    box = box_of(vault_of("eth_carry")[0])
    weth = box.relative["WETH"]
    assert weth.low == Fraction(8, 10) * Fraction(98, 102)
    assert weth.high == Fraction(12, 10) * Fraction(102, 98)
    debt = box.growth["aave.debt(USDC)"]
    hourly = Fraction(60, 100) / (365 * 24)
    assert debt.low == Fraction(99, 100)  # others may repay
    assert debt.high is not None
    assert 1 + hourly < debt.high < 1 + hourly + hourly**2 * 2


def test_without_a_rule_that_restores_the_bands_nothing_recovers() -> None:
    """The way through the keeper's pass on which no rule fires counts as well."""
    verification = verified("treasury", ("when weights outside band do rebalance", ""))
    assert "recovers" in refuted(verification)


def test_every_way_through_the_rules_is_looked_at() -> None:
    vault, _ = vault_of("eth_carry")
    ends = list(keeper_pass(trading_rules(vault), first_deposit(vault, box_of(vault)).frame, lambda *_: None))
    assert len({end.fired for end in ends}) == 2 ** len(trading_rules(vault)) == 4


def test_a_floor_that_a_rule_breaks_on_its_way_is_refuted() -> None:
    """After the whole pass the floor would hold again, but the rule that breaks it reverts."""
    aside = ("idle(USDC)   >= 1% of nav", "idle(USDC)   >= 5% of nav")
    assert "recovers" in refuted(verified("eth_carry", aside))


@pytest.mark.long
def test_interest_counts() -> None:
    """A debt that nearly doubles before the keeper comes again is not safe, whatever prices do."""
    usury = ("<= 60% per 1y", "<= 4_000% per 1y")
    seldom = ("keeper every 1h", "keeper every 3d")
    assert "loss <= 20% per round" in refuted(verified("eth_carry", usury, seldom))


def test_the_scale_of_the_proof_is_the_scale_that_is_told() -> None:
    verification = verified("treasury")
    told = next(a.text for a in verification.assumptions if a.id == "scale")
    assert "1,000,000 times" in told
    assert SCALE == 1_000_000
    scales = {
        hypothesis.formula
        for found in verification.claims
        for result in found.obligations
        for hypothesis in result.obligation.hypotheses
        if hypothesis.label == "scale"
    }
    assert scales
    assert all(isinstance(formula, Cmp) and formula.right == Mul(number(SCALE), DUST) for formula in scales)


def test_a_band_that_rounding_can_leave_is_not_proved() -> None:
    """Three millionths of nav to either side: the trades that are too small to make already fill that."""
    narrow = ("25% +- 5%", "25% +- 0.0001%")
    assert "recovers" not in proved(verified("treasury", narrow))


@pytest.mark.parametrize("name", ["eth_carry", "treasury"])
def test_what_a_later_step_says_does_not_help_an_earlier_one(name: str) -> None:
    """A rule that reverts never comes to its next step: what is known when it must not is a part of that."""
    vault, _ = vault_of(name)
    recovers = next(spec for spec in claims_of(vault, box_of(vault)) if spec.name == "recovers")
    needs = [obligation for obligation in recovers.obligations if "/funds/" in obligation.id]
    assert needs
    for obligation in needs:
        rule = obligation.id.partition("/funds/")[0]
        floor = next(one for one in recovers.obligations if one.id.startswith(f"{rule}/floor/"))
        assert floor.hypotheses[: len(obligation.hypotheses)] == obligation.hypotheses
        assert len(obligation.hypotheses) < len(floor.hypotheses)


IDLE = """strategy Idle {
    base USDC
    token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    assume { keeper every 1d, price(USDC) stays 0.98 .. 1.02 }
    allocate { idle(USDC): 100% }
}
"""


def test_a_vault_without_rules_and_venues_is_proved_to_have_nothing_to_do() -> None:
    source = Source("idle.strat", IDLE)
    (strategy,) = parse_strategies(source).strategies
    verification = verify(model(strategy, source, venue_factories(strategy)), source)
    assert verification.proved
    shown = {found.name: [r.obligation.text for r in found.obligations] for found in verification.claims}
    assert shown["recovers"] == ["nothing has to be settled"] * 2
    assert shown["quiet"] == ["no rule has a condition"] * 2
    assert shown["exits"] == ["there is nothing to close"] * 2
