"""`stratc report`: one page that needs nothing else, in which nothing of a strategy is ever code."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import pytest
from lxml import html
from msgspec.structs import replace

from cli.browser import browser
from cli.examples import CARRY_45, IDLE
from cli.test_gate import SAVED
from cli.test_margin import only_losses
from stratc.__main__ import main
from stratc.analysis import load
from stratc.page import contract, run
from stratc.page.charts import RIGHT, _spread, bands, margin_plots, round_charts, told_of, weights
from stratc.page.contract import entry_points
from stratc.page.render import Shown, page
from stratc.page.run import nearest_two
from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.certify import ProvedVault
from stratc_compiler.constants import assumed
from stratc_compiler.heatmap import Cell, Map
from stratc_compiler.margins import Margin
from stratc_compiler.verdict import ClaimResult, Proved, Refuted, Scenario, Unknown, Verification
from stratc_dsl.span import Source
from stratc_targets.artifact import Artifact
from stratc_targets.vyper.emit import vault_sources

SHORT_ETHER = str(Path(IDLE).parents[2] / "examples" / "short_ether.strat")

NASTY = "<script>alert(1)</script>"


def made(tmp_path: Path, text: str, *words: str, name: str = "saving.strat") -> tuple[int, html.HtmlElement]:
    """The page of a text, as the command writes it, and the status."""
    (tmp_path / name).write_text(text, "utf-8")
    out = tmp_path / "page.html"
    status = main(["report", str(tmp_path / name), "--out", str(out), *words])
    return status, html.document_fromstring(out.read_text("utf-8"))


def section(document: html.HtmlElement, label: str) -> str:
    (found,) = document.xpath(f"//section[@aria-label='{label}']")
    return " ".join(found.text_content().split())


E18 = 10**18
SETTLED = {
    "aave.collateral(WETH)": 385 * E18,
    "aave.debt(USDC)": 359_900 * 10**6,
    "save": 460_000 * 10**6,
    "idle(USDC)": 129_900 * 10**6,
    "idle(WETH)": 0,
    "price(USDC)": E18,
    "price(WETH)": 2_000 * E18,
    "unit(USDC)": 10**6,
    "unit(WETH)": E18,
    "liquidity(save)": 460_000 * 10**6,
    "liquidity(aave.collateral(WETH))": 385 * E18,
}
WHY = "aave can liquidate: health(aave) = 0.9708"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """How the carry breaks that was to outlive -45%, as `verify` tells it (tests/refuted/eth_carry_45.txt)."""
    lines = (("settled", "nav 1,000,000 USD"), ("the move", "within 1h: price(WETH) -45%"), ("broken", WHY))
    return Scenario(lines, SETTLED, SETTLED | {"price(WETH)": 1_100 * E18}, WHY)


@pytest.fixture(scope="module")
def refuted(scenario: Scenario) -> Verification:
    """The carry that was to outlive -45%, undecided but for what the page shows: proofs take seconds."""
    (model,) = load(CARRY_45).models
    claims = (
        ClaimResult("consistent", "every rule can fire", Proved(), ()),
        ClaimResult("survives", "no venue can liquidate", Refuted(WHY, scenario, "hold less"), ()),
        ClaimResult("exits", "the exit never reverts", Unknown("the solver gave up"), ()),
    )
    return Verification(model.vault, model.source, claims, guarded_assumptions(model.vault))


def test_the_page_has_everything_that_was_found_out(refuted: Verification, scenario: Scenario) -> None:
    document = html.document_fromstring(page([Shown(refuted, 1.0, missing="There is none: x")]))
    claims = section(document, "claims")
    for claim in refuted.claims:
        assert f"{type(claim.verdict).__name__.lower()} {claim.name}" in claims
    for label, text in scenario.lines:
        assert f"{label}{text}" in claims or f"{label} {text}" in claims
    assert document.xpath("//li[.//code='survives']//details[@open]")
    allocation = section(document, "allocation")
    assert "aave.debt(USDC)" in allocation
    trust = section(document, "trust")
    for one in refuted.assumptions:
        assert " ".join(one.text.split()) in trust
    assert section(document, "contract").endswith("There is none: x.")
    assert "price(WETH) moves -45%" in section(document, "source")
    assert "1 proved 1 refuted 1 unknown" in " ".join(document.xpath("//header")[0].text_content().split())


def test_the_command_writes_the_page_whatever_the_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, document = made(tmp_path, SAVED.replace("loss <= 2%", "loss <= 0.1%"), "--quick")
    assert status == 1
    assert capsys.readouterr().out == f"written to {tmp_path / 'page.html'}\n"
    assert "refuted loss <= 0.1% per round" in section(document, "claims")
    assert "Not looked at" in section(document, "margins")


def test_bad_input_writes_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "page.html"
    assert main(["report", str(tmp_path / "none.strat"), "--out", str(out)]) == 2
    assert not out.exists()


@pytest.mark.parametrize("place", ["none/page.html", ".", "file/page.html"])
def test_a_place_that_takes_no_page_is_told_before_anything_is_proved(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "prove", None)
    (tmp_path / "file").write_text("mine")
    assert main(["report", IDLE, "--out", str(tmp_path / place)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_what_changes_something_is_told_first_with_its_own_words(
    refuted: Verification, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sources are those of the carry; of the interface three functions."""
    sources = vault_sources(refuted.vault, refuted.source)
    functions = [
        {"type": "function", "name": "totalAssets", "stateMutability": "view", "inputs": []},
        {"type": "event", "name": "Deposit", "inputs": []},
        {
            "type": "function",
            "name": "deposit",
            "stateMutability": "nonpayable",
            "inputs": [{"name": "assets", "type": "uint256"}, {"name": "receiver", "type": "address"}],
        },
        {
            "type": "function",
            "name": "balanceOf",
            "stateMutability": "view",
            "inputs": [{"name": "", "type": "address"}],
        },
    ]
    files = [Artifact(path, text) for path, text in {**sources, "abi.json": json.dumps(functions)}.items()]
    monkeypatch.setattr(contract, "emit_vault", lambda proved: files)
    deposit, total, balance = entry_points(ProvedVault(refuted.vault, refuted))
    assert (deposit.signature, deposit.changes) == ("deposit(assets: uint256, receiver: address)", True)
    assert deposit.says.startswith("Deposit exactly `assets`; returns the shares minted")
    assert (total.signature, total.changes) == ("totalAssets()", False)
    assert balance.signature == "balanceOf(address)"


