"""Files that share declarations: what a strategy sees of them, what becomes part of it, and where errors are shown."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratc_dsl import (
    ParseResult,
    Source,
    Strategy,
    Unreadable,
    diagnostic_to_json,
    parse_strategies,
    render_diagnostic,
)
from stratc_dsl.strategy import (
    AaveV3,
    Collateral,
    KeeperEvery,
    LossAtMost,
    Position,
    PriceMoves,
    PriceStays,
    RateAtMost,
    SlippageAtMost,
)

USDC = 'token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }\n'
WETH = 'token WETH { decimals: 18, price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%) }\n'
WBTC = 'token WBTC { decimals: 8, price: chainlink("BTC/USD", heartbeat=1h, deviation=0.5%) }\n'
DAI = 'token DAI { decimals: 18, price: chainlink("DAI/USD", heartbeat=1h, deviation=0.25%) }\n'
TOKENS = f"# all that anybody holds\n{USDC}{WETH}{WBTC}{DAI}"
VENUES = """use "tokens.strat"
venue aave = aave_v3(
    collateral=[WETH(ltv=80%, threshold=82.5%), WBTC(ltv=70%, threshold=75%), DAI],
    borrow=[USDC, DAI],
)
venue save = erc4626(asset=USDC)
venue dai_save = erc4626(asset=DAI)
venue dex = uniswap_v3(WETH/USDC, fee=0.05%)
venue deep = uniswap_v3(WETH/USDC, fee=0.30%)
venue bitcoin = uniswap_v3(WBTC/USDC, fee=0.30%)
"""
MARKET = """use "venues.strat"
assume {
    keeper every 1h
    price(USDC) stays 0.98 .. 1.02
    price(WETH) moves -20% .. +20%
    price(WBTC) moves -25% .. +25%
    rate(aave.debt(USDC)) <= 60% per 1y
    slippage(dex) <= 0.30%
    slippage(deep) <= 0.40%
    loss(save) <= 0.05%
}
"""
FILES = {"tokens.strat": TOKENS, "venues.strat": VENUES, "market.strat": MARKET}

SAVER = 'use "market.strat"\nstrategy Saver { base USDC, allocate { save: 60%, idle(USDC): 40% } }\n'
CARRY = """use "market.strat"
strategy Carry {
    base USDC
    allocate {
        aave.collateral(WETH): 80%
        aave.debt(USDC): -30%
        save: 50%
    }
    floors { health(aave) >= 1.3 }
}
"""


def reader(files: dict[str, str], asked: list[str] | None = None) -> Callable[[str], str | Unreadable]:
    def read(path: str, /) -> str | Unreadable:
        if asked is not None:
            asked.append(path)
        return files.get(path, Unreadable("no such file"))

    return read


def result_of(text: str, **changed: str) -> ParseResult:
    """What comes of a text, where the usual files lie beside it, or others under their names without `.strat`."""
    files = FILES | {f"{name}.strat": other for name, other in changed.items()}
    return parse_strategies(Source("main.strat", text), reader(files))


def only(result: ParseResult) -> Strategy:
    assert result.diagnostics == ()
    (strategy,) = result.strategies
    return strategy


def codes(result: ParseResult) -> list[str]:
    return [diagnostic.code for diagnostic in result.diagnostics]


# ── what belongs to a strategy ──


def test_a_strategy_has_what_it_uses_and_nothing_else() -> None:
    saver = only(result_of(SAVER))
    assert [token.name for token in saver.tokens] == ["USDC"]
    assert [venue.name for venue in saver.venues] == ["save"]
    assert saver.exit_order == ("save",)
    assert saver.assumptions == (
        KeeperEvery(3_600),
        PriceStays("USDC", Fraction("0.98"), Fraction("1.02")),
        LossAtMost("save", Fraction("0.0005")),
    )


def test_of_a_lending_venue_come_the_tokens_that_are_used_and_a_pool_to_trade_them() -> None:
    carry = only(result_of(CARRY))
    assert [token.name for token in carry.tokens] == ["USDC", "WETH"]
    assert [venue.name for venue in carry.venues] == ["aave", "save", "dex"]
    weth = Collateral("WETH", Fraction(4, 5), Fraction(33, 40))
    assert carry.venue("aave").terms == AaveV3((weth,), ("USDC",))
    assert [type(one) for one in carry.assumptions] == [
        KeeperEvery,
        PriceStays,
        PriceMoves,
        RateAtMost,
        SlippageAtMost,
        LossAtMost,
    ]


def test_it_is_the_strategy_that_says_the_same_in_one_file() -> None:
    alone = CARRY.replace('use "market.strat"\n', "").replace(
        "base USDC\n",
        f"""base USDC
        {USDC}
        {WETH}
        venue aave = aave_v3(collateral=[WETH(ltv=80%, threshold=82.5%)], borrow=[USDC])
        venue save = erc4626(asset=USDC)
        venue dex = uniswap_v3(WETH/USDC, fee=0.05%)
        assume {{
            keeper every 1h
            price(USDC) stays 0.98 .. 1.02
            price(WETH) moves -20% .. +20%
            rate(aave.debt(USDC)) <= 60% per 1y
            slippage(dex) <= 0.30%
            loss(save) <= 0.05%
        }}
