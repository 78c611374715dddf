"""Carrying a plan out: each transaction is recorded, then sent, then followed until it is in a block.

After every `replace` of the record a crash is harmless: the next run goes on from it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stratc_targets.deploy.node import Node
from stratc_targets.deploy.package import Package
from stratc_targets.deploy.plan import BLUEPRINT, NO_CAP, VAULT, Creation, CreationRefused, Plan, creation_data
from stratc_targets.deploy.record import Landed, Record, Step, with_immutables, write_record
from stratc_targets.keeper.errors import Refused, RpcDown
from stratc_targets.keeper.fees import Bid, higher_bid
from stratc_targets.keeper.signing import Signed, sign

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

LOOK_SECONDS = 0.5
RESEND_SECONDS = 60
"""After so long a transaction is sent again, and for more where its bid is below the base fee."""

PATIENCE_SECONDS = 600
"""So long one is waited for; the next run goes on from the record."""

RECEIPT_LOOKS = 20
"""So often a receipt is looked for of a nonce that is used up: nodes behind one address may lag behind each other."""


class Unfinished(Exception):
    """It goes on when the same command is given again; the message says what was waited for."""


class NonceTaken(Exception):
    """Another transaction of the same key has the nonce: none of ours can land, and the step is to be planned anew."""


@dataclass
class Sending:
    """One deployment on its way. `say` tells whoever waits."""

    node: Node
    account: LocalAccount
    package: Package
    path: Path
    record: Record
    say: Callable[[str], None]

    def save(self, record: Record) -> None:
        """Remember it, on disk first."""
        write_record(self.path, record)
        self.record = record

    def blueprint(self, plan: Plan) -> None:
        """Make the blueprint, unless it is there. Raises what `_follow` does."""
        if self.record.blueprint is None:
            step = self._signed(plan.steps[0], plan.bid)
            self.save(replace(self.record, blueprint=step))
            self._send(BLUEPRINT, step)
            self._follow(BLUEPRINT)

    def vault(self, plan: Plan) -> None:
        """Make the vault. Raises what `_follow` does."""
        step = self._signed(plan.vault, plan.bid)
        self.save(replace(with_immutables(self.record, VAULT, plan.immutables), vault=step))
        self._send(VAULT, step)
        self._follow(VAULT)

    def go_on(self) -> None:
        """Follow what an earlier run has signed, whether or not it came to send it. Raises what `_follow` does."""
        for name in (BLUEPRINT, VAULT):
            self._follow(name, sent=False)

    def catch_up(self) -> None:
        """Wait until the endpoint knows the block of the vault: of several behind one address one may lag behind."""
        step = self.record.vault
        for _ in range(RECEIPT_LOOKS):
            if step is None or step.landed is None or self.node.head().number >= step.landed.block:
                return
            time.sleep(LOOK_SECONDS)
        raise Unfinished(f"{self.node.host} does not know the block of the vault yet")

    # ── one step ───────────────────────────────────────────────────────────────────────────

    def _step(self, name: str) -> Step | None:
        return self.record.blueprint if name == BLUEPRINT else self.record.vault

    def _set(self, name: str, step: Step | None) -> None:
        self.save(replace(self.record, blueprint=step) if name == BLUEPRINT else replace(self.record, vault=step))

    def _follow(self, name: str, sent: bool = True) -> None:
        """Wait until the step is in a block, if there is one.

        Raises Unfinished where it takes too long, NonceTaken, and CreationRefused where it was reverted there.
        """
        began = time.monotonic()
        again = began + (RESEND_SECONDS if sent else 0)
        unseen = 0
        while (step := self._step(name)) is not None and step.landed is None:
            if self._landed(name, step):
                return
            if self.node.nonce(self.account.address) > step.nonce:
                # A contract at the address is ours, whatever nodes say of receipts: nobody else can make one there.
                unseen = 0 if self.node.code(step.address) else unseen + 1
                if unseen > RECEIPT_LOOKS:
                    self._set(name, None)
                    raise NonceTaken(name)
            elif time.monotonic() - began > PATIENCE_SECONDS:
                raise Unfinished(f"the {name} ({step.attempts[-1].tx_hash}) is in no block yet")
            elif time.monotonic() >= again:
                again = time.monotonic() + RESEND_SECONDS
                self._again(name, step)
            time.sleep(LOOK_SECONDS)

    def _landed(self, name: str, step: Step) -> bool:
        """Whether one of the attempts is in a block, which is then recorded. Raises CreationRefused."""
        for attempt in step.attempts:
            mined = self.node.mined(attempt.tx_hash)
            if mined is None:
                continue
            if not mined.succeeded:
                self._set(name, None)
                raise CreationRefused(f"the {name} was reverted in block {mined.block:,} ({attempt.tx_hash})")
            landed = Landed(attempt.tx_hash, mined.block, mined.block_hash, mined.gas_used, mined.gas_price)
            self._set(name, replace(step, landed=landed))
            self.say(f"  {name:<9}  {step.address}, block {mined.block:,}, {mined.gas_used:,} gas, {attempt.tx_hash}")
            return True
        return False

    def _send(self, name: str, step: Step) -> None:
        """Hand over a step that nobody has yet. Raises Refused where the node will not have it."""
        try:
            self.node.send(step.attempts[-1].raw)
        except RpcDown:
            pass  # whether it has it nobody knows: it is sent again
        except Refused as refusal:
            if "nonce too low" not in str(refusal).lower():
                self._set(name, None)  # should another node hold it all the same: whatever comes next has its nonce
                raise Refused(f"{self.node.host} refuses the transaction of the {name}: {refusal}") from None

    def _again(self, name: str, step: Step) -> None:
        """Send what nodes may have forgotten, with a higher bid where the old one is below the base fee."""
        last = step.attempts[-1]
        base_fee = self.node.head().base_fee or 0
        bid = higher_bid(last.bid, base_fee, self.node.tip(), NO_CAP) if base_fee > last.bid.max_fee else None
        if bid is not None:
            creation = Creation(name, step.nonce, step.address, self._data(name), 0)
            higher = self._attempt(creation, last.gas, bid)
            step = replace(step, attempts=(*step.attempts, higher))
            self._set(name, step)
        try:
            self.node.send(step.attempts[-1].raw)
        except Refused as refusal:
            self.say(f"  {name:<9}  sent again: {refusal}")

    def _data(self, name: str) -> str:
        """What a step is sent with."""
        blueprint = self.record.blueprint
        if name == BLUEPRINT or blueprint is None:
            return f"0x{self.package.code.blueprint_creation.hex()}"
        return creation_data(self.package, [one.address for one in self.record.identity.arguments], blueprint.address)

    def _signed(self, creation: Creation, bid: Bid) -> Step:
        return Step(creation.nonce, creation.address, (self._attempt(creation, creation.gas, bid),))

    def _attempt(self, creation: Creation, gas: int, bid: Bid) -> Signed:
        chain_id = self.record.identity.chain_id
        return sign(self.account, chain_id, creation.nonce, None, creation.data, gas, bid)
