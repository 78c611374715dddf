"""Faults that somebody might put into the emitted contract, each with the story that must notice it."""

from __future__ import annotations

from dataclasses import dataclass

VAULT = "contracts/Vault.vy"
ACTIONS = "contracts/Actions.vy"
BOOK = "contracts/book.vy"


@dataclass(frozen=True)
class Change:
    """In one file, `old` becomes `new`: it must stand there exactly once."""

    file: str
    old: str
    new: str

    def seed(self, sources: dict[str, str]) -> None:
        """Make the change in the sources."""
        assert sources[self.file].count(self.old) == 1, f"{self.old!r} is no longer there once"
        sources[self.file] = sources[self.file].replace(self.old, self.new)


@dataclass(frozen=True)
class Mutant:
    """A fault: its changes in the emitted sources, and the story in which contract and machine must part."""

    name: str
    changes: tuple[Change, ...]
    caught_by: str


def _one(name: str, caught_by: str, file: str, old: str, new: str) -> Mutant:
    return Mutant(name, (Change(file, old, new),), caught_by)


def _vault(name: str, caught_by: str, old: str, new: str) -> Mutant:
    return _one(name, caught_by, VAULT, old, new)


def _actions(name: str, caught_by: str, old: str, new: str) -> Mutant:
    return _one(name, caught_by, ACTIONS, old, new)


def _book(name: str, caught_by: str, old: str, new: str) -> Mutant:
    return _one(name, caught_by, BOOK, old, new)


def _module(module: str, name: str, caught_by: str, old: str, new: str) -> Mutant:
    return _one(name, caught_by, f"contracts/{module}.vy", old, new)


_FEES = "fees for time, and for gains above the mark"
_SLEPT = "fees of a vault that was empty, of one that slept for years, and of one that is over"
_ROUNDING = "rounding on the way in and out"
_NO_PRICE = "answers that are no prices"
_STUCK = "a venue that is stuck is left out of the exit, and left in kind"
_IN_KIND = "the way out in kind needs no price, no keeper and no guardian"
_OTHERS = "who has left in kind has left the others what they had, and the keeper his work"
_UNWOUND = "a part that is unwound pays for itself, and for no less than was asked"
_REQUESTS = "requests are served in turn, in part where a round ends, and claimed"
_LEFT_OVER = "who withdraws at once takes only what requests leave over"
_TAKEN_BACK = "what is taken back loses its turn, and what is set aside stays the claimant's"
_MEMBERS = "shares go to those who are attested, and the way out is everybody's"
_NO_MEMBERS = "attestations that are none"
_ROUND = "withdrawals up to the round's limit and one unit past it"
_SEQUENCER = "a sequencer that is down, and the hour after it is back"
_SAYS_NOTHING = "answers of a sequencer that say nothing"
_BOX = "a move to the edge of the box, and one unit past it"
_BEYOND = "a crash beyond the box, and the owner who accepts it"
_PARTED = "a pair that parts by what either of its tokens does, and not by what both do"
_PAID_DOWN = "a loan that is paid down while guarded leaves the vault settled, and begins no round"
_INFLOW = "deposits up to the round's share and one unit past it"

