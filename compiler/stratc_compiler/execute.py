"""Symbolic execution of plans over real frames: what each step needs, and the state it leaves.

A step that moves nothing is skipped by the contract; here it is the step with amount zero, whose result is among
those admitted. Venue operations leave a position within the venue's own rounding of the exact amount.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from stratc_compiler.environment import MOST_GAIN
from stratc_compiler.expr import Add, Cmp, Expr, Formula, Mul, Or, Rel, Sub, number
from stratc_compiler.perp_execution import cover, sell_short
from stratc_compiler.range_deltas import part_after
from stratc_compiler.range_gammas import curve_after
from stratc_compiler.relax import DUST, ZERO, Frame, NotLinear
from stratc_compiler.vault import (
    Enter,
    FlashLoan,
    Held,
    Leave,
    Let,
    Plan,
    Provide,
    Swap,
    Trade,
    Vault,
    VenueModel,
    Withdraw,
)

FEES = "fees"
"""What a withdrawal from a range brings beside what was asked for, as a variable of the proofs is called."""

Need = Callable[[str, str, Formula, Frame], None]
"""Called with (short id, words, what must hold, the frame it must hold in)."""


def run_plan(plan: Plan, frame: Frame, need: Need, within: str = "") -> Frame:
    """The frame after the plan; reports through `need` what every step requires in order not to revert.

    Steps are told by their place, behind that of the loan they are `within`.
    """
    for place, item in enumerate(plan, start=1):
        step = f"{within}{place}"
        match item:
            case Let(name, expr):
                frame.bind(name.name, frame.expr(expr))
            case Enter(held, amount):
                frame = _enter(held, _amount(frame, amount), frame, need, step)
            case Leave(held, amount):
                frame = _leave(held, _amount(frame, amount), frame, need, step)
            case Swap():
                frame = _swap(item, frame, need, step)
            case FlashLoan():
                frame = _borrow(item, frame, need, step)
            case Provide():
                frame = _provide(item, frame, need, step)
            case Withdraw():
                frame = _withdraw(item, frame, need, step)
            case Trade():
                frame = (cover if item.covers else sell_short)(item, frame, need, step)
    return frame


def _amount(frame: Frame, expr: Expr) -> Expr:
    return frame.named("amount", frame.expr(expr))


def _idle(token: str) -> str:
    return f"idle({token})"


def _enter(held: Held, amount: Expr, frame: Frame, need: Need, step: str) -> Frame:
    idle = frame.state[_idle(held.token)]
    room = frame.state.get(held.room.name)
    if room is not None:
        need(f"room/{step}", f"{held.venue} has room for more {held.name}", _covers(room, amount), frame)
        frame = frame.moved({held.room.name: frame.named(held.room.name, Sub(room, amount))})
    if held.debt:
        after = _moved(frame, held, Add(frame.state[held.name], amount), Add(idle, amount))
        venue = _venue(frame.vault, held)
        if venue.after_borrow is not None:
            allowed = Or((Cmp(amount, Rel.LE, ZERO), after.formula(venue.after_borrow)))
            need(f"borrow/{step}", f"{held.name} may be borrowed at the venue's loan-to-value", allowed, after)
        return after
    need(f"funds/{step}", f"there is enough idle {held.token} to enter {held.name}", _covers(idle, amount), frame)
    after = _moved(frame, held, Add(frame.state[held.name], amount), Sub(idle, amount))
    if held.position.kind == "margin":
        # All of it is realized.
        realized = frame.named(held.liquidity.name, Add(frame.state[held.liquidity.name], amount))
        after = after.moved({held.liquidity.name: realized})
    return after


def _leave(held: Held, amount: Expr, frame: Frame, need: Need, step: str) -> Frame:
    idle = frame.state[_idle(held.token)]
    position = frame.state[held.name]
    if held.debt:
        need(f"funds/{step}", f"there is enough idle {held.token} to repay {held.name}", _covers(idle, amount), frame)
        need(f"owes/{step}", f"{held.name} is no less than what is repaid", _covers(position, amount), frame)
        after = _moved(frame, held, Sub(position, amount), Sub(idle, amount))
        # Every lending venue clears a debt that is repaid in full, whatever its rounding.
        cleared = Or((Cmp(amount, Rel.LT, position), Cmp(after.state[held.name], Rel.LE, ZERO)))
        frame.trace.learn("rounding", cleared)
        return after
    liquidity = frame.state[held.liquidity.name]
    need(f"holds/{step}", f"{held.name} holds what is withdrawn", _covers(position, amount), frame)
    need(f"liquid/{step}", f"{held.name} can pay out what is withdrawn", _covers(liquidity, amount), frame)
    after = _moved(frame, held, Sub(position, amount), Add(idle, amount), Sub(liquidity, amount))
    venue = _venue(frame.vault, held)
    if venue.after_withdraw is not None:
        allowed = Or((Cmp(amount, Rel.LE, ZERO), after.formula(venue.after_withdraw)))
        need(f"withdraw/{step}", f"{venue.name} lets {held.name} go while there is debt", allowed, after)
    return after


def _covers(have: Expr, amount: Expr) -> Formula:
    return Cmp(have, Rel.GE, amount)


def _venue(vault: Vault, held: Held) -> VenueModel:
    if held.venue is None:
        raise NotLinear(f"{held.name} is at no venue")
    return vault.venue(held.venue)


def _moved(frame: Frame, held: Held, position: Expr, idle: Expr, liquidity: Expr | None = None) -> Frame:
    """New state: idle exact, the position within its venue's rounding, never negative."""
    slack = Mul(number(held.rounding), DUST)
    left = frame.trace.fresh(held.name)
    frame.trace.learn(
        "rounding",
        Cmp(left, Rel.GE, Sub(position, slack)),
        Cmp(left, Rel.LE, Add(position, slack)),
        Cmp(left, Rel.GE, ZERO),
    )
    changes: dict[str, Expr] = {held.name: left, _idle(held.token): frame.named(_idle(held.token), idle)}
    if liquidity is not None:
        changes[held.liquidity.name] = frame.named(held.liquidity.name, liquidity)
    return frame.moved(changes)


