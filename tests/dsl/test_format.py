"""The layout, case by case: the examples are its definition, what they leave open stands here."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from stratc_dsl.format import format_text, is_same_strategy
from stratc_dsl.span import Source

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.strat"))


def formatted(text: str) -> str:
    result = format_text(Source("any.strat", text))
    assert is_same_strategy(text, result.text)
    assert format_text(Source("any.strat", result.text)).text == result.text
    return result.text


def block(text: str) -> str:
    """A text of the test's own indentation."""
    return dedent(text).lstrip("\n")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_in_the_layout(path: Path) -> None:
    text = path.read_bytes().decode()
    assert format_text(Source(path.name, text)).text == text


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 2


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param(
            """
            strategy  S{
            base   USDC
              token USDC{decimals:6,price:chainlink("USDC/USD",heartbeat=24h,deviation=0.25%)}
                  token wstETH { decimals :18 , price: chainlink( "A  B" , heartbeat = 1h, deviation=0.5% ) }
            token stETH {decimals: 18,price: ratio(WETH, fixed(1 USD))}


            venue aave=aave_v3(collateral=[WETH(ltv=80%,threshold=82.5%)],borrow=[ USDC ])
            venue dex = uniswap_v3( WETH / USDC,fee=5bps )
            }
            """,
            """
            strategy S {
                base USDC
                token USDC   { decimals: 6,  price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
                token wstETH { decimals: 18, price: chainlink("A  B",     heartbeat=1h,  deviation=0.5%) }
                token stETH  { decimals: 18, price: ratio(WETH, fixed(1 USD)) }

                venue aave = aave_v3(collateral=[WETH(ltv=80%, threshold=82.5%)], borrow=[USDC])
                venue dex  = uniswap_v3(WETH/USDC, fee=5bps)
            }
            """,
            id="declarations",
        ),
        pytest.param(
            """
            strategy S {
              allocate {
                a.collateral(WETH): 380% +- 20%,min 300%
                a.debt(WETH): - 2.75% +-5% , max 3%
                # not a row
                save: 12.5%±1% , min 4%,max 20%
                idle(WETH): 10%, min 4%

                other: 0%..60% by signal( s )
                pool: (1+2)*3% +- 4%
              }
            }
            """,
            """
            strategy S {
                allocate {
                    a.collateral(WETH): 380%    +- 20%, min 300%
                    a.debt(WETH):        -2.75% +- 5%,  max 3%
                    # not a row
                    save:                12.5%  ± 1%,   min 4%, max 20%
                    idle(WETH):          10%, min 4%

                    other: 0% .. 60% by signal(s)
                    pool:  (1 + 2) * 3% +- 4%
                }
            }
            """,
            id="allocation",
        ),
        pytest.param(
            """
            strategy S {
                floors { health(aave)>=1.35
                    idle(USDC)>=2%of nav # c
                    leverage <=-1+ +2- -3
                    debt(aave)/collateral(aave)<= 1 and not(nav/supply<1)
                }
                rules {
                    when (stale(price(WETH)))or health(aave)<1.5 do deleverage aave to health(1.8) using flash(aave)
                    when delta(WETH)   outside band do rehedge;every 24h do harvest save
                    when nav<1 USD do top_up perp.margin to margin_ratio(perp)80%from[idle(USDC),pool]
                }
            }
            """,
            """
            strategy S {
                floors { health(aave) >= 1.35
                    idle(USDC) >= 2% of nav  # c
                    leverage   <= -1 + +2 - -3
                    debt(aave) / collateral(aave) <= 1 and not (nav/supply < 1)
                }
                rules {
                    when (stale(price(WETH))) or health(aave) < 1.5 do deleverage aave to health (1.8) using flash(aave)
                    when delta(WETH) outside band do rehedge; every 24h do harvest save
                    when nav < 1 USD do top_up perp.margin to margin_ratio(perp) 80% from [idle(USDC), pool]
                }
            }
            """,
            id="expressions and rules",
        ),
        pytest.param(
            """
            use   "tokens.strat"
            strategy S {
              assume{}
              signal s {from:signed(k),range:0..1}
              signals {
                signal short { from: signed(keyname), range: 0 .. 1,  max_age: 6h }
                signal s { from: signed(k), range: -1 .. 1,max_age: 15m }
                signal long {
                   from:signed(k)
                   range:0 .. 1
                }
              }
              roles { owner: timelock(2d),guardian, anyone   after 2h }
              limits{ deposits<=5_000_000 USDC }
              exit { order: [save] }
              fees {
                management: 1% per 1y
                performance: 10%
              }
              prove {
                loss<=20%per round
                survives loss   of save
                invariant name:nav>=0 USD
              }
            }
            """,
            """
            use "tokens.strat"
            strategy S {
                assume {}
                signal s { from: signed(k), range: 0 .. 1 }
                signals {
                    signal short { from: signed(keyname), range: 0 .. 1,  max_age: 6h }
                    signal s     { from: signed(k),       range: -1 .. 1, max_age: 15m }
                    signal long {
                        from:  signed(k)
                        range: 0 .. 1
                    }
                }
                roles  { owner: timelock(2d), guardian, anyone after 2h }
                limits { deposits <= 5_000_000 USDC }
                exit   { order: [save] }
                fees {
                    management:  1% per 1y
                    performance: 10%
                }
                prove {
                    loss <= 20% per round
                    survives loss of save
                    invariant name: nav >= 0 USD
                }
            }
            """,
            id="the other blocks",
        ),
        pytest.param(
            """


            #first
            strategy S { # opening


                # below the opening
                base USDC# one
                venue morpho = erc4626( # inside
                asset=USDC,# two

                # own line

                ) # three
                exit { order: [
                save,

                aave ]
                }

            # before the closing

            }


            # last
            """,
            """
            #first
            strategy S {  # opening
                # below the opening
                base USDC                # one
                venue morpho = erc4626(  # inside
                    asset=USDC,  # two

                    # own line
                )  # three
                exit { order: [
                    save,

                    aave]
                }

                # before the closing
            }

            # last
            """,
            id="comments and blank lines",
        ),
    ],
)
def test_layout(written: str, expected: str) -> None:
    assert formatted(block(written)) == block(expected)


