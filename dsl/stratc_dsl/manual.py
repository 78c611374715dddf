"""One line of the manual for every word of the language, for whoever asks at the place where it stands."""

from __future__ import annotations

from stratc_dsl import adapters
from stratc_dsl.record import Record


class Entry(Record):
    """`form` is how it is written, `dimension` what a quantity is measured in ("" where it is none)."""

    form: str
    meaning: str
    dimension: str = ""


KEYWORDS = {
    "use": Entry('use "tokens.strat"', "takes over the tokens, venues and assumptions of another file"),
    "strategy": Entry("strategy NAME { .. }", "what a vault holds, owes, assumes, does and promises"),
    "base": Entry("base TOKEN", "the ERC-4626 asset of the vault, and the currency that nav is told in"),
    "token": Entry("token NAME { decimals: n, price: .. }", "an ERC-20 and where its price comes from"),
    "venue": Entry("venue NAME = adapter(..)", "a place to hold, to owe or to swap, by an adapter"),
    "assume": Entry("assume { .. }", "everything that the world may do between two runs of the keeper"),
    "keeper": Entry("keeper every DURATION", "how often the keeper runs: the length of a round"),
    "every": Entry("every DURATION do ACTION", "a rule that comes due by time; `keeper every D` is the round"),
    "moves": Entry("price(T) moves -20% .. +20%", "how far a price may go within one round, up or down"),
    "stays": Entry("price(T) stays 0.98 .. 1.02", "the USD that a token is worth at every moment"),
    "in": Entry("funding(v) in -1% .. +1% per 8h", "the range of a rate that can have either sign"),
    "off": Entry("oracle(T) off by <= 3%", "how far what a venue's own oracle says may be from the vault's price"),
    "per": Entry("<= 60% per 1y", "the duration that a rate is told for; `per round` is one keeper period"),
    "round": Entry("loss <= 20% per round", "the time from one run of the keeper to the end of the next"),
    "allocate": Entry("allocate { POSITION: target +- band, min r }", "target shares of nav; together they are 100%"),
    "min": Entry(", min 4%", "the least share of nav that the keeper leaves in a position"),
    "max": Entry(", max 60%", "the largest share of nav that the keeper leaves in a position"),
    "by": Entry("POSITION: lo .. hi by signal(s)", "a target that somebody else chooses inside a range"),
    "hedge": Entry("hedge { delta(T): lo .. hi of nav using .. }", "keeps a sensitivity inside a band"),
    "using": Entry("using flash(v)", "the means by which an action is carried out"),
    "floors": Entry("floors { .. }", "hold after every transaction, or the transaction reverts"),
    "rules": Entry("rules { .. }", "what the keeper does, in order of priority"),
    "when": Entry("when CONDITION do ACTION", "a rule that comes due as soon as its condition holds"),
    "do": Entry("when CONDITION do ACTION", "what the keeper does when the rule is due"),
    "rebalance": Entry("do rebalance", "bring every position back to its target weight"),
    "rehedge": Entry("do rehedge", "bring every hedged sensitivity back into its band"),
    "deleverage": Entry("do deleverage v to health x", "repay debt of a venue until its health factor is x"),
    "to": Entry("deleverage v to health x", "where an action shall arrive"),
    "harvest": Entry("do harvest v", "collect what a venue has earned"),
    "top_up": Entry("do top_up p to CONDITION from [..]", "move value into a position until a condition holds"),
    "from": Entry("top_up p to CONDITION from [..]", "the positions that an action takes from, in this order"),
    "unwind": Entry("do unwind p", "close a position"),
    "freeze": Entry("do freeze", "let users only withdraw, and the keeper only reduce debt, until it is lifted"),
    "exit": Entry("exit { order: [v, w] }", "the order in which everything is sold when it must be"),
    "prove": Entry("prove { .. }", "claims beyond those that are always checked"),
    "survives": Entry("survives loss of v", "claims cover debts even when a venue is lost with all that is in it"),
    "loss": Entry("loss <= r per round", "nav never falls by more than this within one round"),
    "invariant": Entry("invariant NAME: EXPRESSION", "a comparison of your own that always holds"),
    "signals": Entry("signals { signal s { .. } }", "numbers that somebody else computes"),
    "signal": Entry("signal s { from: .., range: 0 .. 1, max_age: 6h }", "the proof takes every value in the range"),
    "roles": Entry("roles { .. }", "who may call what"),
    "anyone": Entry("anyone after 2h", "a silent keeper is replaced by whoever comes"),
    "after": Entry("anyone after 2h", "how long the keeper may be silent"),
    "limits": Entry("limits { .. }", "caps on what users bring"),
    "fees": Entry("fees { .. }", "what the vault charges"),
    "of": Entry("5% of nav", "a share of the vault's value"),
    "outside": Entry("weights outside band", "true where a weight has left its band"),
    "band": Entry("weights outside band", "the room that a target leaves, written `+- 5%`"),
    "and": Entry("A and B", "both hold"),
    "or": Entry("A or B", "at least one holds"),
    "not": Entry("not A", "the opposite holds"),
}

