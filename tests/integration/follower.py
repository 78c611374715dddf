"""The exact machine, following a vault on anvil transaction by transaction, whoever sent them.

It is told every call to the vault, in order, and of each block only what is the environment's: the time, the feeds'
answers, Aave's indices, and what the pool would have paid one block earlier. After each call all that the vault and
Aave say at that block must be what the machine says, to the wei. So a keeper in another process needs no cooperation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode

from differential.market import Trade, exact_market
from integration.past import call_at
from lab.aave import AccountData
from lab.chain import AnvilChain, Contract
from stratc_compiler.machine import Machine
from stratc_compiler.standing import Roles
from stratc_targets.vyper.symbols import symbols_of
from vyper_target.vaults import Deployed


@dataclass(frozen=True)
class Done:
    """One call to the vault that succeeded, and the loan after it: as Aave and as the model value it."""

    call: str
    sender: str
    block: int
    aave: AccountData
    model_health: int


class Follower:
    """Begins beside a vault that was just deployed. Interest must come from others' debts that stand by then."""

    def __init__(self, vault: Deployed, chain: AnvilChain, users: tuple[str, ...]) -> None:
        self.vault, self.chain, self.users, self.world = vault, chain, users, vault.world
        self.market = exact_market(self.world, vault.model, vault.address)
        self.machine = Machine(
            vault.model, self.market, Roles(vault.owner, vault.guardian, vault.keeper), vault.address
        )
        self.block = chain.block_number()
        self._functions = {
            (function := vault.contract.abi.function(entry["name"], len(entry["inputs"]))).selector: function
            for entry in vault.contract.abi.entries
            if entry["type"] == "function"
        }

    def fund(self, user: str, assets: int) -> None:
        """Base tokens for a user, who lets the vault take them."""
        self.world.usdc.provide(user, self.vault.contract, assets)
        self.market.mint("USDC", user, assets)

    def catch_up(self) -> list[Done]:
        """Tell the machine everything that was sent to the vault since the last time, and compare after each call."""
        done = []
        for number in range(self.block + 1, self.chain.block_number() + 1):
            block = self.chain.rpc("eth_getBlockByNumber", hex(number), True)
            for transaction in block["transactions"]:
                if transaction["to"] == self.vault.address:
                    done.append(self._follow(number, int(block["timestamp"], 16), transaction))
            self.block = number
        return done

    def _follow(self, number: int, time: int, transaction: dict[str, Any]) -> Done:
        data, sender = bytes.fromhex(transaction["input"][2:]), transaction["from"]
        function = self._functions[data[:4]]
        receipt = self.chain.rpc("eth_getTransactionReceipt", transaction["hash"])
        assert receipt["status"] == "0x1", f"{function.name} by {sender} reverted in block {number}"
        self._look_around(number, time)
        self._tell(function.name, decode(function.inputs, data[4:]), sender)
        aave = AccountData(*self._at(number, self.world.aave.pool, "getUserAccountData", self.vault))
        assert aave == self.market.aave.data(), f"the account at Aave after {function.name}"
        self._compare(number, function.name)
        return Done(function.name, sender, number, aave, self.machine.health("aave"))

    # ── the environment ────────────────────────────────────────────────────────────────────

    def _look_around(self, number: int, time: int) -> None:
        """What the block found: a transaction moves none of this but the pool, which is asked one block earlier."""
        market, pool = self.market, self.world.aave.pool
        market.time = time
        for symbol, feed in market.feeds.items():
            lab, reserve, token = self.world.feeds[symbol], market.aave.reserves[symbol], self.world.token(symbol)
            feed.answer = reserve.price = self._at(number, lab.contract, "latestAnswer")
            feed.updated_at = self._at(number, lab.contract, "latestTimestamp")
            reserve.liquidity_index = self._at(number, pool, "getReserveNormalizedIncome", token)
            reserve.borrow_index = self._at(number, pool, "getReserveNormalizedVariableDebt", token)
        market.quote = lambda trade, before: self._quote(number - 1, trade, before)
        market.moment = lambda: number

    def _quote(self, number: int, trade: Trade, before: tuple[Trade, ...]) -> int:
        sold, bought, amount = trade
        assert {sold, bought} not in [{*pair} for *pair, _ in before], "two swaps of one pair in one transaction"
        params = (self.world.token(sold), self.world.token(bought), amount, self.world.pool.fee, 0)
        quoted: int = self._at(number, self.world.uniswap.quoter, "quoteExactInputSingle", params)[0]
        return quoted

    def _at(self, number: int, contract: Contract, fn: str, *args: Any) -> Any:
        """A call that sees the chain as it was after a block."""
        return call_at(self.chain, number, contract, fn, *args)

    # ── the machine ────────────────────────────────────────────────────────────────────────

    def _tell(self, call: str, args: tuple[Any, ...], sender: str) -> None:
        machine = self.machine
        match call, args:
            case "deposit", (assets, receiver):
                machine.deposit(sender, assets, receiver)
            case "withdraw", (assets, receiver, owner) if owner == sender:
                machine.withdraw(owner, assets, receiver)
            case "redeem", (shares, receiver, owner) if owner == sender:
                machine.redeem(owner, shares, receiver)
            case "settle", ():
                machine.settle(sender)
            case "emergency_exit", ():
                machine.emergency_exit(sender)
            case rule, ():
                machine.run(rule, sender)
            case _:
                raise AssertionError(f"no story here has a {call} of {args} by {sender}")

    def _compare(self, number: int, call: str) -> None:
        exact, onchain = self._exact(), self._onchain(number)
        wrong = [
            f"{name}: the machine says {exact[name]}, the chain {onchain[name]}"
            for name in exact
            if exact[name] != onchain[name]
        ]
        assert not wrong, "\n".join([f"after {call} in block {number}", *wrong])

    def _exact(self) -> dict[str, int]:
        """All that there is to compare, by what the contract calls it."""
        machine, book, state = self.machine, self.machine.book, self.machine.state().bound
        said = {member: state[name] for name, member in symbols_of(self.vault.model).fields.items()}
        said |= {"totalSupply": book.supply, "totalAssets": machine.total_assets(), "mode": int(book.mode)}
        said |= {"round_assets": book.round_assets, "round_withdrawn": book.round_withdrawn}
        said |= {"round_allowance": machine.round_allowance(), "settled": machine.settled()}
        said |= {f"{timer}_last_run": last for timer, last in book.last_run.items()}
        said |= {f"mark_{position}": mark for position, mark in book.marks.items()}
        for user in self.users:
            said |= {f"shares of {user}": machine.balance(user), f"USDC of {user}": self.market.balance("USDC", user)}
        return said

    def _onchain(self, number: int) -> dict[str, int]:
        vault, usdc = self.vault.contract, self.world.usdc.contract
        said = dict(zip(self._members(), self._at(number, vault, "state"), strict=True))
        names = ("totalSupply", "totalAssets", "mode", "round_assets", "round_withdrawn", "round_allowance", "settled")
        timers = [f"{timer}_last_run" for timer in self.machine.book.last_run]
        marks = [f"mark_{position}" for position in self.machine.book.marks]
        said |= {name: self._at(number, vault, name) for name in (*names, *timers, *marks)}
        for user in self.users:
            said[f"shares of {user}"] = self._at(number, vault, "balanceOf", user)
            said[f"USDC of {user}"] = self._at(number, usdc, "balanceOf", user)
        return said

    def _members(self) -> list[str]:
        entry = next(one for one in self.vault.contract.abi.entries if one.get("name") == "state")
        return [part["name"] for part in entry["outputs"][0]["components"]]
