"""Faults in who may do what, and in which mode."""

from __future__ import annotations

from mutations.mutant import Mutant, in_actions, in_module, in_vault

ROLES: tuple[Mutant, ...] = (
    in_module(
        "roles",
        "anyone may run rules",
        "who may do what",
        'assert block.timestamp - self.keeper_seen > KEEPER_SILENCE, "roles: keeper only"',
        "pass",
    ),
    in_module(
        "roles",
        "who is silent is told from the deployment",
        "a keeper who falls silent",
        "    self.keeper_seen = block.timestamp\n    return True",
        "    return True",
    ),
    in_module(
        "roles",
        "the owner need not wait",
        "an owner who has to wait",
        'assert block.timestamp >= ready_at, "roles: too early"',
        "pass",
    ),
    in_module(
        "roles",
        "a call that was scheduled once may be made for ever",
        "an owner who has to wait",
        "        self.ready_at[keccak256(call)] = 0\n\n",
        "\n",
    ),
    in_vault(
        "anyone may sell everything",
        "who may do what",
        "    roles._only_guardian()\n    everything: bool = True",
        "    everything: bool = True",
    ),
    in_module(
        "modes",
        "the guardian may open the vault again",
        "who may do what",
        'roles._only_owner(method_id("unfreeze()", output_type=Bytes[4]))',
        "roles._only_guardian()",
    ),
    in_vault(
        "a frozen vault takes deposits",
        "frozen",
        "    modes._only_open()\n    s: book.State = book._read()\n    shares: uint256",
        "    s: book.State = book._read()\n    shares: uint256",
    ),
    in_module(
        "modes",
        "a vault that was sold opens again",
        "the exit, in two goes",
        '    assert self.mode == FROZEN, "mode: not frozen"\n',
        "",
    ),
    in_vault(
        "floors and prices hold up those who leave after the exit",
        "the exit, in two goes",
        "    if modes._is_exited():\n        return\n    s: book.State = book._refresh(before)\n",
        "    s: book.State = book._refresh(book._read())\n",
    ),
    in_actions(
        "a frozen vault takes new risk",
        "frozen with a loan",
        "    modes._only_open()\n    s: book.State = book._read()\n    book._not_guarded(s.price_weth)\n",
        "    modes._not_exited()\n    s: book.State = book._read()\n    book._not_guarded(s.price_weth)\n",
    ),
)
