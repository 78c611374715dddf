"""The one lane that transactions leave by: one nonce at a time, recorded before it is sent, followed until it ends.

Why nothing is done twice: a new transaction takes the nonce that the chain expected at the block its need was seen in.
While an earlier one has not landed it shares that nonce, so only one of both can; once it has landed, the need is
judged on a state that contains it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from eth_account.signers.local import LocalAccount

from stratc_targets.keeper.chain import Chain, Landed, transaction
from stratc_targets.keeper.config import Gas
from stratc_targets.keeper.errors import Refused, RpcDown
from stratc_targets.keeper.fees import Bid, higher_bid
from stratc_targets.keeper.log import Field, Log
from stratc_targets.keeper.state import Attempt, Flight, StateFile
from stratc_targets.keeper.waiting import Backoff, Stop

LOOK_SECONDS = 1.0
"""How often a receipt is looked for."""

RETRY_SECONDS = 30.0
"""The longest pause between two tries of a dead endpoint: saving a loan cannot wait for much more."""

QUICK_LOOK_SECONDS = 0.1
"""The first look after sending: some chains mine at once."""

RECEIPT_LOOKS = 3
"""How often a used nonce without a receipt of ours is looked at again: some nodes are late with receipts."""

Urgent = Callable[[], tuple[str, int] | None]
"""The function to call instead of what is stuck, and its gas; None where nothing is more urgent."""

Meanwhile = Callable[[], None]
"""What is to be done at each look while a transaction waits to be mined."""

_UNDERPRICED = ("underpriced", "fee too low", "less than block base fee", "max fee per gas less")


@dataclass(frozen=True, slots=True)
class Done:
    """A function of the vault that was called, and how that ended."""

    call: str
    landed: Landed


class Answer(Enum):
    """What a node's answer to a transaction means for the next step."""

    TAKEN = "nothing to do but wait"
    BID_MORE = "it bids too little"
    AGAIN = "send it again"