MUTANTS: tuple[Mutant, ...] = (
    # shares
    _vault(
        "a deposit mints shares rounded up",
        _ROUNDING,
        "return arith.mul_div_down(assets, share_token.totalSupply",
        "return arith.mul_div_up(assets, share_token.totalSupply",
    ),
    _vault(
        "a withdrawal burns shares rounded down",
        _ROUNDING,
        "return arith.mul_div_up(assets, share_token.totalSupply",
        "return arith.mul_div_down(assets, share_token.totalSupply",
    ),
    _vault(
        "a redemption pays rounded up",
        _ROUNDING,
        "return arith.mul_div_down(shares,",
        "return arith.mul_div_up(shares,",
    ),
    _vault(
        "a mint takes rounded down",
        _ROUNDING,
        "return arith.mul_div_up(shares,",
        "return arith.mul_div_down(shares,",
    ),
    Mutant(
        "no virtual shares",
        tuple(
            Change(VAULT, f"arith.mul_div_{way}({old}", f"arith.mul_div_{way}({new}")
            for way in ("down", "up")
            for old, new in (
                (
                    "assets, share_token.totalSupply + 10 ** 12, s.total_assets + 1",
                    "assets, max(share_token.totalSupply, 1), max(s.total_assets, 1)",
                ),
                (
                    "shares, s.total_assets + 1, share_token.totalSupply + 10 ** 12",
                    "shares, max(s.total_assets, 1), max(share_token.totalSupply, 1)",
                ),
            )
        ),
        "first depositor's attack",
    ),
    _module("arith", "rounding up rounds down", _ROUNDING, "quotient += 1", "quotient += 0"),
    _module(
        "arith",
        "the product is taken modulo 2^256",
        "amounts beyond 128 bits",
        "if high == 0:",
        "if high < max_value(uint256):",
    ),
    _module(
        "share_token",
        "more shares are burnt than held",
        "the exit, in two goes",
        'assert self.balanceOf[owner] >= amount, "shares: balance too low"\n'
        "    self.balanceOf[owner] = unsafe_sub(self.balanceOf[owner], amount)",
        "self.balanceOf[owner] = unsafe_sub(self.balanceOf[owner], amount)",
    ),
    # prices
    _module(
        "oracle",
        "a stale price is taken",
        "an answer as old as its heartbeat, and a second older",
        '    assert block.timestamp - updated_at <= feed.heartbeat + GRACE, "oracle: stale price"\n',
        "",
    ),
    _module(
        "oracle",
        "a price is stale a second early",
        "an answer as old as its heartbeat, and a second older",
        "assert block.timestamp - updated_at <= feed.heartbeat",
        "assert block.timestamp - updated_at < feed.heartbeat",
    ),
    Mutant(
        "a negative answer is taken for its amount",
        (
            Change("contracts/oracle.vy", "assert 0 < answer and answer <= LARGEST_ANSWER", "assert answer != 0"),
            Change("contracts/oracle.vy", "convert(answer, uint256)", "convert(abs(answer), uint256)"),
        ),
        _NO_PRICE,
    ),
    _module(
        "oracle",
        "an answer from the future is taken",
        _NO_PRICE,
        '    assert updated_at <= block.timestamp, "oracle: answer from the future"\n'
        "    assert block.timestamp - updated_at <= feed.heartbeat",
        "    assert updated_at <= feed.heartbeat + block.timestamp",
    ),
    _module(
        "oracle",
        "nobody asks for the sequencer",
        _SEQUENCER,
        'assert self.sequencer_is_up(), "oracle: sequencer not up for an hour"',
        "pass",
    ),
    _module(
        "oracle",
        "a sequencer that has come back is trusted at once",
        _SEQUENCER,
        " and block.timestamp - since > SEQUENCER_GRACE",
        "",
    ),
    _module(
        "oracle",
        "a sequencer is trusted a second early",
        _SEQUENCER,
        "block.timestamp - since > SEQUENCER_GRACE",
        "block.timestamp - since >= SEQUENCER_GRACE",
    ),
    _module(
        "oracle",
        "a sequencer that was never up is",
        _SAYS_NOTHING,
        " and since != 0",
        "",
    ),
    _module(
        "oracle", "any answer of a sequencer is good", _SAYS_NOTHING, "return answer == 0 and", "return answer != 1 and"
    ),
    _module(
        "oracle",
        "the exit sells at prices of before the sequencer went down",
        "an exit while the sequencer is down",
        "    self.only_while_up()\n",
        "",
    ),
    # the guard
    _vault(
        "a deposit is taken at any price",
        _BOX,
        "receiver: address, s: book.State):\n    book._not_guarded(s.price_weth)\n",
        "receiver: address, s: book.State):\n",
    ),
    _vault(
        "a withdrawal is paid at any price",
        _BOX,
        "    if not modes._is_exited():\n        book._not_guarded(s.price_weth)\n",
        "",
    ),
    _book("the box ends before its lower edge", _BOX, "5 * price_weth >= 4 *", "5 * price_weth > 4 *"),
    _book("the box ends before its upper edge", _BOX, "5 * price_weth <= 6 *", "5 * price_weth < 6 *"),
    _vault(
        "limits do not know of the guard",
        _BOX,
        "    if not modes._is_exited() and book._is_guarded(s.price_weth):\n        return 0\n",
        "",
    ),
    _actions(
        "a guarded vault trades",
        _BEYOND,
        "    book._not_guarded(s.price_weth)\n    assert book._when_rebalance(s)",
        "    assert book._when_rebalance(s)",
    ),
    _vault(
        "a guarded vault begins a round",
        _BEYOND,
        '    book._not_guarded(s.price_weth)\n    assert book._is_settled(s), "round: not settled"',
        '    assert book._is_settled(s), "round: not settled"',
    ),
    _actions(
        "a deleverage begins a round while guarded",
        _PAID_DOWN,
        "if not book._is_guarded(s.price_usdc, s.price_weth) and book._is_settled(s):",
        "if book._is_settled(s):",
    ),
    _book("a pair is held to what one token was", _PARTED, ">= 4 * price_usdc", ">= 4 * round_price_usdc"),
    _book("a pair ends before its lower edge", _PARTED, ">= 4 * price_usdc", "> 4 * price_usdc"),
    _book("a pair ends behind its upper edge", _PARTED, "<= 6 * price_usdc", "<= 7 * price_usdc"),
    _vault(
        "the guardian accepts prices",
        _BEYOND,
        'roles._only_owner(method_id("accept_prices()", output_type=Bytes[4]))',
        "roles._only_guardian()",
    ),
    _vault(
        "prices are accepted at any time",
        _BEYOND,
        'assert book._is_guarded(s.price_weth), "mode: not guarded"',
        "pass",
    ),
    _book(
        "a round forgets what prices it began with",
        _BEYOND,
        "    rounds._begin(s.total_assets)\n    self._remember_prices(s.price_weth)\n",
        "    rounds._begin(s.total_assets)\n",
    ),
    _book(
        "a vault is guarded before its first round",
        "before the first round, and after the exit, no move is too large",
        "round_price_weth > 0\n",
        "round_price_weth >= 0\n",
    ),
    # roles and modes
    _module(
        "roles",
        "anyone may run rules",
        "who may do what",
        'assert block.timestamp - self.keeper_seen > KEEPER_SILENCE, "roles: keeper only"',
        "pass",
    ),
    _module(
        "roles",
        "who is silent is told from the deployment",
        "a keeper who falls silent",
        "    self.keeper_seen = block.timestamp\n    return True",
        "    return True",
    ),
    _module(
        "roles",
        "the owner need not wait",
        "an owner who has to wait",
        'assert block.timestamp >= ready_at, "roles: too early"',
        "pass",
    ),
    _module(
        "roles",
        "a call that was scheduled once may be made for ever",
        "an owner who has to wait",
        "        self.ready_at[keccak256(call)] = 0\n\n",
        "\n",
    ),
    _vault(
        "limits of deposits are not looked at",
        "deposits up to a limit",
        'assert assets <= self._room(s), "deposit: above the limit"',
        "pass",
    ),
    _vault("deposits are not counted", _INFLOW, "    rounds._count_deposit(assets)\n", ""),
    _vault(
        "the count of deposits begins anew with a rule, not with a settlement",
        _INFLOW,
        '"round: not settled"\n    book._begin_round(s)\n',
        '"round: not settled"\n    rounds._begin(s.total_assets)\n',
    ),
    _vault(
        "who deposits a few units first keeps others out",
        "few units do not keep others out",
        "if rounds.round_assets >= 10 ** 6",
        "if rounds.round_assets > 0",
    ),
    _vault(
        "anyone may sell everything",
        "who may do what",
        "    roles._only_guardian()\n    everything: bool = True",
        "    everything: bool = True",
    ),
    _module(
        "modes",
        "the guardian may open the vault again",
        "who may do what",
        'roles._only_owner(method_id("unfreeze()", output_type=Bytes[4]))',
        "roles._only_guardian()",
    ),
    _vault(
        "a frozen vault takes deposits",
        "frozen",
        "    modes._only_open()\n    s: book.State = book._read()\n    shares: uint256",
        "    s: book.State = book._read()\n    shares: uint256",
    ),
    _module(
        "modes",
        "a vault that was sold opens again",
        "the exit, in two goes",
        '    assert self.mode == FROZEN, "mode: not frozen"\n',
        "",
    ),
    _vault(
        "floors and prices hold up those who leave after the exit",
        "the exit, in two goes",
        "    if modes._is_exited():\n        return\n    s: book.State = book._refresh(before)\n",
        "    s: book.State = book._refresh(book._read())\n",
    ),
    # floors and rounds
    _book(
        "withdrawals ignore the floors",
        "withdrawals down to the floor and one unit past it",
        '    assert self._floor_idle_usdc_5_of_nav(s), "floor: idle(USDC) >= 5% of nav"',
        "    pass",
    ),
    _vault(
        "withdrawals ignore the round's limit",
        _ROUND,
        '    assert assets <= arith.monus(self._round_allowance(), ahead), "withdraw: round limit"\n',
        "",
    ),
    _vault(
        "a frozen vault lets everybody out at once",
        _ROUND,
        "if modes._is_exited() or rounds.round_assets == 0:",
        "if not modes._is_open() or rounds.round_assets == 0:",
    ),
    _vault("withdrawals are not counted", _ROUND, "    rounds._count(assets)\n", ""),
    _vault(
        "a round begins whenever somebody asks",
        "rules that are not due",
        '    assert book._is_settled(s), "round: not settled"\n',
        "",
    ),
    # rules
    _actions(
        "rebalancing without cause",
        "rules that are not due",
        '    assert book._when_rebalance(s), "rule: not due"\n',
        "",
    ),
    _actions(
        "the budget of a rule forgets the slippage of what it buys",
        "a trade against a pool that is worse than the oracle",
        "increase_aave_collateral_weth, s.price_usdc, book.USDC_UNIT), 3, 1_000)",
        "increase_aave_collateral_weth, s.price_usdc, book.USDC_UNIT), 0, 1_000)",
    ),
    _actions(
        "the timer is not wound",
        "rules that are not due",
        "    book.harvest_save_last_run = block.timestamp\n",
        "",
    ),
    _actions(
        "the exit asks a venue for more than it can pay",
        "the exit, in two goes",
        "min(erc4626.held(book.SAVE_VAULT), erc4626.liquidity(book.SAVE_VAULT))",
        "erc4626.held(book.SAVE_VAULT)",
    ),
    # a loan
    _actions(
        "a deleverage asks the savings for more than they pay",
        "a crash while most of the savings are lent out",
        "min(repay, min(s.save, erc4626.liquidity(book.SAVE_VAULT)))",
        "min(repay, s.save)",
    ),
    _book(
        "the floor under the loan is dropped",
        "a floor that is broken from outside lets nothing out and nothing in",
        '    assert self._floor_health_aave_1_35(s), "floor: health(aave) >= 1.35"\n',
        "",
    ),
    _actions(
        "one unit too little is repaid",
        "a crash, the keeper, and the way back",
        "aave_v3.repay(book.AAVE_POOL, book.USDC, repay)",
        "aave_v3.repay(book.AAVE_POOL, book.USDC, repay - 1)",
    ),
    _book(
        "collateral is valued rounded up",
        "a crash, the keeper, and the way back",
        "s.value_aave_collateral_weth = arith.mul_div_down(",
        "s.value_aave_collateral_weth = arith.mul_div_up(",
    ),
    _actions(
        "the keeper may rebalance before the loan is safe",
        "a crash, the keeper, and the way back",
        '    assert not book._when_deleverage_aave(s), "rule: deleverage_aave comes first"\n',
        "",
    ),
    Mutant(
        "a swap takes whatever it gets",
        (
            Change("contracts/uniswap_v3.vy", "amount_out_minimum=minimum", "amount_out_minimum=0"),
            Change(
                "contracts/uniswap_v3.vy", '    assert received >= minimum, "uniswap_v3: too little received"\n', ""
            ),
        ),
        "a trade against a pool that is worse than the oracle",
    ),
    _actions(
        "a frozen vault takes new risk",
        "frozen with a loan",
        "    modes._only_open()\n    s: book.State = book._read()\n    book._not_guarded(s.price_weth)\n",
        "    modes._not_exited()\n    s: book.State = book._read()\n    book._not_guarded(s.price_weth)\n",
    ),
    # ways out
    _vault(
        "a venue that is stuck holds up the exit",
        _STUCK,
        "            revert_on_failure=False,\n        )\n",
        "            revert_on_failure=False,\n        )\n        assert done\n",
    ),
    _vault(
        "what a venue has kept counts as gone",
        "the exit, in two goes",
        "everything = everything and done and convert(gone, bool)",
        "everything = everything and done",
    ),
    _vault(
        "a part of what is left is given up unasked",
        "the exit, in two goes",
        '    assert not modes._is_stuck(), "mode: redeem in kind"\n',
        "",
    ),
    _actions(
        "who leaves in kind gives up what was to be kept",
        _STUCK,
        "if forgone & 2 == 0: # aave",
        "if forgone & 1 == 0: # aave",
    ),
    _actions(
        "who leaves in kind takes a part rounded up",
        _IN_KIND,
        "part: uint256 = arith.mul_div_down(",
        "part: uint256 = arith.mul_div_up(",
    ),
    _actions(
        "who leaves in kind pays a part rounded down",
        _IN_KIND,
        "repay_aave_debt_usdc: uint256 = arith.mul_div_up(",
        "repay_aave_debt_usdc: uint256 = arith.mul_div_down(",
    ),
    _actions(
        "who leaves in kind pays no debt",
        _IN_KIND,
        "        if repay_aave_debt_usdc > 0:\n            tokens.pull(",
        "        if repay_aave_debt_usdc == max_value(uint256):\n            tokens.pull(",
    ),
    _actions(
        "the part of the virtual shares is given away",
        _IN_KIND,
        "whole: uint256 = share_token.totalSupply + 10 ** 12",
        "whole: uint256 = share_token.totalSupply",
    ),
    _actions(
        "the round's allowance stays what it was for those who have left in kind",
        _OTHERS,
        "    rounds._shrink(arith.mul_div_up(rounds.round_assets, arith.monus(whole, shares), whole))\n",
        "",
    ),
    _actions(
        "what has left in kind counts as a loss at the next harvest",
        _OTHERS,
        "        book.mark_save = arith.mul_div_up(book.mark_save, arith.monus(whole, shares), whole)\n",
        "",
    ),
    # a part of everything, unwound
    _actions(
        "the part of what is idle is rounded up",
        _UNWOUND,
        "free_usdc: uint256 = arith.mul_div_down(",
        "free_usdc: uint256 = arith.mul_div_up(",
    ),
    _actions(
        "the part of a debt is rounded down",
        _UNWOUND,
        "owed_aave_debt_usdc: uint256 = arith.mul_div_up(",
        "owed_aave_debt_usdc: uint256 = arith.mul_div_down(",
    ),
    _actions(
        "what a venue takes beyond the part is left to the others",
        _UNWOUND,
        " - arith.monus(left_save, erc4626.held(book.SAVE_VAULT))",
        "",
    ),
    _actions(
        "what is sold is all that lies there",
        _UNWOUND,
        "book.USDC, free_weth_2, minimum)",
        "book.USDC, tokens.held(book.WETH), minimum)",
    ),
    Mutant(
        "a debt's part is repaid with what is idle, whoever's it is",
        (
            Change(ACTIONS, "    assert owed_aave_debt_usdc <= free_usdc_2, ", "    assert True, "),
            Change(ACTIONS, "(free_usdc_2 - owed_aave_debt_usdc)", "arith.monus(free_usdc_2, owed_aave_debt_usdc)"),
        ),
        "a debt that its own part does not cover is nobody else's to repay",
    ),
    _actions(
        "less is paid than was asked for",
        _UNWOUND,
        '    assert paid >= least_assets, "unwind: less than asked for"\n',
        "",
    ),
    _actions(
        "parts are unwound after the exit",
        "a part that is not swapped needs no price",
        "    modes._not_exited()\n    whole: uint256",
        "    whole: uint256",
    ),
    # requests
    _vault(
        "who withdraws at once passes those who wait",
        _LEFT_OVER,
        "    return 0 if modes._is_exited() else self._to_assets_up(requests.shares_requested, s)\n",
        "    return 0\n",
    ),
    _book(
        "what is set aside is idle",
        _LEFT_OVER,
        "    return tokens.held(USDC) - requests.reserved\n",
        "    return tokens.held(USDC) - 0 * requests.reserved\n",
    ),
    _vault(
        "requests may be of any size",
        _REQUESTS,
        'assert shares != 0 and shares >= share_token.totalSupply // 10_000, "request: too small"',
        'assert True, "request: too small"',
    ),
    _vault(
        "what is served in part is done",
        _REQUESTS,
        "    return shares == held\n",
        "    return shares != 0\n",
    ),
    _vault(
        "anybody claims",
        _REQUESTS,
        "    requests._only_controller(request)\n    claimed:",
        "    claimed:",
    ),
    Mutant(
        "what was claimed is claimed again",
        (Change("contracts/requests.vy", "    self.requests[number].assets = 0\n", ""),),
        _REQUESTS,
    ),
    Mutant(
        "what is served still counts as waiting",
        (
            Change(
                "contracts/requests.vy",
                "    self.shares_requested -= shares\n    self.reserved += assets\n",
                "    self.reserved += assets\n",
            ),
        ),
        _REQUESTS,
    ),
    Mutant(
        "what is taken back goes to who controls it",
        (
            Change(
                "contracts/requests.vy",
                "    owner: address = self.requests[number].owner\n",
                "    owner: address = self.requests[number].controller\n",
            ),
        ),
        _TAKEN_BACK,
    ),
    # depositors
    _vault(
        "anybody may deposit",
        _MEMBERS,
        "    depositors._only_attested(receiver)\n    assert shares != 0",
        "    assert shares != 0",
    ),
    _vault(
        "shares are sent to anybody",
        _MEMBERS,
        "    depositors._only_attested(receiver)\n    share_token._transfer(msg.sender",
        "    share_token._transfer(msg.sender",
    ),
    _vault(
        "who has no attestation cannot leave",
        _MEMBERS,
        '    assert not modes._is_stuck(), "mode: redeem in kind"\n',
        '    assert not modes._is_stuck(), "mode: redeem in kind"\n    depositors._only_attested(owner)\n',
    ),
    _vault(
        "a limit is told to who may not deposit",
        _MEMBERS,
        "    if not depositors._may_hold(receiver):\n        return False\n",
        "",
    ),
    _module(
        "depositors",
        "what was revoked is good",
        _MEMBERS,
        "extract32(record, 160, output_type=uint256) != 0 or (expires != 0 and expires <= block.timestamp)",
        "expires != 0 and expires <= block.timestamp",
    ),
    _module(
        "depositors",
        "an attestation is good a second longer",
        _MEMBERS,
        "expires <= block.timestamp",
        "expires < block.timestamp",
    ),
    _module("depositors", "any schema will do", _NO_MEMBERS, "extract32(record, 64) != SCHEMA or ", ""),
    _module(
        "depositors",
        "anybody may attest",
        _NO_MEMBERS,
        " or extract32(record, 256, output_type=address) != ATTESTER",
        "",
    ),
    # fees
    _actions(
        "time is not counted where shares leave in kind",
        _FEES,
        "    self._charge_for_time()\n    whole",
        "    whole",
    ),
    _vault(
        "nothing is charged of those who come",
        _FEES,
        '    book._charge(s)\n    assert shares != 0, "deposit: no shares"',
        '    assert shares != 0, "deposit: no shares"',
    ),
    _book(
        "the performance fee is charged of the whole price",
        _FEES,
        "gain_charged: uint256 = arith.mul_div_down(gain_over_mark,",
        "gain_charged: uint256 = arith.mul_div_down(s.total_assets + 1,",
    ),
    _book("the mark is not raised", _FEES, "    fees._raise_mark(s.high_water_mark)\n", ""),
    _module(
        "fees",
        "time is charged again and again",
        _FEES,
        "    self.charged_at = block.timestamp\n\n\n@internal\ndef _raise_mark",
        "    pass\n\n\n@internal\ndef _raise_mark",
    ),
    _book(
        "years of silence are charged",
        _SLEPT,
        "        return s\n    seconds_counted: uint256 = min(fees._elapsed(), 31_536_000)",
        "        return s\n    seconds_counted: uint256 = fees._elapsed()",
    ),
    _book(
        "fees go on after the exit",
        _SLEPT,
        "    s: State = before\n    if modes._is_exited():\n        s.supply = share_token.totalSupply",
        "    s: State = before\n    if modes._is_stuck():\n        s.supply = share_token.totalSupply",
    ),
)
