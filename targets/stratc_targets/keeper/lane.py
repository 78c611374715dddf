"""The one lane that transactions leave by: one nonce at a time, recorded before it is sent, followed until it ends.

Why nothing is done twice: a new transaction takes the nonce that the chain expected at the block its need was seen in.
While an earlier one has not landed it shares that nonce, so only one of both can; once it has landed, the need is
judged on a state that contains it. All vaults that are kept with one key share its lane.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from eth_account.signers.local import LocalAccount

from stratc_targets.keeper.chain import Chain, Head, Landed
from stratc_targets.keeper.errors import Refused, RpcDown
from stratc_targets.keeper.fees import Bid, higher_bid
from stratc_targets.keeper.log import Field, Log
from stratc_targets.keeper.signing import sign
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

LAG_SECONDS = 30.0
"""So long an endpoint is waited for that does not know the block of our last transaction."""

_UNDERPRICED = ("underpriced", "fee too low", "less than block base fee", "max fee per gas less")


@dataclass(frozen=True, slots=True)
class Errand:
    """A function of a vault to call, with so much gas."""

    vault: str
    call: str
    gas: int


@dataclass(frozen=True, slots=True)
class Done:
    """A function of a vault that was called, and how that ended."""

    vault: str
    call: str
    landed: Landed


class Kept(Protocol):
    """A vault that is kept by this lane."""

    @property
    def chain(self) -> Chain: ...

    def cap(self, call: str) -> int:
        """The most that may be bid for a function now, in wei per gas."""

    def reduces_risk(self, call: str) -> bool:
        """Whether a function may take the place of one that does not."""

    def urgent(self) -> Errand | None:
        """What reduces risk, is due and would succeed; None where nothing does."""

    def note(self, done: Done) -> None:
        """Remember what was done."""

    def watch_on(self) -> None:
        """What is to be done at each look while a transaction waits to be mined."""


class Answer(Enum):
    """What a node's answer to a transaction means for the next step."""

    TAKEN = "nothing to do but wait"
    BID_MORE = "it bids too little"
    AGAIN = "send it again"


