"""Files that use each other, on disk: every command reads them, names the right one, and pins all of them."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cli.examples import remembering
from stratc.__main__ import main
from stratc.analysis import load
from stratc_compiler import driver
from stratc_compiler.certificate import certificate_json

ROOT = Path(__file__).parents[2]
TREASURY = (ROOT / "examples" / "treasury.strat").read_text("utf-8")
SCHEMA = json.loads((ROOT / "docs" / "verify.schema.json").read_text("utf-8"))

TOKENS = """token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
token WETH { decimals: 18, price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%) }
"""
MARKET = """use "../tokens.strat"

venue aave = aave_v3(collateral=[USDC, WETH])
venue save = erc4626(asset=USDC)

assume {
    price(USDC) stays 0.97 .. 1.03
    loss(save) <= 1%
    liquidity(aave) >= 50%
    withdrawals <= 10% of nav
}
"""
BORROWED = ("token ", "venue ", "price(", "loss(", "liquidity(", "withdrawals ")


def strategy(name: str) -> str:
    """The treasury of the examples, with all that MARKET has taken from there."""
    own = (line for line in TREASURY.splitlines() if not line.strip().startswith(BORROWED))
    text = "\n".join(own).replace("strategy Treasury", f"strategy {name}").replace("aave:", "aave.collateral(USDC):")
    return f'use "shared/market.strat"\n\n{text}\n'


@pytest.fixture
def vaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two strategies over one market, which is where the command runs."""
    folder = tmp_path / "vaults"
    (folder / "shared").mkdir(parents=True)
    (folder / "tokens.strat").write_text(TOKENS)
    (folder / "shared" / "market.strat").write_text(MARKET)
    (folder / "first.strat").write_text(strategy("First"))
    (folder / "second.strat").write_text(strategy("Second"))
    monkeypatch.chdir(folder)
    return folder


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(list(words))
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_strategy_is_that_of_the_example(vaults: Path) -> None:
    (model,) = load("first.strat").models
    (treasury,) = load(str(ROOT / "examples" / "treasury.strat")).models
    mine, example = model.vault.strategy, treasury.vault.strategy
    assert (mine.tokens, set(mine.assumptions)) == (example.tokens, set(example.assumptions))
    assert (mine.allocations, mine.floors, mine.rules) == (example.allocations, example.floors, example.rules)
    assert {venue.name: venue.terms for venue in mine.venues} == {venue.name: venue.terms for venue in example.venues}


def test_two_strategies_share_one_market(vaults: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = printed(capsys, "check", "first.strat", "second.strat", "shared/market.strat", "tokens.strat")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "first.strat: First is well formed",
        "second.strat: Second is well formed",
        "shared/market.strat: what it shares is well formed",
        "tokens.strat: what it shares is well formed",
    ]