""",
    )
    assert only(result_of(alone)) == only(result_of(CARRY))


@pytest.mark.parametrize(
    "named", ["exit { order: [deep, aave, save] }", "assume { withdrawals <= 5% of nav, liquidity(save) >= 50% }"]
)
def test_of_two_pools_for_a_pair_the_named_one_comes_or_else_the_first(named: str) -> None:
    carry = only(result_of(CARRY.replace("base USDC\n", f"base USDC\n{named}\n")))
    pools = [venue.name for venue in carry.venues if venue.adapter == "uniswap_v3"]
    assert pools == (["deep"] if "deep" in named else ["dex"])


def test_what_a_strategy_assumes_of_a_pool_chooses_it() -> None:
    market = MARKET.replace("    slippage(deep) <= 0.40%\n", "")
    own = CARRY.replace("base USDC\n", "base USDC\nassume { slippage(deep) <= 0.50% }\n")
    carry = only(result_of(own, market=market))
    assert [venue.name for venue in carry.venues] == ["aave", "save", "deep"]
    assert carry.assumptions[-1] == SlippageAtMost("deep", Fraction("0.005"))


def test_what_a_token_is_priced_in_and_an_asset_of_a_venue_come_along() -> None:
    text = """use "market.strat"
strategy S {
    base USDC
    venue swap = uniswap_v3(DAI/USDC, fee=0.01%)
    assume { price(DAI) stays 0.98 .. 1.02, slippage(swap) <= 0.1% }
    allocate { dai_save: 60%, idle(USDC): 40% }
}
"""
    strategy = only(result_of(text))
    assert [token.name for token in strategy.tokens] == ["USDC", "DAI"]
    assert [venue.name for venue in strategy.venues] == ["dai_save", "swap"]


def test_a_position_that_is_named_by_its_venue_alone_brings_its_token() -> None:
    venues = 'use "tokens.strat"\nvenue lend = aave_v3(collateral=[USDC])\n'
    text = """use "lending.strat"