def test_comments_in_one_column_of_the_whole_file_stay_in_it() -> None:
    text = block(
        """
        use "tokens.strat"           # far

        strategy S {
            base USDC                # from the code
        }
        """
    )
    assert formatted(text) == text
    moved = text.replace('use "tokens.strat"           #', 'use "tokens.strat" #')
    assert formatted(moved) == text.replace("           # far", "  # far").replace("                # f", "  # f")


def test_a_name_does_not_become_the_limit_of_a_share() -> None:
    text = "strategy S {\n    floors { leverage >= 1, min+1 >= 2 }\n}\n"
    assert formatted(text) == text.replace("min+1", "min+ 1")


@pytest.mark.parametrize("bad", ["flors   {}", "floors\n {\n  nav>=1\n   }", "health(  aave  >=  1", "$   $"])
def test_what_cannot_be_read_stays_as_it_is_and_the_rest_is_formatted(bad: str) -> None:
    text = f"strategy S {{\n  base   USDC\n  {bad}\n  exit {{order:[ save ]}}\n}}\n"
    result = format_text(Source("any.strat", text))
    assert result.diagnostics
    assert result.text.startswith("strategy S {\n    base USDC\n")
    assert result.text.endswith("    exit { order: [save] }\n}\n")
    assert bad in result.text
    assert formatted(text) == result.text


def test_a_block_that_is_not_closed_does_not_shift_what_follows() -> None:
    text = "strategy S {\n    floors {\n        nav >= 1 USD\n    exit { order: [save] }\n}\n"
    assert formatted(text) == text


def test_a_text_of_another_language_stays() -> None:
    text = "def f(x):\n\n\n    return   {x  :  1}\n"
    assert formatted(text) == text


def test_after_twenty_errors_the_rest_stays() -> None:
    text = "strategy S { rules {\n" + "when  x\n" * 40 + "} }\n"
    assert formatted(text).count("when  x\n") == 40


def test_line_ends_byte_order_mark_and_last_line() -> None:
    assert formatted("\ufeff  strategy S {\r\n  base USDC # c\r\n\r\n\r\n$\r\n  $\r\n}") == (
        "\ufeffstrategy S {\n    base USDC  # c\n\n    $\n    $\n}\n"
    )
    assert formatted(" \r\n\t\n") == ""


def test_long_lines_stay_long_and_short_ones_short() -> None:
    names = ",\n".join(f"venue{number}" for number in range(200))
    text = f"strategy S {{\n    exit {{ order: [{names.replace(chr(10), ' ')}] }}\n}}\n"
    assert formatted(text) == text


def test_two_texts_that_only_look_alike_are_told_apart() -> None:
    assert is_same_strategy("strategy  S {\n}", "strategy S {\n\n}")
    assert not is_same_strategy("base USDC", "base USDT")
    assert not is_same_strategy("strategy S { use US DC }", "strategy S { use USDC }")
    assert not is_same_strategy('use "a b"', 'use "ab"')
    assert not is_same_strategy("strategy S {\nbase A\nbase B\n}", "strategy S {\nbase A base B\n}")