def test_words_are_told_of_the_function_that_they_stand_in() -> None:
    silent = "@external\ndef silent(x: uint256) -> (uint256, bool):\n    return x, True\n\n\n"
    told = 'def told(\n    y: Bytes[max(8, 9)], z: uint256,\n) -> uint256:\n    """\n    @notice Of told.\n    """\n'
    assert contract._notices(silent + told) == [("told", "Of told.")]


def test_every_function_of_a_vault_that_changes_something_says_what_it_does(refuted: Verification) -> None:
    sources = vault_sources(refuted.vault, refuted.source)
    said = dict(contract._notices(sources["contracts/Vault.vy"]))
    assert said["serve"].startswith("Anyone: redeem the oldest requests")
    assert said["claim"].startswith("The controller of a request: pay out")
    external = re.findall(r"^@external\n(?:@nonreentrant\n|@payable\n)*def (\w+)", sources["contracts/Vault.vy"], re.M)
    assert len(external) > 10
    assert {name for name in external if not name.startswith("_")} <= said.keys()


@pytest.mark.long
def test_the_entry_points_are_those_of_the_contract(tmp_path: Path) -> None:
    status, document = made(tmp_path, Path(IDLE).read_text("utf-8"))
    assert status == 0
    cells = document.xpath("//section[@aria-label='contract']/table//td[1]")
    changing = {cell.text_content() for cell in cells}
    reading = {cell.text_content() for cell in document.xpath("//section[@aria-label='contract']//details//td[1]")}
    assert changing >= {"deposit(assets: uint256, receiver: address)", "emergency_exit()"}
    assert reading >= {"totalAssets()", "balanceOf(arg0: address)"} or reading >= {
        "totalAssets()",
        "balanceOf(address)",
    }
    assert not changing & reading


# ── nothing is code ────────────────────────────────────────────────────────────────────────