def _swap(item: Swap, frame: Frame, need: Need, step: str) -> Frame:
    """What comes back is at least the contract's minimum and at most as much better than the oracle as worse.

    That the minimum is no more than the stated slippage leaves has to be shown: else a swap would revert in the assumed
    world, and one that always reverts would prove all that comes after it.
    """
    amount = _amount(frame, item.amount)
    sold, bought = frame.state[_idle(item.sold)], frame.state[_idle(item.bought)]
    minimum = frame.expr(item.minimum)
    least = Mul(number(Fraction(1) - item.swap.slippage), amount)
    most = Add(Mul(number(Fraction(1) + item.swap.slippage), amount), DUST)
    need(f"funds/{step}", f"there is enough idle {item.sold} to sell for {item.bought}", _covers(sold, amount), frame)
    asked = f"{item.swap.name} pays as much {item.bought} as is asked for"
    need(f"asks/{step}", asked, _covers(least, minimum), frame)
    received = frame.trace.fresh(item.received.name)
    frame.trace.learn(
        f"slippage({item.swap.name})",
        Cmp(received, Rel.GE, minimum),
        Cmp(received, Rel.LE, most),
        Cmp(received, Rel.GE, ZERO),
    )
    after = frame.moved(
        {
            _idle(item.sold): frame.named(_idle(item.sold), Sub(sold, amount)),
            _idle(item.bought): frame.named(_idle(item.bought), Add(bought, received)),
        }
    )
    after.known[item.received.name] = received
    return after


def _borrow(loan: FlashLoan, frame: Frame, need: Need, step: str) -> Frame:
    """What is given back is at least the loan, and at most what is `due`: beyond that the contract reverts.

    Until it is given back, the lender has so much less to lend against collateral.
    """
    idle = _idle(loan.token)
    amount, due = frame.expr(loan.amount), frame.expr(loan.due)
    lent = frame.moved({idle: frame.named(idle, Add(frame.state[idle], amount))})
    rooms = [held.room.name for held in frame.vault.lent_beside(loan) if held.room.name in frame.state]
    less = {name: frame.monus(frame.state[name], amount) for name in rooms}
    after = run_plan(loan.within, lent.moved(less), need, f"{step}.")
    words = f"there is enough idle {loan.token} to give the flash loan back"
    need(f"returns/{step}", words, _covers(after.state[idle], due), after)
    owed = after.trace.fresh("owed")
    after.trace.learn(f"flash({loan.lender})", Cmp(owed, Rel.GE, amount), Cmp(owed, Rel.LE, due))
    changes: dict[str, Expr] = {idle: after.named(idle, Sub(after.state[idle], owed))}
    for name in rooms:
        taken = Sub(less[name], after.state[name])
        changes[name] = after.named(name, Sub(frame.state[name], taken))
    return after.moved(changes)