strategy S {
    base USDC
    assume { keeper every 1h, price(USDC) stays 0.98 .. 1.02 }
    allocate { lend: 100% }
}
"""
    strategy = only(result_of(text, lending=venues))
    assert strategy.allocations[0].position == Position("lend", "collateral", "USDC")
    assert strategy.venue("lend").terms == AaveV3((Collateral("USDC", None, None),), ())


def test_what_an_own_file_shares_is_seen_by_all_its_strategies() -> None:
    first = SAVER.replace('use "market.strat"\n', MARKET)
    second = "strategy Other { base USDC, allocate { idle(USDC): 100% } }\n"
    result = result_of(second + first)
    assert result.diagnostics == ()
    assert [strategy.name for strategy in result.strategies] == ["Other", "Saver"]
    assert [venue.name for one in result.strategies for venue in one.venues] == ["save"]


def test_strategies_of_a_used_file_are_not_imported_nor_checked() -> None:
    market = MARKET + "strategy Unfinished { base NOTHING }\nstrategy Saver { base USDC }\n"
    assert only(result_of(SAVER, market=market)) == only(result_of(SAVER))


def test_a_shared_assumption_on_which_nothing_rests_is_left_out_without_a_warning() -> None:
    text = SAVER.replace("save: 60%, idle(USDC): 40%", "idle(USDC): 100%")
    assert [type(one) for one in only(result_of(text)).assumptions] == [KeeperEvery, PriceStays]


def test_a_missing_assumption_is_missing_in_the_strategy() -> None:
    result = result_of(CARRY, market=MARKET.replace("price(WETH) moves -20% .. +20%", ""))
    assert codes(result) == ["E0501"]
    assert result.source.words(result.diagnostics[0].primary.span) == "Carry"


def test_a_file_that_only_shares_is_well_formed_and_no_strategy() -> None:
    read = reader(FILES)
    assert codes(parse_strategies(Source("market.strat", MARKET), read)) == ["E1005"]
    result = parse_strategies(Source("market.strat", MARKET), read, may_only_share=True)
    assert (result.strategies, result.diagnostics) == ((), ())
    result = parse_strategies(Source("none.strat", "# nothing\n"), read, may_only_share=True)
    assert codes(result) == ["E0001"]


# ── names ──


def test_a_file_knows_only_what_it_uses_itself() -> None:
    """Whether a file is well formed does not depend on who uses it."""
    result = result_of('use "tokens.strat"\nuse "venue.strat"\n' + SAVER, venue="venue more = erc4626(asset=USDC)\n")
    assert codes(result) == ["E0201"]
    assert result.source.file_at(result.diagnostics[0].primary.span.start)[0].name == "venue.strat"


def test_one_name_in_two_files_that_do_not_know_each_other_is_one_error() -> None:
    other = f"{DAI}\nvenue more = erc4626(asset=DAI)\nassume {{ price(DAI) stays 0.98 .. 1.02 }}\n"
    result = result_of('use "other.strat"\n' + SAVER, other=other)
    assert codes(result) == ["E0202"]
    label = result.diagnostics[0].secondary[0]
    assert {result.source.file_at(span.start)[0].name for span in (label.span, result.diagnostics[0].primary.span)} == {
        "other.strat",
        "tokens.strat",
    }


def test_every_file_is_read_once_and_by_the_path_from_the_main_file() -> None:
    asked: list[str] = []
    files = {
        "vaults/shared/aave.strat": 'use "../../tokens.strat"\nuse "./save.strat"\nvenue x = erc4626(asset=USDC)\n',
        "vaults/shared/save.strat": 'use "../../tokens.strat"\nvenue save = erc4626(asset=USDC)\n',
        "vaults/../tokens.strat": TOKENS,
    }
    text = SAVER.replace('"market', '"shared/aave').replace(
        "base USDC", "base USDC, assume { keeper every 1h, price(USDC) stays 1 .. 1 }"
    )
    result = parse_strategies(Source("vaults/main.strat", text), reader(files, asked))
    assert only(result).name == "Saver"
    assert sorted(asked) == sorted(files)
    assert [one.path for one in result.source.used] == [
        "shared/aave.strat",
        "../tokens.strat",
        "shared/save.strat",
    ]


def test_without_a_reader_nothing_can_be_used() -> None:
    result = parse_strategies(Source("main.strat", SAVER))
    assert codes(result) == ["E1001"]
    assert "no folder to find files in" in result.diagnostics[0].message


def test_a_missing_file_hides_what_would_follow_from_it() -> None:
    assert codes(result_of('use "none.strat"\nuse "none.strat"\n' + CARRY)) == ["E1001", "W1001"]


@pytest.mark.parametrize(
    ("chain", "told"),
    [
        ({"market": 'use "main.strat"\n'}, "`main.strat` uses `market.strat` uses `main.strat`"),
        (
            {"market": 'use "a.strat"\n', "a": 'use "b.strat"\n', "b": 'use "./a.strat"\n'},
            "`a.strat` uses `b.strat` uses `a.strat`",
        ),
    ],
)
def test_a_circle_is_named(chain: dict[str, str], told: str) -> None:
    result = result_of(CARRY, **chain)
    assert codes(result) == ["E1002"]
    assert told in result.diagnostics[0].message
    assert len(result.diagnostics[0].secondary) == told.count("uses") - 1


def test_a_program_of_too_many_files_is_refused() -> None:
    chain = {f"n{number}": f'use "n{number + 1}.strat"\n' for number in range(200)}
    assert codes(result_of('use "n0.strat"\n' + SAVER, **chain)) == ["E1004"]


# ── places ──


def test_a_file_that_uses_nothing_is_its_own_source() -> None:
    source = Source(
        "main.strat", MARKET.replace('use "venues.strat"\n', "") + SAVER.replace('use "market.strat"\n', "")
    )
    assert parse_strategies(source, reader(FILES)).source == source


def test_every_span_says_its_file() -> None:
    carry, source = only(result_of(CARRY)), result_of(CARRY).source
    for named in (*carry.tokens, *carry.venues):
        assert source.words(named.span) == named.name
    places = {token.name: source.file_at(token.span.start)[0].name for token in carry.tokens}
    assert places == {"USDC": "tokens.strat", "WETH": "tokens.strat"}
    assert source.line_and_column(carry.token("WETH").span.start) == (3, 7)
    assert source.words(carry.assumptions[0].span) == "keeper every 1h"
    assert source.words(carry.span) == CARRY[CARRY.index("strategy") : -1]


def test_labels_in_two_files_have_a_header_each() -> None:
    result = result_of(CARRY.replace("base USDC\n", f"base USDC\n{WETH}"))
    (diagnostic,) = result.diagnostics
    assert render_diagnostic(diagnostic, result.source) == (
        "error[E0202]: the name `WETH` is stated twice\n"
        " --> main.strat:4:7\n"
        "  |\n"
        '4 | token WETH { decimals: 18, price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%) }\n'
        "  |       ^^^^ stated again here\n"
        "  |\n"
        " ::: tokens.strat:3:7\n"
        "  |\n"
        '3 | token WETH { decimals: 18, price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%) }\n'
        "  |       ---- first stated here\n"
        "  |\n"
        "  = help: keep one of the two\n"
    )
    fields = diagnostic_to_json(diagnostic, result.source)
    assert fields["file"] == "main.strat"
    assert fields["secondary"] == [
        {
            "file": "tokens.strat",
            "text": "first stated here",
            "start": {"offset": TOKENS.index("WETH"), "line": 3, "column": 7},
            "end": {"offset": TOKENS.index("WETH") + 4, "line": 3, "column": 11},
        }
    ]


@pytest.mark.parametrize(
    "tokens", ["token USDC {", "token USDC { decimals: 6 }\n" + WETH + WBTC + DAI, "\0", "{" * 1_000]
)
def test_a_faulty_file_is_faulty_in_its_own_text_and_once(tokens: str) -> None:
    result = result_of('use "tokens.strat"\n' + CARRY, tokens=tokens)
    assert result.strategies == ()
    (diagnostic,) = result.diagnostics
    assert "--> tokens.strat:1:" in render_diagnostic(diagnostic, result.source)


def test_the_digest_covers_every_file() -> None:
    source = result_of(CARRY).source
    again = result_of(CARRY, tokens=TOKENS + "# more\n").source
    assert source.digest() != again.digest()
    lines = "".join(
        f"{sha256(text.encode()).hexdigest()}  {name}\n"
        for name, text in (
            ("main.strat", CARRY),
            ("market.strat", MARKET),
            ("venues.strat", VENUES),
            ("tokens.strat", TOKENS),
        )
    )
    assert source.digest() == sha256(lines.encode()).hexdigest()
    assert Source("x", CARRY).digest() == sha256(CARRY.encode()).hexdigest()


# ── for tools ──


def test_a_path_leads_to_its_file() -> None:
    result = result_of(CARRY)
    (link,) = [one for one in result.links if one.span.end < len(CARRY)]
    assert result.source.words(link.span) == '"market.strat"'
    assert link.file.source.text == MARKET


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.characters(exclude_categories=())),
    st.sampled_from([SAVER, CARRY, MARKET, TOKENS, ""]),
    st.integers(0, 300),
)
def test_whatever_a_used_file_holds_the_answer_can_be_printed(piece: str, text: str, at: int) -> None:
    result = result_of(CARRY, market=text[:at] + piece + text[at:])
    assert bool(result.strategies) != any(one.severity.value == "error" for one in result.diagnostics)
    for diagnostic in result.diagnostics:
        render_diagnostic(diagnostic, result.source).encode()
        diagnostic_to_json(diagnostic, result.source)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=(), exclude_characters='"\n')))
def test_whatever_path_is_used_it_is_found_or_refused(path: str) -> None:
    result = result_of(f'use "{path}"\n{SAVER}')
    for diagnostic in result.diagnostics:
        render_diagnostic(diagnostic, result.source).encode()