def test_nothing_of_a_strategy_is_html(tmp_path: Path) -> None:
    text = f"# </pre>{NASTY}<img src=x onerror=alert(1)> {{{{ 7 * 7 }}}}\n" + SAVED.replace(
        "USDC/USD", "<b onclick=x>/USD"
    )
    _, document = made(tmp_path, text, "--quick", name='a\udcff"><b onclick=x>.strat')
    assert not document.xpath("//script | //img | //b | //iframe | //object | //link | //form")
    assert not document.xpath("//@*[starts-with(name(), 'on')] | //@src | //@href | //@style")
    (pre,) = document.xpath("//pre")
    assert pre.text_content() == text
    assert '"><b onclick=x>.strat' in document.xpath("//header/p")[0].text_content()
    (policy,) = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_whatever_text_comes_in_comes_out_as_text(refuted: Verification) -> None:
    """Names are identifiers and words are ours; were they not, they still would be no code."""
    claims = tuple(
        replace(one, name=NASTY, text=NASTY, verdict=replace(one.verdict, why=NASTY, help=NASTY))
        if isinstance(one.verdict, Refuted)
        else replace(one, name=NASTY)
        for one in refuted.claims
    )
    assumptions = tuple(replace(one, text=NASTY, how=NASTY) for one in refuted.assumptions)
    strategy = replace(refuted.vault.strategy, name=NASTY)
    nasty = replace(
        refuted,
        claims=claims,
        assumptions=assumptions,
        vault=replace(refuted.vault, strategy=strategy),
        source=Source(NASTY, NASTY),
    )
    text = page([Shown(nasty, 1.0, missing=NASTY)])
    assert "<script" not in text
    assert text.count("&lt;script&gt;") > len(claims) + 2 * len(assumptions)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`rebalance` reverts: `a`", "<code>rebalance</code> reverts: <code>a</code>."),
        ("no `<b>` & `", "no `&lt;b&gt;` &amp; `."),
        ("`<b>` &", "<code>&lt;b&gt;</code> &amp;."),
    ],
)
def test_what_stands_between_backquotes_is_shown_as_code(refuted: Verification, text: str, shown: str) -> None:
    assert f'<p class="soft">{shown}</p>' in page([Shown(refuted, 1.0, missing=text)])


# ── what is drawn ──────────────────────────────────────────────────────────────────────────


def test_positions_stand_where_the_scenario_has_them(refuted: Verification, scenario: Scenario) -> None:
    vault = refuted.vault
    shares = weights(vault, scenario.settled)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-6)
    assert shares["aave.debt(USDC)"] < 0
    rows, zero = bands(vault, {"settled": scenario.settled, "at the break": scenario.after})
    for row in rows:
        target = next(mark for mark in row.marks if mark.kind == "target")
        assert row.left <= target.x <= row.right
        assert {mark.kind for mark in row.marks} >= {"target", "settled", "at the break"}
    debt = next(row for row in rows if row.name == "aave.debt(USDC)")
    assert debt.right < zero


SHORT = {
    "idle(WETH)": 265 * E18,
    "perp.margin": 880_000 * 10**6,
    "perp.short(WETH)": 250 * E18,
    "liquidity(perp.margin)": 880_000 * 10**6,
    "idle(USDC)": 90_000 * 10**6,
    "price(USDC)": E18,
    "price(WETH)": 2_000 * E18,
    "unit(USDC)": 10**6,
    "unit(WETH)": E18,
}


def test_a_short_counts_in_its_margin_and_what_is_hedged_has_a_row_of_its_own() -> None:
    (model,) = load(SHORT_ETHER).models
    shares = weights(model.vault, SHORT)
    told = {"idle(WETH)": 0.53, "perp.margin": 0.38, "idle(USDC)": 0.09, "delta(WETH)": 0.03}
    assert shares == pytest.approx(told, abs=1e-6)
    rows, zero = bands(model.vault, {"settled": SHORT})
    margin, hedged = rows[1], rows[-1]
    assert (margin.name, margin.told) == ("perp.margin", "target 40%, 34% .. 46%")
    assert margin.left < margin.marks[1].x < margin.right
    assert (hedged.name, hedged.told) == ("delta(WETH)", "hedged, -3% .. 3%")
    assert hedged.left < zero < hedged.right == hedged.marks[0].x
    shown = Verification(model.vault, model.source, (), ())
    section_ = section(html.document_fromstring(page([Shown(shown, 1.0)])), "allocation")
    assert "A margin counts for all that its account is worth." in section_


def test_lines_go_from_the_settled_vault_to_the_break(refuted: Verification, scenario: Scenario) -> None:
    values, prices = round_charts(refuted.vault, scenario)
    nav = values.lines[0]
    assert nav.name == "nav"
    assert nav.ends[1] > nav.ends[0]  # downwards: the vault has lost
    assert f"nav {nav.labels[0]} USD" in dict(scenario.lines)["settled"]
    assert [(line.name, line.labels[1]) for line in prices.lines] == [("price(WETH)", "55% price(WETH)")]