@pytest.mark.parametrize("command", [["check"], ["verify"], ["build", "--out", "never"]])
def test_a_faulty_file_is_told_once_and_by_its_own_name(
    command: list[str], vaults: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (vaults / "tokens.strat").write_text(TOKENS.replace("decimals: 6", "decimals: 6.5"))
    status, out, err = printed(capsys, *command, "first.strat", "second.strat")
    assert (status, out) == (2, "")
    assert err.count("error[") == 1
    assert "--> tokens.strat:1:24" in err


def test_json_and_sarif_name_the_file_of_every_place(vaults: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = strategy("First").replace("strategy First {", f"strategy First {{\n{TOKENS.splitlines()[0]}")
    (vaults / "first.strat").write_text(own)
    status, out, _ = printed(capsys, "verify", "--format", "json", "first.strat", "second.strat")
    document: Any = json.loads(out)
    Draft202012Validator(SCHEMA).validate(document | {"files": document["files"][:1]})
    (diagnostic,) = document["files"][0]["diagnostics"]
    assert (status, diagnostic["code"], diagnostic["file"]) == (2, "E0202", "first.strat")
    assert diagnostic["secondary"][0]["file"] == "tokens.strat"
    assert diagnostic["secondary"][0]["start"] == {"offset": 6, "line": 1, "column": 7}
    _, out, _ = printed(capsys, "check", "--format", "sarif", "first.strat")
    (result,) = json.loads(out)["runs"][0]["results"]
    related = result["relatedLocations"][0]["physicalLocation"]
    assert (related["artifactLocation"]["uri"], related["region"]["startLine"]) == ("tokens.strat", 1)


UNREADABLE: dict[str, bytes | None] = {
    "no such file": None,
    "is empty": b"",
    "is not UTF-8 text: byte 0xff at offset 6, on line 1": b"token \xff",
    "is larger than 16 MB": b"#" * 17_000_000,
}


@pytest.mark.parametrize("expected", UNREADABLE)
def test_a_used_file_that_cannot_be_read(expected: str, vaults: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = UNREADABLE[expected]
    (vaults / "tokens.strat").unlink()
    if data is not None:
        (vaults / "tokens.strat").write_bytes(data)
    status, _, err = printed(capsys, "verify", "first.strat")
    assert status == 2
    assert err.startswith("error[E1001]: cannot use `tokens.strat`: ")
    assert expected in err
    assert "--> shared/market.strat:1:5" in err
    assert "Traceback" not in err


def test_nothing_is_verified_or_built_from_a_file_that_only_shares(
    vaults: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["verify"], ["build", "--out", "never"]):
        status, out, err = printed(capsys, *command, "tokens.strat")
        assert (status, out) == (2, "")
        assert err.startswith("error[E1005]")


def test_the_certificate_pins_every_file(vaults: Path) -> None:
    (model,) = load(str(vaults / "first.strat")).models
    document = json.loads(certificate_json(driver.Verification(model.vault, model.source, (), ())))
    files = [
        {"name": name, "sha256": sha256((vaults / name).read_bytes()).hexdigest(), "text": (vaults / name).read_text()}
        for name in ("first.strat", "shared/market.strat", "tokens.strat")
    ]
    assert document["source"]["files"] == files
    lines = "".join(f"{one['sha256']}  {one['name']}\n" for one in files)
    assert document["source"]["sha256"] == sha256(lines.encode()).hexdigest()
    (again,) = load("first.strat").models
    assert again.source.digest() == model.source.digest()


@pytest.mark.long
def test_what_is_built_names_the_files_of_its_lines(vaults: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with remembering():
        status, out, _ = printed(capsys, "verify", "--format", "json", "first.strat")
        document = json.loads(out)
        Draft202012Validator(SCHEMA).validate(document)
        spans = {one["id"]: one["span"] for one in document["files"][0]["strategies"][0]["assumptions"]}
        assert status == 0
        assert spans["loss(save)"] == {"line": 8, "column": 5, "file": "shared/market.strat"}
        assert "file" not in spans["keeper"]
        assert printed(capsys, "build", "first.strat", "--out", "out")[0] == 0
    _audit(vaults / "out/First/certificate.json")
    vault = (vaults / "out/First/contracts/Vault.vy").read_text()
    digest = load("first.strat").models[0].source.digest()
    assert f"from first.strat, shared/market.strat, tokens.strat (sha256 {digest})" in vault
    assert "# market.strat:10  withdrawals <= 10% of nav\n" in vault
    keeper = json.loads((vaults / "out/First/keeper.json").read_text())
    assert keeper["source"] == {"name": "first.strat", "sha256": digest}
    assert {(one.get("file"), one["line"]) for one in keeper["alarms"] if one["line"]} == {
        (None, 10),
        ("market.strat", 7),
        ("market.strat", 8),
        ("market.strat", 9),
    }


def _audit(certificate: Path) -> None:
    """It contains every file: it is audited from itself alone, and no more where one is missing."""
    assert main(["audit", str(certificate)]) == 0
    document = json.loads(certificate.read_text())
    document["source"]["files"].pop()
    certificate.write_text(json.dumps(document))
    assert main(["audit", str(certificate)]) == 1