@dataclass(slots=True)
class Lane:
    """Sends transactions of one account for all of `vaults`, which are by address.

    `replace_after` are the seconds after which one is stuck.
    """

    account: LocalAccount
    chain_id: int
    replace_after: float
    log: Log
    stop: Stop
    vaults: dict[str, Kept] = field(default_factory=dict)
    _seen_block: int = 0
    _seen_at: float = 0.0

    def is_ahead_of(self, head: Head) -> bool:
        """Whether a transaction has just landed in a later block: an endpoint lags, and what is due there may be done.

        Not for ever: after a reorganisation there may be no block of that number for a while.
        """
        return head.number < self._seen_block and time.monotonic() - self._seen_at < LAG_SECONDS

    def deliver(self, errand: Errand, nonce: int, bid: Bid, store: StateFile) -> Done | None:
        """Sign, record, send and follow one transaction; None where it is given up or still in flight at the end."""
        attempt = self._signed(errand, nonce, bid)
        store.set_flight(Flight(nonce, (attempt,)))
        self.log.info(
            "sending",
            f"{errand.call}: sending {attempt.tx_hash}",
            vault=errand.vault,
            call=errand.call,
            tx=attempt.tx_hash,
            nonce=nonce,
            gas=errand.gas,
            max_fee=bid.max_fee,
        )
        return self.follow(store, self.vaults[errand.vault].chain)

    def follow(self, store: StateFile, chain: Chain) -> Done | None:
        """See what is in flight to its end: (re-)send it, wait for its receipt, replace it when it is stuck.

        `chain` is asked about it; whose vault that is of makes no difference.
        """
        retry = Backoff(LOOK_SECONDS, RETRY_SECONDS)
        out, stuck_at, unseen = False, 0.0, 0
        while (flight := store.state.flight) and not self.stop.reached:
            pause = LOOK_SECONDS
            try:
                used = chain.nonce(self.account.address)
                if used > flight.nonce:
                    done = self._done(flight, chain)
                    if done or unseen == RECEIPT_LOOKS:
                        self._end(flight, done, store)
                        return done
                    unseen += 1
                elif used < flight.nonce and out and time.monotonic() >= stuck_at:
                    self._give_up(flight, used, store)
                    return None
                elif not out or time.monotonic() >= stuck_at:
                    answer = self._replace(flight, store, chain) if out else self._send(flight, store, chain)
                    out = answer is not Answer.AGAIN
                    stuck_at = time.monotonic() + (0 if answer is Answer.BID_MORE else self.replace_after)
                    pause = QUICK_LOOK_SECONDS if answer is Answer.TAKEN else LOOK_SECONDS
                else:
                    self._watch_on()
                retry.failures = 0
            except (RpcDown, Refused) as trouble:
                out = False
                pause = retry.next()
                self.log.warning("rpc_down", f"{trouble}; a transaction is in flight", tx=flight.latest.tx_hash)
            self.stop.wait(pause)
        return None

    def _watch_on(self) -> None:
        for kept in self.vaults.values():
            kept.watch_on()

    def _urgent(self) -> Errand | None:
        """The first thing of any vault that is worth the nonce of something routine that is stuck."""
        found: Iterator[Errand | None] = (kept.urgent() for kept in self.vaults.values())
        return next((errand for errand in found if errand is not None), None)

    def _done(self, flight: Flight, chain: Chain) -> Done | None:
        for attempt in reversed(flight.attempts):
            landed = chain.landed(attempt.tx_hash)
            if landed is not None:
                return Done(attempt.vault, attempt.call, landed)
        return None

    def _end(self, flight: Flight, done: Done | None, store: StateFile) -> None:
        """The nonce is used: by one of ours, or by somebody else with the same key."""
        if done is None:
            message = "another user of the key has taken the nonce; nothing of this keeper is in flight any more"
            self.log.warning("nonce_taken", message, nonce=flight.nonce)
        else:
            self._report(done)
            self._seen_block, self._seen_at = done.landed.block, time.monotonic()
        store.set_flight(None)

    def _give_up(self, flight: Flight, used: int, store: StateFile) -> None:
        """The chain was reorganised, and one before it is in no block any more: it may wait for that for ever.

        Whatever is due is judged anew, at the nonce that is missing. Should both land after all, the vault refuses the
        second, or it begins a round: each of them checks its condition itself.
        """
        message = f"the chain expects nonce {used}, and what is in flight has {flight.nonce}: one before it is gone"
        self.log.warning("nonce_gap", message, nonce=flight.nonce, expected=used, tx=flight.latest.tx_hash)
        store.set_flight(None)

    def _report(self, done: Done) -> None:
        call, landed = done.call, done.landed
        fields: dict[str, Field] = {
            "vault": done.vault,
            "call": call,
            "tx": landed.tx_hash,
            "block": landed.block,
            "gas_used": landed.gas_used,
        }
        if landed.succeeded:
            self.log.info("mined", f"{call}: done in block {landed.block}", **fields)
            return
        kept = self.vaults.get(done.vault)
        reason = kept.chain.why_reverted(call, self.account.address, landed.block) if kept else "its vault is not kept"
        self.log.error("reverted", f"{call}: reverted in block {landed.block}: {reason}", reason=reason, **fields)

    def _send(self, flight: Flight, store: StateFile, chain: Chain, *, late: bool = False) -> Answer:
        """Hand over the latest attempt: to the relay alone where there is one.

        What reduces risk is better seen by everybody than late: where the relay does not answer, does not take it, or
        says that it did and has not got it mined in time, it goes everywhere.
        """
        latest, urgent = flight.latest, self._reduces_risk(flight.latest)
        try:
            try:
                chain.send(latest.raw, public=urgent and late)
            except (RpcDown, Refused) as trouble:
                if not (urgent and chain.private) or late:
                    raise
                self.log.warning("relay_down", f"{latest.call}: sent to everybody: {trouble}", tx=latest.tx_hash)
                chain.send(latest.raw, public=True)
        except Refused as refusal:
            return self._refused(flight, str(refusal), store)
        return Answer.TAKEN

    def _refused(self, flight: Flight, reason: str, store: StateFile) -> Answer:
        call = flight.latest.call
        if any(words in reason.lower() for words in _UNDERPRICED):
            self.log.warning("underpriced", f"{call}: the node wants a higher bid: {reason}", call=call, reason=reason)
            return Answer.BID_MORE
        if "nonce too low" in reason.lower():
            return Answer.AGAIN
        self.log.error("refused", f"{call}: the node refuses the transaction: {reason}", call=call, reason=reason)
        if len(flight.attempts) == 1:
            # Should another node hold it all the same: whatever comes next has the same nonce.
            store.set_flight(None)
        return Answer.TAKEN

    def _replace(self, flight: Flight, store: StateFile, chain: Chain) -> Answer:
        """Bid more for the nonce, for something more urgent if there is."""
        head, tip = chain.head(), chain.tip()
        old = flight.latest
        errand = (None if self._reduces_risk(old) else self._urgent()) or Errand(old.vault, old.call, old.gas)
        kept = self.vaults.get(errand.vault)
        bid = None if kept is None else higher_bid(old.bid, head.base_fee or 0, tip, kept.cap(errand.call))
        if bid is None:
            message = f"{old.call}: not mined, and a higher bid would exceed the fee cap"
            self.log.warning("at_cap", message, tx=old.tx_hash, max_fee=old.bid.max_fee, base_fee=head.base_fee)
            self._send(flight, store, chain, late=True)  # nodes forget
            return Answer.TAKEN
        attempt = self._signed(errand, flight.nonce, bid)
        flight = flight.with_attempt(attempt)
        store.set_flight(flight)
        self.log.warning(
            "replacing",
            f"{errand.call}: replacing {old.tx_hash} with {attempt.tx_hash}",
            vault=errand.vault,
            call=errand.call,
            tx=attempt.tx_hash,
            replaced=old.tx_hash,
            max_fee=bid.max_fee,
        )
        return self._send(flight, store, chain, late=True)

    def _reduces_risk(self, attempt: Attempt) -> bool:
        kept = self.vaults.get(attempt.vault)
        return kept is not None and kept.reduces_risk(attempt.call)

    def _signed(self, errand: Errand, nonce: int, bid: Bid) -> Attempt:
        chain = self.vaults[errand.vault].chain
        data = chain.call_data(errand.call)
        one = sign(self.account, self.chain_id, nonce, errand.vault, data, errand.gas, bid)
        return Attempt(one.tx_hash, one.raw, one.gas, one.bid, errand.vault, errand.call)