def test_what_is_large_is_told_in_millions(refuted: Verification, scenario: Scenario) -> None:
    def larger(state: dict[str, int]) -> dict[str, int]:
        kept = {name: value for name, value in state.items() if name.startswith(("price", "unit"))}
        return {name: value * 12_345 for name, value in state.items()} | kept

    grown = replace(scenario, settled=larger(scenario.settled), after=larger(scenario.after))
    values, _ = round_charts(refuted.vault, grown)
    assert values.title == "million USD"
    assert values.lines[0].labels == ("12,345", "8,067.46 nav")


def test_a_scenario_of_a_vault_that_is_held_is_drawn_of_that_one(scenario: Scenario) -> None:
    (outer,) = load(str(Path(IDLE).parents[2] / "examples" / "vault_of_vaults.strat")).models
    (inner,) = outer.vault.inner.values()
    state = {held.name: 10**12 for held in inner.held} | {"price(USDC)": E18, "unit(USDC)": 10**6}
    broken = replace(scenario, settled=state, after=state)
    claim = ClaimResult("exits", "the exit never reverts", Refuted(WHY, broken), ())
    shown = Verification(outer.vault, outer.source, (claim,), ())
    assert told_of(outer.vault, broken) is inner
    document = html.document_fromstring(page([Shown(shown, 1.0)]))
    assert "How it breaks, within one round of Treasury" in section(document, "claims")
    assert not document.xpath("//section[@aria-label='allocation']//circle")  # the ring would be another vault's
    assert told_of(outer.vault, scenario) is None
    nowhere = replace(shown, claims=(replace(claim, verdict=Refuted(WHY, scenario)),))
    assert not html.document_fromstring(page([Shown(nowhere, 1.0)])).xpath("//section[@aria-label='claims']//svg")


def test_labels_do_not_lie_on_each_other() -> None:
    found = _spread([30.0, 10.0, 31.0, 30.5])
    assert sorted(found) == [10.0, 30.0, 43.0, 56.0]
    assert found[1] == 10.0


def test_margins_are_drawn_from_what_is_assumed(refuted: Verification) -> None:
    constant = next(one for one in assumed(refuted.vault.strategy) if one.field.words == "fall")
    found = [
        Margin("exits", constant, Fraction(-1)),
        Margin("solvent", constant, Fraction("-0.5"), Fraction("-0.51"), Proved()),
    ]
    (plot,) = margin_plots(found, refuted.source)
    first, last = plot.rows
    assert (first.claim, last.claim) == ("solvent", "exits")  # what breaks first stands first
    assert first.start < first.end < (first.broken or 0) < RIGHT
    assert (last.end, last.broken) == (RIGHT, None)
    assert first.told == "holds to -50%, no longer at -51%"


def test_the_map_of_two_numbers_is_drawn_from_the_lower_left(refuted: Verification) -> None:
    fall, slippage = (
        one for one in assumed(refuted.vault.strategy) if one.value in (Fraction("-0.45"), Fraction("0.003"))
    )
    proved, broken = Cell("proved"), Cell("refuted", ("survives",))
    drawn = Map(
        fall,
        slippage,
        (Fraction("-0.2"), Fraction("-0.3")),
        (Fraction("0.01"), Fraction("0.02")),
        ((proved, broken),) * 2,
    )
    document = html.document_fromstring(page([Shown(refuted, 1.0, pushed=True, map=drawn)]))
    cells = document.xpath("//figure[@class='map']//rect[contains(@class, 'cell')]")
    places = {cell.xpath("string(title)"): (float(cell.get("x")), float(cell.get("y"))) for cell in cells}
    assert len(cells) == 4
    assert places["-20%, 1%: proved"] == (min(x for x, _ in places.values()), max(y for _, y in places.values()))
    assert places["-30%, 2%: refuted survives"] == (
        max(x for x, _ in places.values()),
        min(y for _, y in places.values()),
    )
    assert "price(WETH) moves -45%" in section(document, "margins")
    assert document.xpath("//rect[@class='assumed']/@x") == [cells[0].get("x")]