QUANTITIES = {
    "nav": Entry("nav", "what everything is worth, less all debt", "a value in USD"),
    "idle": Entry("idle(T)", "what the vault itself holds of a token", "an amount of T"),
    "value": Entry("value(p)", "what a position is worth at the oracle's price", "a value in USD"),
    "weight": Entry("weight(p)", "a position's value as a share of nav", "a ratio"),
    "price": Entry("price(T)", "what the oracle says that one token is worth", "a price (USD per T)"),
    "debt": Entry("debt(v)", "all that is owed to a venue", "a value in USD"),
    "collateral": Entry("collateral(v)", "all that is pledged at a venue", "a value in USD"),
    "health": Entry("health(v)", "collateral times its thresholds, over debt: liquidated below 1", "a ratio"),
    "buffer": Entry("buffer(v)", "what collateral can lose against the debt before it is liquidated", "a ratio"),
    "ltv": Entry("ltv(v)", "debt over collateral", "a ratio"),
    "collateral_ratio": Entry("collateral_ratio(v)", "collateral over debt", "a ratio"),
    "margin_ratio": Entry("margin_ratio(v)", "what is left of the margin, over the notional", "a ratio"),
    "leverage": Entry("leverage", "all that is held, over nav", "a ratio"),
    "delta": Entry("delta(T)", "how many T would move nav as the vault does", "an amount of T"),
    "gamma": Entry("gamma(T)", "how delta changes with the price of T", "a value in USD"),
    "vega": Entry("vega(T)", "how nav changes with the volatility of T", "a value in USD"),
    "volatility": Entry(
        "volatility(T, D)", "how much a price has moved over a duration: realised, not annualised", "a ratio"
    ),
    "age": Entry("age(price(T))", "how long ago the feed of a price was updated", "a duration"),
    "share_price": Entry("share_price", "what one share of the vault is worth", "a price (USD per share)"),
    "supply": Entry("supply", "how many shares of the vault there are", "an amount of shares"),
    "weights": Entry("weights outside band", "the weights of all positions, each beside its band", "a truth value"),
    "stale": Entry(
        "stale(price(T))",
        "true while the vault takes no price: a feed too old, a sequencer down",
        "a truth value",
    ),
}

ASSUMPTIONS = {
    "price": Entry("price(T) moves -20% .. +20%", "how a price may move within one round, or where it stays"),
    "rate": Entry("rate(v.debt(T)) <= r per D", "the highest interest on a debt"),
    "funding": Entry("funding(v) in lo .. hi per D", "what longs pay shorts"),
    "slippage": Entry("slippage(v) <= r", "what a swap loses against the oracle's price at most, fee included"),
    "loss": Entry("loss(v) <= r", "what a venue loses of its holdings within one round at most"),
    "liquidity": Entry("liquidity(v) >= r", "the share of a holding that can be withdrawn at any moment at least"),
    "room": Entry("room(v) >= r of nav", "how much more a venue's caps let it take of each position, and lend"),
    "oracle": Entry("oracle(T) off by <= r", "how far a venue's own reading of a price is from the vault's at most"),
    "withdrawals": Entry("withdrawals <= r of nav", "all withdrawals of one round together at most"),
    "deposits": Entry("deposits <= r of nav", "all deposits of one round together at most"),
}

CLAIMS = {
    "solvent": Entry("solvent", "nav never falls below 0, whatever the assumptions allow"),
    "safe": Entry("safe(v)", "the venue can never liquidate the vault"),
    "loss": Entry("loss <= r per round", "nav never falls by more than this within one round"),
    "exit": Entry("exit >= r of nav", "the emergency exit pays at least this share of nav"),
}


