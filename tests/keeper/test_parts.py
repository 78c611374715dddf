"""The keeper's parts that need no chain: bids, waiting, keys, the log, the state file."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from eth_account import Account

from keeper.rig import KEEPER, KEY
from stratc_targets.keeper.conditions import Compare, Floor, Goals, OutsideBand, Side, Term, nearness
from stratc_targets.keeper.decimals import decimal_text
from stratc_targets.keeper.errors import SetupError
from stratc_targets.keeper.fees import Bid, cap_between, first_bid, higher_bid
from stratc_targets.keeper.key import account_of_key, account_of_keystore
from stratc_targets.keeper.log import Log
from stratc_targets.keeper.state import Attempt, Flight, Identity, Look, Round, Seen, StateFile, locked
from stratc_targets.keeper.waiting import Backoff

ME = Identity(1, "0x" + "ab" * 20, KEEPER)
LOOK = Look(12, 1_000, "0x0c", {"save": 10**30})
SEEN = Seen(900, {"USDC": 10**18}, {"save": Fraction(1, 3)}, 60, LOOK, LOOK)
FLIGHT = Flight(7, (Attempt("0x01", "0x02", 21_000, Bid(10, 1), "0x" + "ab" * 20, "rebalance"),))


@pytest.mark.parametrize(
    ("value", "text"),
    [("-1/5", "-0.2"), ("3", "3"), ("0", "0"), ("1/2000", "0.0005"), ("1/3", "1/3"), ("-7/6", "-7/6")],
)
def test_decimals_are_exact(value: str, text: str) -> None:
    assert decimal_text(Fraction(value)) == text
    assert Fraction(text) == Fraction(value)


def test_a_bid_keeps_to_the_cap() -> None:
    assert first_bid(base_fee=100, tip=5, cap=1000) == Bid(205, 5)
    assert first_bid(base_fee=100, tip=5, cap=150) == Bid(150, 5)
    assert first_bid(base_fee=100, tip=500, cap=150) == Bid(150, 150)
    assert first_bid(base_fee=0, tip=0, cap=10) == Bid(1, 1)
    assert first_bid(base_fee=100, tip=5, cap=100) is None


@pytest.mark.parametrize("old", [Bid(1, 1), Bid(9, 3), Bid(205, 5), Bid(10**11, 10**9)])
def test_a_replacement_bids_a_tenth_more_in_both_parts(old: Bid) -> None:
    new = higher_bid(old, base_fee=0, tip=0, cap=10**12)
    assert new is not None
    assert 10 * new.max_fee >= 11 * old.max_fee
    assert 10 * new.tip >= 11 * old.tip
    assert new.tip <= new.max_fee


def test_a_replacement_follows_the_market_up_to_the_cap() -> None:
    assert higher_bid(Bid(205, 5), base_fee=400, tip=5, cap=10_000) == Bid(805, 6)
    assert higher_bid(Bid(205, 5), base_fee=100, tip=5, cap=220) is None
    assert higher_bid(Bid(205, 5), base_fee=400, tip=5, cap=300) is None


def test_backoff_doubles_to_a_limit_and_jitter_only_shortens() -> None:
    steady = Backoff(1.0, 5.0, jitter=lambda: 0.0)
    assert [steady.next() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    eager = Backoff(1.0, 5.0, jitter=lambda: 1.0)
    assert [eager.next() for _ in range(3)] == [0.5, 1.0, 2.0]


def test_log_lines_are_json_or_text() -> None:
    lines = io.StringIO()
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    Log(lines, as_json=True, now=lambda: noon).warning("mode", "the vault is frozen", mode="FROZEN")
    Log(lines, as_json=False, now=lambda: noon).info("mined", "done")
    first, second = lines.getvalue().splitlines()
    assert json.loads(first) == {
        "time": "2026-01-01T12:00:00.000+00:00",
        "level": "warning",
        "event": "mode",
        "message": "the vault is frozen",
        "mode": "FROZEN",
    }
    assert second == "2026-01-01T12:00:00.000+00:00  info     done"


@pytest.mark.parametrize("text", [None, "", "0x12", KEY[:-1], KEY[:-1] + "g", "0x" + "00" * 32, "0x" + "ff" * 32])
def test_a_bad_key_is_refused_and_not_told(text: str | None) -> None:
    with pytest.raises(SetupError) as caught:
        account_of_key(text)
    assert not text or text.removeprefix("0x") not in str(caught.value)
    assert caught.value.__cause__ is None


def test_keys_from_text_and_from_a_keystore() -> None:
    assert account_of_key(KEY).address.lower() == KEEPER
    assert account_of_key(KEY.removeprefix("0x") + "\n").address.lower() == KEEPER
    keystore = json.dumps(Account.encrypt(KEY, "open", kdf="pbkdf2", iterations=2))
    assert account_of_keystore(keystore, "open", "key.json").address.lower() == KEEPER
    with pytest.raises(SetupError, match="is not the password"):
        account_of_keystore(keystore, "shut", "key.json")
    with pytest.raises(SetupError, match="set STRATC_KEEPER_PASSWORD"):
        account_of_keystore(keystore, None, "key.json")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 3}', '{"version": 3, "crypto": 1}'])
def test_what_is_no_keystore(text: str) -> None:
    with pytest.raises(SetupError, match="no keystore file"):
        account_of_keystore(text, "open", "key.json")


@pytest.mark.parametrize(
    ("near", "cap"), [("-1", 50), ("0", 50), ("1/9", 100), ("1/2", 275), ("1", 500), ("7", 500), ("0.0001", 50)]
)
def test_the_cap_grows_on_a_straight_line_and_stays_between(near: str, cap: int) -> None:
    assert cap_between(50, 500, Fraction(near)) == cap


def test_nearness_is_the_way_from_the_trigger_to_the_floor_of_the_same_quantity() -> None:
    def health(member: str, edge: str, relation: str) -> Compare:
        one = (Term(Fraction(1), (), 1),)
        left, right = Side((Term(Fraction(1), (member,), 100),), one), Side((Term(Fraction(edge), (), 1),), one)
        return Compare(left, relation, right, usd=False)

    goals = Goals("nav", (Floor("", health("h", "1.35", ">=")), Floor("", health("other", "1.49", ">="))), ())
    trigger = health("h", "1.50", "<")
    found = [nearness(trigger, goals, {"h": h, "other": 0}) for h in (165, 150, 140, 135, 120)]
    assert found == [-1, 0, Fraction(2, 3), 1, 2]
    assert nearness(health("nothing", "1.50", "<"), goals, {"nothing": 1}) is None
    assert nearness(OutsideBand(), goals, {}) is None


def test_state_survives_and_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    store = StateFile(path, ME)
    store.set_flight(FLIGHT)
    store.set_round(Round(5, 100))
    store.set_seen(SEEN)
    again = StateFile(path, ME).state
    assert again.flight == FLIGHT
    assert again.round == Round(5, 100)
    assert again.seen == SEEN
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize(
    ("part", "instead"),
    [("{", ""), ("1/3", "1/0"), ("1/3", "much"), ('"start"', '"begin"'), ('"seen"', '"saw"'), ('"block"', '"x"')],
)
def test_a_state_damaged_in_some_place_is_not_guessed(tmp_path: Path, part: str, instead: str) -> None:
    path = tmp_path / "state.json"
    StateFile(path, ME).set_seen(SEEN)
    path.write_text(path.read_text().replace(part, instead))
    with pytest.raises(SetupError, match="is damaged"):
        StateFile(path, ME)


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"identity": 1, "flight": null, "round": null}'])
def test_a_damaged_state_is_not_guessed(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(SetupError, match="is damaged"):
        StateFile(path, ME)
    assert path.read_text() == text


def test_the_state_of_another_vault_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    StateFile(path, ME)
    with pytest.raises(SetupError, match="belongs to vault 0xabab"):
        StateFile(path, Identity(2, ME.vault, ME.keeper))


def test_one_keeper_per_state_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with locked(path), pytest.raises(SetupError, match="another keeper runs"), locked(path):
        pass
    with pytest.raises(SetupError, match="cannot use the state file"), locked(tmp_path / "no" / "state.json"):
        pass