@dataclass(slots=True)
class Lane:
    """Sends transactions of one account; `emergency_calls` are the functions that may bid the emergency fee.

    `seen_block` is the highest block that one of its transactions landed in.
    """

    chain: Chain
    account: LocalAccount
    gas: Gas
    emergency_calls: frozenset[str]
    store: StateFile
    log: Log
    stop: Stop
    seen_block: int = 0

    def cap(self, call: str) -> int:
        """The most that may be bid for a function, in wei per gas."""
        return self.gas.emergency if call in self.emergency_calls else self.gas.normal

    def deliver(self, call: str, nonce: int, gas: int, bid: Bid, urgent: Urgent, meanwhile: Meanwhile) -> Done | None:
        """Sign, record, send and follow one transaction; None where it is given up or still in flight at the end."""
        attempt = self._signed(call, nonce, gas, bid)
        self.store.set_flight(Flight(nonce, (attempt,)))
        message = f"{call}: sending {attempt.tx_hash}"
        self.log.info("sending", message, call=call, tx=attempt.tx_hash, nonce=nonce, gas=gas, max_fee=bid.max_fee)
        return self.follow(urgent, meanwhile)

    def follow(self, urgent: Urgent, meanwhile: Meanwhile) -> Done | None:
        """See what is in flight to its end: (re-)send it, wait for its receipt, replace it when it is stuck."""
        retry = Backoff(LOOK_SECONDS, RETRY_SECONDS)
        out, stuck_at, unseen = False, 0.0, 0
        while (flight := self.store.state.flight) and not self.stop.reached:
            pause = LOOK_SECONDS
            try:
                if self._used_up(flight):
                    done = self._done(flight)
                    if done or unseen == RECEIPT_LOOKS:
                        self._end(flight, done)
                        return done
                    unseen += 1
                elif not out or time.monotonic() >= stuck_at:
                    answer = self._replace(flight, urgent) if out else self._send(flight)
                    out = answer is not Answer.AGAIN
                    stuck_at = time.monotonic() + (0 if answer is Answer.BID_MORE else self.gas.replace_after)
                    pause = QUICK_LOOK_SECONDS
                else:
                    meanwhile()
                retry.failures = 0
            except (RpcDown, Refused) as trouble:
                out = False
                pause = retry.next()
                self.log.warning("rpc_down", f"{trouble}; a transaction is in flight", tx=flight.latest.tx_hash)
            self.stop.wait(pause)
        return None

    def _used_up(self, flight: Flight) -> bool:
        return self.chain.nonce(self.account.address) > flight.nonce

    def _done(self, flight: Flight) -> Done | None:
        for attempt in reversed(flight.attempts):
            landed = self.chain.landed(attempt.tx_hash)
            if landed is not None:
                return Done(attempt.call, landed)
        return None

    def _end(self, flight: Flight, done: Done | None) -> None:
        """The nonce is used: by one of ours, or by somebody else with the same key."""
        if done is None:
            message = "another user of the key has taken the nonce; nothing of this keeper is in flight any more"
            self.log.warning("nonce_taken", message, nonce=flight.nonce)
        else:
            self._report(done.call, done.landed)
            self.seen_block = max(self.seen_block, done.landed.block)
        self.store.set_flight(None)

    def _report(self, call: str, landed: Landed) -> None:
        fields: dict[str, Field] = {
            "call": call,
            "tx": landed.tx_hash,
            "block": landed.block,
            "gas_used": landed.gas_used,
        }
        if landed.succeeded:
            self.log.info("mined", f"{call}: done in block {landed.block}", **fields)
            return
        reason = self.chain.why_reverted(call, self.account.address, landed.block)
        self.log.error("reverted", f"{call}: reverted in block {landed.block}: {reason}", reason=reason, **fields)

    def _send(self, flight: Flight) -> Answer:
        """Hand over the latest attempt."""
        try:
            self.chain.send(flight.latest.raw)
        except Refused as refusal:
            return self._refused(flight, str(refusal))
        return Answer.TAKEN

    def _refused(self, flight: Flight, reason: str) -> Answer:
        call = flight.latest.call
        if any(words in reason.lower() for words in _UNDERPRICED):
            self.log.warning("underpriced", f"{call}: the node wants a higher bid: {reason}", call=call, reason=reason)
            return Answer.BID_MORE
        if "nonce too low" in reason.lower():
            return Answer.AGAIN
        self.log.error("refused", f"{call}: the node refuses the transaction: {reason}", call=call, reason=reason)
        if len(flight.attempts) == 1:
            # Should another node hold it all the same: whatever comes next has the same nonce.
            self.store.set_flight(None)
        return Answer.TAKEN

    def _replace(self, flight: Flight, urgent: Urgent) -> Answer:
        """Bid more for the nonce, for something more urgent if there is."""
        head, tip = self.chain.head(), self.chain.tip()
        old = flight.latest
        call, gas = (None if old.call in self.emergency_calls else urgent()) or (old.call, old.gas)
        bid = higher_bid(old.bid, head.base_fee or 0, tip, self.cap(call))
        if bid is None:
            message = f"{old.call}: not mined, and a higher bid would exceed the fee cap"
            self.log.warning("at_cap", message, tx=old.tx_hash, max_fee=old.bid.max_fee, base_fee=head.base_fee)
            self._send(flight)  # nodes forget
            return Answer.TAKEN
        attempt = self._signed(call, flight.nonce, gas, bid)
        flight = flight.with_attempt(attempt)
        self.store.set_flight(flight)
        message = f"{call}: replacing {old.tx_hash} with {attempt.tx_hash}"
        self.log.warning("replacing", message, call=call, tx=attempt.tx_hash, replaced=old.tx_hash, max_fee=bid.max_fee)
        return self._send(flight)

    def _signed(self, call: str, nonce: int, gas: int, bid: Bid) -> Attempt:
        fields = transaction(
            self.store.state.identity.chain_id,
            nonce,
            self.chain.vault,
            self.chain.call_data(call),
            gas,
            bid.max_fee,
            bid.tip,
        )
        signed = self.account.sign_transaction(fields)
        return Attempt(call, signed.hash.to_0x_hex(), signed.raw_transaction.to_0x_hex(), gas, bid)