def test_the_two_numbers_that_break_a_claim_first_are_drawn(refuted: Verification) -> None:
    numbers = list(assumed(refuted.vault.strategy))
    far, near, unbroken, nearest = numbers[:4]
    found = [
        Margin("exits", far, far.value * 3, far.value * 4),
        Margin("survives", near, near.value * 2, near.value * 3),
        Margin("exits", near, near.value * 8, near.value * 9),
        Margin("survives", unbroken, unbroken.value),
        Margin("survives", nearest, nearest.value, nearest.value * 2),
    ]
    assert nearest_two(found) == (nearest, near)
    assert nearest_two(found[1:4]) is None


# ── in a browser ───────────────────────────────────────────────────────────────────────────

CLIPPED = """[...document.querySelectorAll('svg text')].filter(text => {
  const box = text.getBBox(), view = text.ownerSVGElement.viewBox.baseVal;
  return box.x < -1 || box.x + box.width > view.width + 1 || box.y + box.height > view.height + 1;
}).map(text => text.textContent)"""

OVERLAPPING = """[...document.querySelectorAll('svg')].flatMap(svg => {
  const texts = [...svg.querySelectorAll('text')].map(text => [text.getBBox(), text.textContent]);
  return texts.flatMap(([a, one], i) => texts.slice(i + 1).filter(([b]) =>
    a.x < b.x + b.width - 1 && b.x < a.x + a.width - 1 && a.y < b.y + b.height - 3 && b.y < a.y + a.height - 3
  ).map(([, other]) => `${one} | ${other}`));
})"""


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["refuted", "proved", "nasty", "short"])
def test_a_browser_shows_it_on_a_phone_and_a_desk_in_light_and_dark(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_losses(monkeypatch)
    if kind == "short":
        (tmp_path / "page.html").write_text(page([_broken_short()]), "utf-8")
    text = {
        "refuted": Path(CARRY_45).read_text("utf-8"),
        "proved": SAVED,
        "nasty": f"# </pre>{NASTY}<img src=x onerror=alert(1)>\n{SAVED}",
    }.get(kind)
    if text is not None:
        made(tmp_path, text, *(["--quick"] if kind == "nasty" else []))
    seen = set()
    with browser(tmp_path / "profile") as tab:
        for width in (360, 1280):
            for dark in (False, True):
                tab.open(tmp_path / "page.html", width, dark)
                tab.value("document.querySelectorAll('details').forEach(one => one.open = true)")
                shot = tab.picture(tmp_path / f"{kind}-{width}-{'dark' if dark else 'light'}.png")
                assert shot.startswith(b"\x89PNG")
                seen.add((width, tab.value("getComputedStyle(document.body).backgroundColor")))
                assert tab.value("document.documentElement.scrollWidth") <= width
                assert tab.value("document.querySelectorAll('section').length") == 6
                assert tab.value(CLIPPED) == []
                assert tab.value(OVERLAPPING) == []
        assert tab.troubles == []
    assert len(seen) == 4  # light and dark differ


def _broken_short() -> Shown:
    """Ether that is short, as if it broke where ether rises by a half, with the largest map there is."""
    (model,) = load(SHORT_ETHER).models
    broken = Scenario((("settled", "nav 1,000,000 USD"),), SHORT, SHORT | {"price(WETH)": 3_000 * E18}, "it breaks")
    claims = (ClaimResult("safe(perp)", "perp can never liquidate", Refuted("it breaks", broken), ()),)
    verification = Verification(model.vault, model.source, claims, guarded_assumptions(model.vault))
    across, up = list(assumed(model.vault.strategy))[:2]
    values = [tuple(one.value * (1 + number) for number in range(11)) for one in (across, up)]
    cells = tuple(
        tuple(Cell("proved" if i + j < 5 else "unknown" if i + j < 8 else "refuted") for i in range(11))
        for j in range(11)
    )
    return Shown(verification, 1.0, pushed=True, map=Map(across, up, *values, cells), missing="x")


@pytest.mark.long
def test_what_goes_wrong_in_a_page_would_be_noticed(tmp_path: Path) -> None:
    broken = "<script>console.log('x'); alert; throw new Error('oh')</script><img src='x.png'><svg viewBox='0 0 9 9'>"
    (tmp_path / "page.html").write_text(
        f"<body style='width: 900px'>{broken}<text x='5' y='5'>long</text></svg>", "utf-8"
    )
    with browser(tmp_path / "profile") as tab:
        tab.open(tmp_path / "page.html", 360, dark=False)
        assert tab.value(CLIPPED) == ["long"]
        told = "\n".join(tab.troubles)
    assert all(word in told for word in ("oh", "x.png", '"type": "log"'))
