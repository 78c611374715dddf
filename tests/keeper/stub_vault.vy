# pragma version 0.4.3
"""
@title What a keeper sees of a vault, with switches: rules fall due and fail, and numbers are, as a test wants.
@dev It plays the venues too. What a test `put`s is the market's doing; what the vault does emits an event.
"""

RULES: constant(uint256) = 4
HARVEST: constant(uint256) = 2
SERVED: constant(uint256) = 5 # what `calls` says of a serving
DAY: constant(uint256) = 86400
ALLOWANCE: constant(uint256) = 100

event RoundBegan:
    assets: uint256

event RuleRun:
    rule: uint256

struct State:
    idle_usdc: uint256
    idle_weth: uint256
    aave_collateral_weth: uint256
    aave_debt_usdc: uint256
    save: uint256
    price_usdc: uint256
    price_weth: uint256
    volatility_weth_1d: uint256
    value_aave_collateral_weth: uint256
    value_aave_debt_usdc: uint256
    value_save: uint256
    value_idle_weth: uint256
    value_idle_usdc: uint256
    nav: uint256

FLAGS: constant(uint256) = 2**56 + 2**58  # active, may be borrowed
A_TOKEN: constant(address) = 0x00000000000000000000000000000000000000AA
DOLLAR: immutable(address)
KEEPER: immutable(address)

mode: public(uint256)
requests_made: public(uint256)
requests_done: public(uint256)
can_serve: bool
settled: public(bool)
round_allowance: public(uint256)
rounds: public(uint256)
order: public(DynArray[uint256, 64])
due: HashMap[uint256, bool]
sticky: HashMap[uint256, bool]
unreadable: HashMap[uint256, bool]
failure: HashMap[uint256, String[64]]
harvested: uint256
numbers: HashMap[String[32], uint256]
totalSupply: public(uint256)


@deploy
def __init__(keeper: address):
    KEEPER = keeper
    DOLLAR = create_minimal_proxy_to(self)  # a token of its own, with nothing in its storage
    self.settled = True
    self.harvested = block.timestamp
    self.totalSupply = 10**23
    self.numbers["idle_usdc"] = 10_000 * 10**6
    self.numbers["idle_weth"] = 10 * 10**18
    self.numbers["aave_collateral_weth"] = 30 * 10**18
    self.numbers["aave_debt_usdc"] = 30_000 * 10**6
    self.numbers["save"] = 40_000 * 10**6
    self.numbers["price_usdc"] = 10**18
    self.numbers["price_weth"] = 2_000 * 10**18
    self.numbers["nav"] = 100_000 * 10**18
    self.numbers["aave_cash"] = 10**24
    self.numbers["save_cash"] = 10**12
    self.numbers["configuration"] = 8_000 + (8_250 << 16) + (7 << 32) + FLAGS
    self.numbers["share"] = 10**18


@external
def put(name: String[32], number: uint256):
    self.numbers[name] = number


@external
def set_supply(supply: uint256):
    self.totalSupply = supply


@external
def move(name: String[32], number: uint256):
    self.numbers[name] = number
    log RuleRun(rule=RULES)


@external
@view
def state() -> State:
    assert self.numbers["stale"] == 0, "oracle: stale"
    return State(
        idle_usdc=self.numbers["idle_usdc"],
        idle_weth=self.numbers["idle_weth"],
        aave_collateral_weth=self.numbers["aave_collateral_weth"],
        aave_debt_usdc=self.numbers["aave_debt_usdc"],
        save=self.numbers["save"],
        price_usdc=self.numbers["price_usdc"],
        price_weth=self.numbers["price_weth"],
        volatility_weth_1d=self.numbers["volatility"],
        value_aave_collateral_weth=self._value("aave_collateral_weth", "price_weth", 10**18),
        value_aave_debt_usdc=self._value("aave_debt_usdc", "price_usdc", 10**6),
        value_save=self._value("save", "price_usdc", 10**6),
        value_idle_weth=self._value("idle_weth", "price_weth", 10**18),
        value_idle_usdc=self._value("idle_usdc", "price_usdc", 10**6),
        nav=self.numbers["nav"],
    )


@internal
@view
def _value(amount: String[32], price: String[32], unit: uint256) -> uint256:
    return self.numbers[amount] * self.numbers[price] // unit


@external
@view
def oracle_age(token: address) -> uint256:
    assert token in [self, DOLLAR], "no such token"
    return self.numbers["age"]