def _provide(item: Provide, frame: Frame, need: Need, step: str) -> Frame:
    """The position is worth at least the contract's minimum more, at most what was taken, and little less (`lost`)."""
    held, of = item.held, item.held.range
    assert of is not None
    token, base = _amount(frame, item.token), _amount(frame, item.base)
    idle = {one: frame.state[_idle(one)] for one in (of.token, of.base)}
    for one, amount in ((of.token, token), (of.base, base)):
        need(
            f"funds/{step}/{one}", f"there is enough idle {one} to enter {held.name}", _covers(idle[one], amount), frame
        )
    minimum, given = frame.expr(item.minimum), Add(token, base)
    asked = f"{held.name} takes as much as is asked for"
    need(f"asks/{step}", asked, _covers(Mul(number(1 - of.entering), given), minimum), frame)
    took = {of.token: frame.trace.fresh("took"), of.base: frame.trace.fresh("took")}
    added, slack = frame.trace.fresh("added"), Mul(number(held.rounding), DUST)
    for one, amount in ((of.token, token), (of.base, base)):
        frame.trace.learn("definition", Cmp(took[one], Rel.GE, ZERO), Cmp(took[one], Rel.LE, amount))
    taken = Add(took[of.token], took[of.base])
    frame.trace.learn(f"adds({held.venue})", Cmp(added, Rel.GE, minimum))
    frame.trace.learn(
        f"spot({held.venue})",
        Cmp(added, Rel.GE, Sub(Mul(number(1 - of.lost), taken), slack)),
        Cmp(added, Rel.LE, Add(taken, slack)),
        Cmp(added, Rel.GE, ZERO),
    )
    worth = frame.named(held.name, Add(frame.state[held.name], added))
    after = frame.moved(
        {
            held.name: worth,
            **part_after(held, frame, worth, more=True),
            **curve_after(held, frame, worth, more=True),
            **{_idle(one): frame.named(_idle(one), Sub(idle[one], took[one])) for one in took},
        }
    )
    after.known |= {item.took_token.name: took[of.token], item.took_base.name: took[of.base]}
    return after


def _withdraw(item: Withdraw, frame: Frame, need: Need, step: str) -> Frame:
    """What comes is worth at least what it was and the fees, in any proportion; at most little more (`lost`), where
    it is checked that the pool is near its oracle."""
    held, of = item.held, item.held.range
    assert of is not None
    worth, position = _amount(frame, item.worth), frame.state[held.name]
    need(f"holds/{step}", f"{held.name} holds what is withdrawn", _covers(position, worth), frame)
    rounds = Mul(number(held.rounding), DUST)
    left, token, base, fees = (frame.trace.fresh(stem) for stem in (held.name, "came", "came", FEES))
    frame.trace.learn(
        "rounding",
        Cmp(left, Rel.GE, Sub(Sub(position, worth), rounds)),
        Cmp(left, Rel.LE, Add(Sub(position, worth), rounds)),
        Cmp(left, Rel.GE, ZERO),
    )
    frame.trace.learn("definition", Cmp(token, Rel.GE, ZERO), Cmp(base, Rel.GE, ZERO))
    frame.trace.learn(
        f"fees({held.venue})", Cmp(fees, Rel.GE, ZERO), Cmp(fees, Rel.LE, Mul(number(MOST_GAIN), position))
    )
    frame.trace.learn("rounding", Cmp(Add(token, base), Rel.GE, Sub(Add(worth, fees), rounds)))
    if item.checked:
        most = Add(Mul(number(1 + 2 * of.lost), worth), fees)
        frame.trace.learn(f"spot({held.venue})", Cmp(Add(token, base), Rel.LE, Add(most, rounds)))
    after = frame.moved(
        {
            held.name: left,
            **part_after(held, frame, left, more=False),
            **curve_after(held, frame, left, more=False),
            _idle(of.token): frame.named(_idle(of.token), Add(frame.state[_idle(of.token)], token)),
            _idle(of.base): frame.named(_idle(of.base), Add(frame.state[_idle(of.base)], base)),
        }
    )
    after.known |= {item.token.name: token, item.base.name: base}
    return after
