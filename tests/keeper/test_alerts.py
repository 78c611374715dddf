"""alerts.yml: what it must have of keeper.json and of the metrics; and by Prometheus's own promtool, when it alarms."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from keeper.stub import document
from stratc_targets.keeper.alerts import emit_alerts
from stratc_targets.keeper.config import bind
from stratc_targets.keeper.metrics import HELP

PROMTOOL = Path(sys.executable).with_name("promtool")


def rules(text: str) -> list[dict[str, Any]]:
    """The rules, as far as a reader of this one layout can tell: every value is a JSON string or a bare word."""
    assert text.startswith('groups:\n  - name: "stratc Stub"\n    rules:\n')
    found: list[dict[str, Any]] = []
    for line in text.splitlines()[3:]:
        words = re.fullmatch(r"( {6}- | {8}| {10})(\w+):(?: (.*))?", line)
        assert words is not None, line
        indent, key, value = words.groups()
        told = json.loads(value) if value and value.startswith('"') else value
        if indent.endswith("- "):
            found.append({key: told})
        elif len(indent) == 8:
            found[-1][key] = told if told is not None else {}
            part = found[-1][key]
        else:
            part[key] = told
    return found


def test_there_is_an_alarm_for_everything_that_is_watched() -> None:
    made = document()
    found = rules(emit_alerts(made).text)
    assert emit_alerts(made) == emit_alerts(document())

    def of(name: str, label: str) -> list[str]:
        return [rule["labels"][label] for rule in found if rule["alert"] == name]

    assert of("StratcAssumptionBroken", "assumption") == [alarm["id"] for alarm in made["alarms"]]
    assert of("StratcAssumptionUnmeasured", "assumption") == [alarm["id"] for alarm in made["alarms"]]
    assert of("StratcRuleStuck", "rule") == [rule["name"] for rule in made["rules"]]
    assert of("StratcFloorBroken", "floor") == ["health(aave) >= 1.35"]
    assert of("StratcFeedStale", "token") == ["USDC", "WETH"]
    assert [rule["alert"] for rule in found[:2]] == ["StratcKeeperAbsent", "StratcKeeperSilent"]
    stuck = {rule["labels"]["rule"]: rule for rule in found if rule["alert"] == "StratcRuleStuck"}
    assert stuck["deleverage_aave"]["labels"]["severity"] == "critical"
    assert stuck["rebalance"]["expr"].endswith("> 3600")


def test_whether_anybody_looks_comes_before_everything_else() -> None:
    """Prometheus evaluates the rules of a group in order."""
    names = re.findall(r"- alert: (\w+)", emit_alerts(document()).text)
    first = ["StratcKeeperAbsent", "StratcKeeperSilent", "StratcBlocksOld", "StratcBlocksStill", "StratcClockOff"]
    assert names[:5] == first
    stale = [number for number, name in enumerate(names) if name in ("StratcFeedStale", "StratcVaultUnreadable")]
    assert stale == list(range(5, 5 + len(stale)))
    assert names[5 + len(stale)] == "StratcFloorBroken"


def test_the_message_names_the_claim_at_stake_and_where_the_assumption_is_written() -> None:
    found = rules(emit_alerts(document()).text)
    said = next(
        rule["annotations"]
        for rule in found
        if rule["alert"] == "StratcAssumptionBroken" and rule["labels"]["assumption"] == "moves(WETH)"
    )
    assert said["summary"] == "Stub: An assumption fails: price(WETH) moves -20% .. +12.5%"
    assert said["description"] == "stub.strat, line 13. Measured: {{ $value }}. At stake: survives."


def test_rules_of_a_deployed_vault_are_of_that_one_alone() -> None:
    """As it is called in what Prometheus is told: another vault of the strategy does not stand in for it."""
    vault = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    for rule in rules(emit_alerts(bind(document(), 1, vault.lower())).text):
        selectors = re.findall(r"stratc_\w+\{([^}]*)\}", rule["expr"])
        assert selectors
        assert all(f'vault="{vault}"' in one for one in selectors)
    assert "vault=" not in emit_alerts(document()).text


def test_no_rule_asks_for_what_is_not_told() -> None:
    for rule in rules(emit_alerts(document()).text):
        asked = re.findall(r"stratc_\w+", rule["expr"])
        assert asked
        assert set(asked) <= set(HELP)


def promtool(folder: Path, *words: str) -> str:
    """What `promtool` says; it must agree."""
    done = subprocess.run([PROMTOOL, *words], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_promtool_takes_the_rules(tmp_path: Path) -> None:
    (tmp_path / "alerts.yml").write_text(emit_alerts(document()).text)
    made = rules(emit_alerts(document()).text)
    assert f"SUCCESS: {len(made)} rules found" in promtool(tmp_path, "check", "rules", "--lint=all", "alerts.yml")


def series(metric: str, values: str, **labels: str) -> dict[str, str]:
    of = {"strategy": "Stub", "vault": "0xAb"} | labels
    return {
        "series": f"{metric}{{{','.join(f'{name}={json.dumps(value)}' for name, value in of.items())}}}",
        "values": values,
    }


def alarm(name: str, at: str, *fires: dict[str, Any]) -> dict[str, Any]:
    return {"alertname": name, "eval_time": at, "exp_alerts": list(fires)}


@pytest.mark.long
def test_promtool_says_that_they_alarm_when_they_should_and_only_then(tmp_path: Path) -> None:
    """Its own unit test of rules: numbers over ten minutes, and which alarms stand when, with the whole message."""
    made = document()
    text = emit_alerts(made).text
    (tmp_path / "alerts.yml").write_text(text)

    def fires(name: str, value: dict[str, str], **labels: str) -> dict[str, Any]:
        """The alarm with its annotations, `{{ ... }}` of them replaced by what is given."""
        rule = next(one for one in rules(text) if one["alert"] == name and labels.items() <= one["labels"].items())
        said = dict(rule["annotations"])
        for template, instead in value.items():
            said["description"] = said["description"].replace(template, instead)
        return {"exp_labels": rule["labels"] | {"vault": "0xAb"}, "exp_annotations": said}

    moves, rule = {"assumption": "moves(WETH)"}, {"rule": "deleverage_aave"}
    stuck = fires("StratcRuleStuck", {"{{ $value | humanizeDuration }}": "1h 30m 0s"}, **rule)
    test = {
        "interval": "1m",
        "input_series": [
            series("stratc_keeper_silent_seconds", "1x2 121 181 1x30"),
            series("stratc_assumption_measured", "-0.1x4 -0.25x30", **moves),
            series("stratc_assumption_used", "0.5x3 0.95 1.25x30", **moves),
            series("stratc_assumption_broken", "0x4 1x30", **moves),
            series("stratc_rule_due_seconds", "3600x4 5400x30", **rule),
            series("stratc_block_still_seconds", "15x4 301x30"),
            series("stratc_floor_room", "0x4 -0.02x30", floor="health(aave) >= 1.35"),
            series("stratc_feed_age_seconds", "3600x4 3601x30", token="WETH"),
        ],
        "alert_rule_test": [
            alarm("StratcKeeperSilent", "2m"),
            alarm(
                "StratcKeeperSilent", "3m", fires("StratcKeeperSilent", {"{{ $value | humanizeDuration }}": "2m 1s"})
            ),
            alarm("StratcKeeperSilent", "6m"),
            alarm("StratcAssumptionNearlyUsedUp", "3m"),
            alarm("StratcAssumptionBroken", "4m"),
            alarm("StratcAssumptionBroken", "6m", fires("StratcAssumptionBroken", {"{{ $value }}": "-0.25"}, **moves)),
            alarm("StratcAssumptionNearlyUsedUp", "6m"),
            alarm("StratcRuleStuck", "4m"),
            alarm("StratcRuleStuck", "6m", stuck),
            alarm("StratcFloorBroken", "4m"),
            alarm("StratcFloorBroken", "6m", fires("StratcFloorBroken", {"{{ $value | humanizePercentage }}": "-2%"})),
            alarm("StratcBlocksStill", "4m"),
            alarm("StratcBlocksStill", "6m", fires("StratcBlocksStill", {"{{ $value | humanizeDuration }}": "5m 1s"})),
            alarm("StratcFeedStale", "4m"),
            alarm(
                "StratcFeedStale",
                "6m",
                fires("StratcFeedStale", {"{{ $value | humanizeDuration }}": "1h 0m 1s"}, token="WETH"),
            ),
            alarm("StratcKeeperAbsent", "6m"),
        ],
    }
    absent = fires("StratcKeeperAbsent", {})
    del absent["exp_labels"]["vault"]
    nobody = {"interval": "1m", "input_series": [], "alert_rule_test": [alarm("StratcKeeperAbsent", "3m", absent)]}
    # JSON is YAML.
    (tmp_path / "test.yml").write_text(json.dumps({"rule_files": ["alerts.yml"], "tests": [test, nobody]}))
    assert "SUCCESS" in promtool(tmp_path, "test", "rules", "test.yml")