_MEANINGS = {
    "aave_v3": "an Aave v3 market: supply collateral, borrow against it, be liquidated below health 1",
    "morpho_blue": "one Morpho Blue market: one collateral, one loan, one threshold",
    "erc4626": "a vault that takes one asset and gives shares",
    "uniswap_v3": "a pool to swap in; it holds nothing of the strategy's",
    "uniswap_v3_lp": "liquidity in a pool, placed in a range around the price",
    "perp_v2": "perpetual futures: a margin, and positions that are long or short of a token",
    "covered_call": "calls sold on a token that is held",
    "bridge": "a bridge to another chain: what is on its way is out of reach until it arrives",
}
ADAPTERS = {name: Entry(adapter.example, _MEANINGS.get(name, "")) for name, adapter in adapters.ADAPTERS.items()}

KINDS_OF = {
    "aave_v3": ("collateral", "debt"),
    "morpho_blue": ("collateral", "debt", "supply"),
    "perp_v2": ("margin", "short", "long"),
}
"""What stands behind the dot; the other adapters have one position, which the venue's name means."""

SOURCES = {
    "chainlink": Entry('chainlink("ETH/USD", heartbeat=1h, deviation=0.5%)', "the answer of a feed, in USD"),
    "ratio": Entry("ratio(OTHER, source)", "the price of another token times a rate read on chain"),
    "fixed": Entry("fixed(1 USD)", "a price that never changes"),
}

FIELDS = {
    "decimals": Entry("decimals: 6", "what `decimals()` of the token returns"),
    "price": Entry('price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%)', "where the price comes from"),
    "order": Entry("order: [save, aave, dex]", "the venues that the exit leaves, in this order"),
    "heartbeat": Entry("heartbeat=24h", "how old an answer of the feed may be: older ones are refused"),
    "deviation": Entry("deviation=0.5%", "how far the price may be from the answer before the feed is updated"),
    "ltv": Entry("ltv=80%", "how much may be borrowed against the collateral"),
    "threshold": Entry("threshold=82.5%", "the share of the collateral that counts when health is computed"),
    "fee": Entry("fee=0.05%", "what the pool takes of every swap"),
    "collateral": Entry("collateral=[WETH(ltv=80%, threshold=82.5%)]", "the tokens that may be pledged"),
    "borrow": Entry("borrow=[USDC]", "the tokens that may be owed"),
    "emode": Entry("emode=1", "the category of assets whose risk parameters count"),
    "lltv": Entry("lltv=86%", "debt over collateral at which the market liquidates"),
    "loan": Entry("loan=USDC", "the token that may be owed"),
    "pair": Entry("WETH/USDC", "the two tokens of a pool"),
    "range": Entry("range=-50% .. +100%", "where the liquidity is placed, around the price at which it is"),
    "token": Entry("token=WETH", "the token that the venue deals in"),
    "margin": Entry("margin=USDC", "the token that the margin is paid in"),
    "initial": Entry("initial=10%", "the margin that a new position needs, over its notional"),
    "maintenance": Entry("maintenance=6.25%", "the margin ratio below which a position is liquidated"),
    "quote": Entry("quote=USDC", "the token that the strike is told in"),
    "strike": Entry("strike=+10%", "how far above today's price the calls are struck"),
    "tenor": Entry("tenor=7d", "how long the calls run"),
    "to": Entry('to="base"', "the chain that the bridge leads to"),
    "delay": Entry("delay=30m", "how long a crossing takes at most"),
    "max_age": Entry("max_age=6h", "how old a signal may be"),
    "from": Entry("from: signed(KEY)", "who says the signal"),
    "asset": Entry("asset=USDC", "the token that the venue takes"),
    "strategy": Entry('strategy="treasury.strat"', "the file of the strategy that the vault there is built from"),
}

KINDS = {
    "collateral": Entry("v.collateral(T)", "what is pledged of a token at a venue"),
    "supply": Entry("v.supply(T)", "what is lent to a market"),
    "debt": Entry("v.debt(T)", "what is owed of a token to a venue"),
    "short": Entry("v.short(T)", "a position that gains when the token falls"),
    "long": Entry("v.long(T)", "a position that gains when the token rises"),
    "margin": Entry("v.margin", "what is deposited to cover the losses of positions at a venue"),
}
