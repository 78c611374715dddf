"""What each venue adapter takes, holds and needs: one entry an adapter. Data only; the checks read it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from stratc_dsl.record import Record
from stratc_dsl.terms import (
    AaveV3,
    Bridge,
    Collateral,
    CoveredCall,
    Erc4626,
    MorphoBlue,
    PerpV2,
    Terms,
    UniswapV3,
    UniswapV3Lp,
)

# ── parameters ──


class Kind(Enum):
    """Parameters whose values need no bounds."""

    TOKEN = "a token"
    TOKENS = "a list of tokens"
    PAIR = "two tokens, `A/B`: the fields `token` and `quote`"
    PERIOD = "a duration"
    RANGE = "a range around 0%: the fields `low` and `high`"
    TEXT = "a text in quotes"
    STRATEGY = "the path of a strategy's file, in quotes"
    EMODE = "the number of a category"


class Share(Record):
    """A ratio from `low` to `high`; above `low` where that is `open`."""

    low: int
    high: int
    open: bool = False


class Risks(Record):
    """A token with its risk parameters, `TOKEN(ltv=.., threshold=..)`, or a list of such."""

    names: tuple[str, ...]
    required: bool
    many: bool


class Parameter(Record):
    name: str
    takes: Kind | Share | Risks
    required: bool = True


# ── positions ──


class Written(Enum):
    """How a position is named."""

    ALONE = "venue"
    MEMBER = "venue.kind"
    WITH_TOKEN = "venue.kind(TOKEN)"


class Form(Record):
    """One kind of position. `tokens` are those it may be in, one each; `listed_in` is the list that declares them."""

    kind: str
    tokens: tuple[str, ...]
    written: Written
    listed_in: str = ""


# Positions without a value of their own: what they gain or lose is in the venue's margin. `hedge` sizes them.
INSTRUMENTS = frozenset({"short", "long"})

# What the value of a position reacts to, where that is more than the price of its token.
SENSITIVITIES: dict[str, tuple[str, ...]] = {"liquidity": ("delta", "gamma"), "calls": ("delta", "gamma", "vega")}
GREEKS = ("delta", "gamma", "vega")


# ── adapters ──


class Adapter(Record):
    """`terms` takes the values of the parameters by name. `bounds` are what `assume` may bound there, beside what it
    may bound wherever something is held; `needs` those without which nothing could be proved.
    """

    example: str
    parameters: tuple[Parameter, ...]
    terms: Callable[..., Terms]
    bounds: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    lends: bool = False
    flash: bool = False


FEE = Parameter("fee", Share(0, 1))

ADAPTERS: dict[str, Adapter] = {
    "aave_v3": Adapter(
        "aave_v3(collateral=[TOKEN(ltv=.., threshold=..)], borrow=[TOKEN])",
        (
            Parameter("collateral", Risks(("ltv", "threshold"), required=False, many=True)),
            Parameter("borrow", Kind.TOKENS, required=False),
            Parameter("emode", Kind.EMODE, required=False),
        ),
        AaveV3,
        bounds=("room",),
        lends=True,
        flash=True,
    ),
    "morpho_blue": Adapter(
        "morpho_blue(collateral=TOKEN(lltv=86%), loan=TOKEN)",
        (
            Parameter("collateral", Risks(("lltv",), required=True, many=False)),
            Parameter("loan", Kind.TOKEN),
        ),
        MorphoBlue,
        bounds=("room",),
        lends=True,
        flash=True,
    ),
    "erc4626": Adapter(
        "erc4626(asset=TOKEN)",
        (Parameter("asset", Kind.TOKEN), Parameter("strategy", Kind.STRATEGY, required=False)),
        Erc4626,
    ),
    "uniswap_v3": Adapter(
        "uniswap_v3(TOKEN/BASE, fee=0.05%)",
        (Parameter("pair", Kind.PAIR), FEE),
        UniswapV3,
        bounds=("slippage",),
        needs=("slippage",),
        flash=True,
    ),
    "uniswap_v3_lp": Adapter(
        "uniswap_v3_lp(TOKEN/BASE, fee=0.05%, range=-50% .. +100%)",
        (Parameter("pair", Kind.PAIR), FEE, Parameter("range", Kind.RANGE)),
        UniswapV3Lp,
        bounds=("slippage",),
    ),
    "perp_v2": Adapter(
        "perp_v2(TOKEN, margin=TOKEN, initial=10%, maintenance=6.25%)",
        (
            Parameter("token", Kind.TOKEN),
            Parameter("margin", Kind.TOKEN),
            Parameter("initial", Share(0, 1, open=True)),
            Parameter("maintenance", Share(0, 1, open=True)),
        ),
        PerpV2,
        bounds=("slippage", "funding"),
        needs=("slippage", "funding"),
    ),
    "covered_call": Adapter(
        "covered_call(TOKEN, quote=TOKEN, strike=+10%, tenor=7d)",
        (
            Parameter("token", Kind.TOKEN),
            Parameter("quote", Kind.TOKEN),
            Parameter("strike", Share(0, 10)),
            Parameter("tenor", Kind.PERIOD),
        ),
        CoveredCall,
        bounds=("slippage",),
        needs=("slippage",),
    ),
    "bridge": Adapter(
        'bridge(TOKEN, to="base", fee=0.1%, delay=30m)',
        (Parameter("token", Kind.TOKEN), Parameter("to", Kind.TEXT), FEE, Parameter("delay", Kind.PERIOD)),
        Bridge,
    ),
}


def adapter_of(terms: Terms) -> Adapter:
    return ADAPTERS[terms.adapter]


def forms(terms: Terms) -> tuple[Form, ...]:
    """Every kind of position at a venue of these terms; none where one only swaps."""
    match terms:
        case AaveV3(collateral, borrow):
            supplied = tuple(one.token for one in collateral)
            held = Form("collateral", supplied, Written.WITH_TOKEN, "collateral")
            return (held, Form("debt", borrow, Written.WITH_TOKEN, "borrow"))
        case MorphoBlue(collateral, loan):
            return (
                Form("collateral", (collateral.token,), Written.WITH_TOKEN),
                Form("debt", (loan,), Written.WITH_TOKEN),
                Form("supply", (loan,), Written.WITH_TOKEN),
            )
        case Erc4626(asset=asset):
            return (Form("deposit", (asset,), Written.ALONE),)
        case UniswapV3():
            return ()
        case UniswapV3Lp(token):
            return (Form("liquidity", (token,), Written.ALONE),)
        case PerpV2(token, margin):
            short, long = (Form(kind, (token,), Written.WITH_TOKEN) for kind in ("short", "long"))
            return (Form("margin", (margin,), Written.MEMBER), short, long)
        case CoveredCall(token):
            return (Form("calls", (token,), Written.ALONE),)
        case Bridge(token):
            return (Form("bridged", (token,), Written.ALONE),)


def collaterals(terms: Terms) -> tuple[Collateral, ...]:
    """What one can borrow against there, with its risk parameters."""
    match terms:
        case AaveV3(collateral):
            return collateral
        case MorphoBlue(collateral):
            return (collateral,)
        case _:
            return ()