@external
@view
def harvest_save_last_run() -> uint256:
    return self.harvested


@external
@view
def WETH() -> address:
    return self


@external
@view
def USDC() -> address:
    return DOLLAR


@external
@view
def AAVE_POOL() -> address:
    return self


@external
@view
def AAVE_COLLATERAL_WETH() -> address:
    return A_TOKEN


@external
@view
def SAVE_VAULT() -> address:
    return self


@external
@view
def balanceOf(owner: address) -> uint256:
    assert owner == A_TOKEN, "WETH: asked of another"
    return self.numbers["aave_cash"] if self.numbers["aave_cash"] != 0 else 10**24


@external
@view
def getConfiguration(asset: address) -> uint256:
    assert asset in [self, DOLLAR], "aave: asked of another"
    return self.numbers["configuration"]


@external
@view
def getReserveData(asset: address) -> uint256[15]:
    words: uint256[15] = empty(uint256[15])
    words[8] = convert(A_TOKEN, uint256)
    return words


@external
@view
def ADDRESSES_PROVIDER() -> address:
    return self


@external
@view
def getPriceOracle() -> address:
    return self


@external
@view
def getAssetPrice(asset: address) -> uint256:
    if asset == self and self.numbers["aave_price_weth"] != 0:
        return self.numbers["aave_price_weth"]
    return self.numbers["price_weth" if asset == self else "price_usdc"] // 10**10


@external
@view
def maxWithdraw(owner: address) -> uint256:
    assert owner == self, "save: asked of another"
    assert self.numbers["paused"] == 0, "save: paused"
    return self.numbers["save_cash"]


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    return shares * self.numbers["share"] // 10**18


@external
@view
def keeper() -> address:
    return KEEPER


@external
@view
def calls() -> DynArray[uint256, 64]:
    return self.order


@external
def set_due(rule: uint256, due: bool, sticky: bool):
    self.due[rule] = due
    self.sticky[rule] = sticky


@external
def set_failure(rule: uint256, reason: String[64]):
    self.failure[rule] = reason


@external
def set_unreadable(rule: uint256):
    self.unreadable[rule] = True


@external
def set_mode(mode: uint256):
    self.mode = mode


@external
def set_settled(settled: bool):
    self.settled = settled


@external
def set_allowance(amount: uint256):
    self.round_allowance = amount


@internal
@view
def _due(rule: uint256) -> bool:
    assert not self.unreadable[rule], "stale price"
    return self.due[rule]


@internal
def _run(rule: uint256):
    assert msg.sender == KEEPER, "not the keeper"
    assert len(self.failure[rule]) == 0, self.failure[rule]
    assert self.sticky[rule] or self._due(rule) or rule == HARVEST, "not due"
    self.due[rule] = self.sticky[rule]
    self.order.append(rule)
    log RuleRun(rule=rule)


@external
@view
def deleverage_aave_due() -> bool:
    return self._due(0)


@external
def deleverage_aave():
    self._run(0)


@external
@view
def rebalance_due() -> bool:
    return self._due(1)


@external
def rebalance():
    self._run(1)


@external
@view
def harvest_save_due() -> bool:
    return block.timestamp >= self.harvested + DAY


@external
def harvest_save():
    self._run(HARVEST)
    self.harvested = block.timestamp


@external
@view
def freeze_when_due_due() -> bool:
    return self._due(3)


@external
def freeze_when_due():
    self._run(3)
    self.mode = 1


@external
@view
def observation_due() -> bool:
    return self.numbers["observations due"] != 0


@external
def observe():
    assert self.numbers["observations due"] != 0, "ring: not due"
    self.numbers["observations due"] -= 1


@external
def settle():
    assert self.settled, "not settled"
    self.rounds += 1
    self.round_allowance = ALLOWANCE
    log RoundBegan(assets=self.rounds)


@external
@view
def ACTIONS() -> address:
    """
    @notice The stub is its own actions.
    """
    return self


@external
def serve(count: uint256) -> uint256:
    """
    @notice Anyone: all requests at once, or none.
    """
    if self.requests_made == self.requests_done or not self.can_serve:
        return 0
    self.requests_done = self.requests_made
    self.order.append(SERVED)
    return 1


@external
def set_requests(made: uint256, can_serve: bool):
    self.requests_made = made
    self.can_serve = can_serve
