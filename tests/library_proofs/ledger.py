"""Theorems of `share_token`: what was unchecked there cannot wrap around, and the supply stays the sum of balances.

The sum is not a term. But what each function does to any one balance is: if before it all balances together make up the
supply, they do so after it. Of that the proofs use that any two holders have no more than the supply between them.
"""

from __future__ import annotations

from library_proofs.reading import Sources, functions, module
from library_proofs.solver import prove
from library_proofs.terms import WORD, Term, both, choice, equal, implies, negated, number, same_truth, unknown
from library_proofs.translator import translate

SUPPLY, BALANCE = "share_token.totalSupply", "share_token.balanceOf"
AMOUNT, ANYBODY = unknown("amount"), unknown("anybody")
SENDER, RECEIVER, OWNER = unknown("sender"), unknown("receiver"), unknown("owner")


def _changes(sources: Sources, name: str, giver: Term | None, taker: Term | None, supply: Term) -> None:
    """Anybody's balance changes as it should, the supply by so much; it reverts only where that cannot be done."""
    read = translate(functions(module(sources, "contracts/share_token.vy"))[name])
    (total, total_after), (before, after) = read.after(SUPPLY), read.after(BALANCE, ANYBODY)
    accounts = {ANYBODY: before, **{one: read.after(BALANCE, one)[0] for one in (giver, taker) if one is not None}}
    facts = (*read.facts, *_sum(total, accounts))
    gone = choice(equal(ANYBODY, giver), AMOUNT, number(0)) if giver is not None else number(0)
    come = choice(equal(ANYBODY, taker), AMOUNT, number(0)) if taker is not None else number(0)
    prove(f"{name}: balances", (*facts, read.succeeds), equal(after, before - gone + come))
    prove(f"{name}: supply", (*facts, read.succeeds), equal(total_after, total + supply))
    enough = accounts[giver] >= AMOUNT if giver is not None else total + AMOUNT < WORD
    somebody = negated(equal(taker, 0)) if taker is not None else enough
    prove(f"{name}: reverts only there", facts, same_truth(read.succeeds, both(enough, somebody)))


def _sum(total: Term, accounts: dict[Term, Term]) -> tuple[Term, ...]:
    """Two holders have no more than the supply between them, and nobody more than it."""
    words = tuple(both(number(0) <= one, one < WORD) for one in (total, *accounts.values()))
    holders = list(accounts.items())
    pairs = tuple(
        implies(negated(equal(one, other)), has + owns <= total) for one, has in holders for other, owns in holders
    )
    return (*words, *(has <= total for has in accounts.values()), *pairs)


def transfers(sources: Sources) -> None:
    """`_transfer` moves the amount from sender to receiver, also where they are one, and nothing else."""
    _changes(sources, "_transfer", SENDER, RECEIVER, number(0))


def mints(sources: Sources) -> None:
    """`_mint` adds the amount to the receiver and to the supply, and reverts where that is no word."""
    _changes(sources, "_mint", None, RECEIVER, AMOUNT)


def burns(sources: Sources) -> None:
    """`_burn` takes the amount from the owner and from the supply, and reverts where the owner has less."""
    _changes(sources, "_burn", OWNER, None, number(0) - AMOUNT)


def allowances(sources: Sources) -> None:
    """`_spend_allowance` takes the amount from the allowance, unless that is without limit; others stay."""
    read = translate(functions(module(sources, "contracts/share_token.vy"))["_spend_allowance"])
    owner, spender = unknown("someone"), unknown("else")
    before, after = read.after("share_token.allowance", owner, spender)
    allowed, _ = read.after("share_token.allowance", OWNER, unknown("spender"))
    spent = both(equal(owner, OWNER), equal(spender, unknown("spender")), negated(equal(allowed, WORD - 1)))
    facts = (*read.facts, read.succeeds)
    prove("_spend_allowance: amounts", facts, equal(after, before - choice(spent, AMOUNT, number(0))))
    prove("_spend_allowance: reverts only there", read.facts, same_truth(read.succeeds, allowed >= AMOUNT))


THEOREMS = {one.__name__: one for one in (transfers, mints, burns, allowances)}
