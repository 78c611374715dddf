"""keeper.json: what is accepted, and how each mistake is told."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from keeper.stub import TEXT, codes, compiled, document, proved_stub
from stratc_compiler.certify import ProvedVault
from stratc_compiler.verdict import GuardedAssumption, Guardian
from stratc_targets.keeper.config import Gas, Limits, bind, gwei, parse_config, schema
from stratc_targets.keeper.emit import MOVE_GAS, RING_GAS, emit_keeper
from stratc_targets.keeper.errors import ConfigError

VAULT = "0x" + "ab" * 20


def message(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "keeper.json")
    return str(caught.value)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_what_is_emitted_is_accepted() -> None:
    config = parse_config(json.dumps(document()), "keeper.json")
    assert config.strategy == "Stub"
    assert config.period == 3600
    assert [rule.name for rule in config.rules] == ["deleverage_aave", "rebalance", "harvest_save", "freeze_when_due"]
    assert [rule.reduces_risk for rule in config.rules] == [True, False, False, True]
    assert config.gas == Gas(50 * 10**9, 500 * 10**9, 60.0, Limits(1_500_000, 1_500_000, 5_000_000))
    assert config.deployment is None


def test_emission_is_reproducible_and_ends_in_a_newline() -> None:
    first, second = (emit_keeper(proved_stub(), *codes()) for _ in range(2))
    assert first == second
    assert first.path == "keeper.json"
    assert first.text.endswith("}\n")


def test_a_vault_without_a_function_of_its_keeper_is_not_emitted() -> None:
    abi = [entry for entry in compiled()["abi"] if entry.get("name") not in ("settle", "rebalance_due")]
    with pytest.raises(ValueError, match="settle, rebalance_due"):
        emit_keeper(proved_stub(), abi, *codes()[1:])


def test_each_ring_of_observations_adds_its_gas_to_every_call_and_is_named() -> None:
    """A day in quarters of an hour: 127 moves and the last, which a call after a silent day forgets one by one."""
    often = TEXT.replace("keeper every 1h", "keeper every 15m")
    storm = "when volatility(WETH, 1d) > 20% or volatility(USDC, 1d) > 5% do freeze"
    plain, ringed = document(often), document(often.replace("when stale(price(WETH)) do freeze", storm))

    def limits(one: dict[str, Any]) -> list[int]:
        return [*one["gas"]["limits"].values(), *(rule["gas_limit"] for rule in one["rules"])]

    assert limits(ringed) == [limit + 2 * (RING_GAS + 128 * MOVE_GAS) for limit in limits(plain)]
    assert ringed["readings"]["rings"] == ["volatility_weth_1d", "volatility_usdc_1d"]
    assert plain["readings"]["rings"] == []


def test_alarms_are_for_what_is_watched_with_exact_edges() -> None:
    alarms = {alarm["id"]: alarm for alarm in document()["alarms"]}
    watched = [one.id for one in proved_stub().verification.assumptions if one.guardian is Guardian.WATCHED]
    assert list(alarms) == watched
    assert {"keeper", "moves(WETH)", "gain(idle(WETH))", "scale", "parameters(aave)"} < set(watched)
    assert alarms["moves(WETH)"]["measure"] == {
        "quantity": "price_move",
        "subject": "WETH",
        "low": "-0.2",
        "high": "0.125",
        "per_seconds": 3600,
    }
    assert alarms["moves(WETH)"]["line"] == 13
    assert alarms["rate(aave.debt(USDC))"]["measure"]["subject"] == "aave.debt(USDC)"
    assert alarms["scale"]["line"] is None
    assert alarms["scale"]["measure"]["low"] == "1000000"


def test_an_alarm_names_the_claims_that_fall_with_it() -> None:
    claims = {alarm["id"]: alarm["claims"] for alarm in document()["alarms"]}
    of_aave = ["parameters(aave)", "oracle(aave)", "room(aave)"]  # in every formula
    assert [id_ for id_ in claims if claims[id_]] == ["keeper", "moves(WETH)", "stays(USDC)", *of_aave]
    assert claims["moves(WETH)"] == ["survives"]


def test_a_watched_assumption_that_nobody_measures_is_not_emitted() -> None:
    proved = proved_stub()
    strange = GuardedAssumption("weather", "no rain", Guardian.WATCHED, "by the window", False)
    verification = replace(proved.verification, assumptions=(strange,))
    with pytest.raises(ValueError, match="how the keeper measures weather"):
        emit_keeper(ProvedVault(proved.vault, verification), *codes())


def test_a_fee_cap_below_one_gwei_is_exact() -> None:
    assert gwei(Decimal("0.001")) == 10**6
    text = json.dumps(document()).replace('"normal": 50', '"normal": 0.001')
    assert parse_config(text, "keeper.json").gas.normal == 10**6


def edited(edit: Callable[[dict[str, Any]], object]) -> str:
    changed = copy.deepcopy(document())
    edit(changed)
    return json.dumps(changed)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda d: d.pop("period"), "keeper.json: the document: 'period' is a required property"),
        (lambda d: d.update(period=0), "keeper.json: period: 0 is less than the minimum of 1"),
        (lambda d: d.update(key="0x12"), "'key' was unexpected"),
        (lambda d: d["rules"][1].pop("due"), "keeper.json: rules[1]: 'due' is a required property"),
        (
            lambda d: d["rules"][0].update(gas_limit="5"),
            "keeper.json: rules[0].gas_limit: '5' is not of type 'integer'",
        ),
        (
            lambda d: d["rules"][2]["trigger"].pop("period"),
            "keeper.json: rules[2].trigger: 'period' is a required property",
        ),
        (lambda d: d["rules"][2].update(name="rebalance"), "keeper.json: rules[2].name: `rebalance` is used twice"),
        (lambda d: d["rules"][2].update(call="x"), "keeper.json: rules[2].call: the function `x` is not in abi"),
        (lambda d: d["abi"].pop(3), "keeper.json: abi: the function `settle` is missing"),
        (
            lambda d: d["gas"]["max_fee_per_gas_gwei"].update(normal=-1),
            "keeper.json: gas.max_fee_per_gas_gwei.normal: -1 is less than or equal to the minimum of 0",
        ),
        (lambda d: d["alarms"][1]["measure"].update(low=-0.2), "keeper.json: alarms[1].measure.low: "),
        (lambda d: d["alarms"][1].update(measure=None), "keeper.json: alarms[1].measure: None is not of type"),
        (lambda d: d["alarms"][3]["measure"].update(per_seconds=None), "alarms[3].measure.per_seconds: None is not"),
        (
            lambda d: d["alarms"][1]["measure"].update(subject="save"),
            "keeper.json: alarms[1].measure.subject: nothing is read of `save`",
        ),
        (
            lambda d: d["alarms"][1]["measure"].update(subject="WETH/save"),
            "keeper.json: alarms[1].measure.subject: nothing is read of `WETH/save`",
        ),
        (
            lambda d: d["alarms"][1]["measure"].update(quantity="price_ratio"),
            "keeper.json: alarms[1].measure.subject: `WETH` has no `price_ratio`",
        ),
        (
            lambda d: d["alarms"][4]["measure"].update(subject="nest"),
            "keeper.json: alarms[4].measure.subject: nothing is read of `nest`",
        ),
        (
            lambda d: d["readings"].update(nav="worth"),
            "keeper.json: readings: `state` of abi has no member `worth`",
        ),
        (
            lambda d: d["readings"]["positions"][0].update(token="ETH"),
            "keeper.json: readings: the token `ETH` is not in readings.tokens",
        ),
        (
            lambda d: d["readings"]["shares"][0]["view"].update(argument="1" * 39),
            "keeper.json: readings.shares[0].view.argument: ",
        ),
        (lambda d: d["abi"][5].update(outputs=["x"]), "keeper.json: abi[5].outputs[0]: 'x' is not of type 'object'"),
        (lambda d: d.update(deployment={"chain_id": 1}), "keeper.json: deployment: 'vault' is a required property"),
        (
            lambda d: d.update(deployment={"chain_id": 1, "vault": "0x12"}),
            "keeper.json: deployment.vault: '0x12' does not match",
        ),
        (
            lambda d: d["readings"].update(rings=["volatility_weth_2d"]),
            "keeper.json: readings: `state` of abi has no member `volatility_weth_2d`",
        ),
        (lambda d: d["gas"]["limits"].pop("settle"), "keeper.json: gas.limits: 'settle' is a required property"),
        (
            lambda d: d.update(schema="stratc.keeper/2"),
            f"keeper.json: schema: this is stratc.keeper/2, of stratc {version('stratc')}, and this stratc reads "
            "stratc.keeper/3: build the strategy again, or read it with the stratc that wrote it",
        ),
    ],
)
def test_a_mistake_is_told_by_its_place(edit: Callable[[dict[str, Any]], object], said: str) -> None:
    told = message(edited(edit))
    assert said in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "keeper.json: line 1, column 1: not JSON"),
        ("{", "not JSON"),
        ("[]", "keeper.json: the document: [] is not of type 'object'"),
        ('{"period": NaN}', "NaN is no number"),
        ("[" * 200_000, "not JSON"),
        ('["]",' * 200_000, "not JSON"),
        ('["' + '\\"' * 200_000, "not JSON"),
    ],
)
def test_what_is_no_configuration_at_all(text: str, said: str) -> None:
    assert said in message(text)


def test_many_mistakes_are_counted_not_poured_out() -> None:
    told = message('{"schema": "stratc.keeper/3"}').splitlines()
    assert len(told) == 6
    assert told[-1].endswith("and 11 more")


def test_bind_fills_the_deployment_once() -> None:
    bound = bind(document(), 1, VAULT)
    assert parse_config(json.dumps(bound), "keeper.json").deployment is not None
    assert bind(bound, 1, VAULT.upper().replace("X", "x"))["deployment"]["chain_id"] == 1
    with pytest.raises(ConfigError, match="bound to 0xabab"):
        bind(bound, 10, VAULT)
