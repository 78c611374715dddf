"""The extension for VS Code: its manifest names what exists, and its colours know every word of the language.

The colours are tested with Oniguruma, the library that editors run them with.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import onigurumacffi
import pytest

from ground.tree import ROOT, files
from stratc.arguments import parser
from stratc.lsp import lenses
from stratc_dsl.adapters import ADAPTERS
from stratc_dsl.check_quantities import QUANTITIES
from stratc_dsl.parse import keywords

FOLDER = ROOT / "editors" / "vscode"


def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


MANIFEST = read("package.json")
GRAMMAR = read("syntaxes/strat.tmLanguage.json")


def test_every_file_that_the_manifest_names_is_tracked() -> None:
    contributes = MANIFEST["contributes"]
    named = [MANIFEST["main"], *(one["configuration"] for one in contributes["languages"])]
    named += [one["path"] for one in contributes["grammars"]]
    assert {f"editors/vscode/{name.removeprefix('./')}" for name in named} <= set(files())


def test_the_parts_of_the_extension_speak_of_one_language() -> None:
    contributes = MANIFEST["contributes"]
    (language,), (grammar,) = contributes["languages"], contributes["grammars"]
    assert (language["id"], language["extensions"]) == ("strat", [".strat"])
    assert (grammar["language"], grammar["scopeName"]) == ("strat", GRAMMAR["scopeName"])
    assert read("language-configuration.json")["comments"]["lineComment"] == "#"
    client = (FOLDER / "extension.js").read_text(encoding="utf-8")
    for command in contributes["commands"]:
        assert f'registerCommand("{command["command"]}"' in client
    for setting in contributes["configuration"]["properties"]:
        assert f'settings.get("{setting.removeprefix("stratc.")}")' in client
    assert f'"{lenses.VERIFY}"' in client
    assert parser().parse_args(["lsp"]).command == "lsp"


def test_the_client_is_javascript() -> None:
    done = subprocess.run(["node", "--check", str(FOLDER / "extension.js")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_lock_file_pins_what_the_manifest_asks_for_without_addresses() -> None:
    packages = read("package-lock.json")["packages"]
    for name, version in (MANIFEST["dependencies"] | MANIFEST["devDependencies"]).items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert [name for name, one in packages.items() if "resolved" in one] == []
    assert [name for name, one in packages.items() if name and "integrity" not in one] == []


# ── colours ──


def patterns(of: Any = GRAMMAR) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Every rule in the order in which it is tried, compiled as the editor compiles it."""
    for rule in of["patterns"]:
        if "include" in rule:
            yield from patterns(GRAMMAR["repository"][rule["include"].removeprefix("#")])
        else:
            yield onigurumacffi.compile(rule["match"]), rule


RULES = tuple(patterns())


def coloured(line: str) -> list[tuple[str, str]]:
    """The words of a line with their scopes, as an editor finds them: the earliest match, of several the first rule."""
    found: list[tuple[str, str]] = []
    place = 0
    while True:
        matches = [
            (match.start(), order) for order, (rule, _) in enumerate(RULES) if (match := rule.search(line, place))
        ]
        if not matches:
            return found
        _, order = min(matches)
        match, rule = RULES[order][0].search(line, place), RULES[order][1]
        captures = rule.get("captures", {"0": {"name": rule.get("name", "")}})
        found += [(match.group(int(number)), capture["name"]) for number, capture in captures.items()]
        assert match.end() > place, f"{rule} matches nothing"
        place = match.end()


def test_every_word_of_the_language_has_a_colour() -> None:
    plain = {
        word for word in keywords() | set(QUANTITIES) | set(ADAPTERS) if [one for one, _ in coloured(word)] != [word]
    }
    assert plain == set()


def test_a_name_that_begins_like_a_word_has_none() -> None:
    for name in ("tokens", "navy", "do_it", "when2", "erc46261", "x_health"):
        assert coloured(name) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("    token USDC { decimals: 6 } # six", {"token": "storage.type", "USDC": "entity.name", "# six": "comment"}),
        ('price: chainlink("a # b", x=1)', {"price": "variable.other", '"a # b"': "string", "x": "variable.parameter"}),
        ("aave.debt(USDC): -32% +- 4%", {"debt": "variable.other.member", "32%": "constant", "+-": "keyword.operator"}),
        ("when health(aave) < 1.50 do freeze", {"when": "keyword", "health": "support", "freeze": "keyword.other"}),
        ("collateral=[WETH(ltv=80%)]", {"collateral": "variable.parameter", "ltv": "variable.parameter"}),
        ("price(T) moves -25bps .. +1_000.5", {"moves": "keyword", "25bps": "constant", "1_000.5": "constant"}),
        ("venue dex = uniswap_v3_lp(A/B)", {"dex": "entity.name", "uniswap_v3_lp": "support.class"}),
    ],
)
def test_colours_of_a_line(line: str, expected: dict[str, str]) -> None:
    found = dict(coloured(line))
    assert {word: found.get(word, "")[: len(scope)] for word, scope in expected.items()} == expected
