"""Theorems of fees: what a charge computes is the model's, it takes no more than it says, and it never reverts.

A charge is read out of the emitted `_due`; S is the supply before it, T total assets, a share's price (T + 1) over
supply and virtual shares, the mark a price times 10^18. All of it from any supply, assets, mark and silence.
"""

from __future__ import annotations

from fractions import Fraction

from library_proofs.accounts import EXITED, REFRESHING, _number
from library_proofs.known import Known
from library_proofs.lemmas import PRODUCTS_KEEP_ORDER
from library_proofs.library import ARITH
from library_proofs.meaning import Effect, Meaning
from library_proofs.model_terms import quantity
from library_proofs.reading import functions, module
from library_proofs.solver import Unproved, prove
from library_proofs.terms import (
    FALSE,
    WORD,
    Term,
    both,
    choice,
    either,
    equal,
    implies,
    negated,
    number,
    same_truth,
    unknown,
)
from library_proofs.translator import translate
from library_proofs.vaults import Subject
from stratc_compiler.fees import ELAPSED, LIMIT, TIME_FEE, YEAR, charge_for_time, mark, mark_due, per_mark
from stratc_compiler.shares import SUPPLY, total_assets, virtual_shares
from stratc_dsl.administration import ManagementFee, PerformanceFee

SHARES, MARK = unknown("share_token.totalSupply"), unknown("fees.high_water_mark")
OVER = unknown("modes.mode") >= EXITED
MINTING = Known(ARITH.contracts, opaque=frozenset({"share_token._mint"}))
LARGEST_MARK = (LIMIT + 1) * 10**18


def _due(subject: Subject) -> Meaning:
    return subject.function("_due")


def _elapsed(subject: Subject) -> Term:
    """Seconds since the last charge, as `fees` tells them."""
    return translate(functions(module(subject.sources, "contracts/fees.vy"))["_elapsed"]).returned


def _known(subject: Subject) -> dict[str, Term]:
    """What a charge starts from, by the model's names."""
    base = subject.vault.base
    return {
        **subject.names("before"),
        SUPPLY.name: SHARES,
        mark(base).name: MARK,
        ELAPSED.name: _elapsed(subject),
    }


def _total(subject: Subject) -> Term:
    return unknown(f"before.{subject.fields[total_assets(subject.vault.base).name]}")


def charge(subject: Subject) -> None:
    """Every step of `_due` is the model's, and so are supply and mark after it; all else of the State stays."""
    if not subject.vault.charge:
        return
    read, names = _due(subject), _known(subject)
    for let in subject.vault.charge:
        found = read.local(let.name.name)
        prove(f"{read.name}: {let.name.name}", read.facts, equal(found, quantity(let.expr, names)))
        names[let.name.name] = found
    after = {variable: _number(read.struct[member]) for variable, member in subject.fields.items()}
    changed = {SUPPLY.name: "supply_due", mark(subject.vault.base).name: mark_due(subject.vault.base).name}
    for variable, found in after.items():
        expected = unknown(f"before.{subject.fields[variable]}")
        if variable in changed:
            expected = choice(OVER, _known(subject)[variable], names[changed[variable]])
        prove(f"{read.name}: {variable}", read.facts, equal(found, expected))


def charged(subject: Subject) -> None:
    """`_charge` mints what the State counts beyond the supply, to the recipient, notes the time and raises the mark;
    `_charge_for_time` mints the model's management fee and leaves the mark. After the exit neither does anything."""
    if not subject.vault.charge:
        return
    state = subject.fields[SUPPLY.name]
    read = subject.function("_charge", MINTING)
    _mints(read, (unknown(f"s.{state}") - SHARES) % WORD)
    _stands(read, "fees.charged_at", unknown("block.timestamp"))
    _stands(read, "fees.high_water_mark", unknown(f"s.{subject.fields[mark(subject.vault.base).name]}"))
    read, names = subject.function("_charge_for_time", MINTING), _known(subject)
    for let in charge_for_time(subject.vault.charge):
        names[let.name.name] = quantity(let.expr, names)
    _mints(read, names[TIME_FEE.name])
    _stands(read, "fees.charged_at", unknown("block.timestamp"))
    if any(effect.function == "fees.high_water_mark =" for effect in read.effects):
        raise Unproved(read.name, "moves the mark")


def _mints(read: Meaning, shares: Term) -> None:
    """It mints so many shares to the recipient, once, where there are any and the vault is not over."""
    (effect,) = _of(read, "share_token._mint")
    receiver, minted = effect.arguments
    assert isinstance(receiver, Term)
    assert isinstance(minted, Term)
    claim = both(
        same_truth(effect.path, both(negated(OVER), negated(equal(shares, 0)))),
        implies(effect.path, both(equal(receiver, unknown("fees.fee_recipient")), equal(minted, shares))),
    )
    prove(f"{read.name}: mints", read.facts, claim)


def _of(read: Meaning, function: str) -> list[Effect]:
    return [effect for effect in read.effects if effect.function == function]


def _stands(read: Meaning, variable: str, value: Term) -> None:
    """What is written there is this; nothing is written after the exit, and else it is, unless it stands there."""
    writes = _of(read, f"{variable} =")
    right, path = [], FALSE
    for effect in writes:
        (written,) = effect.arguments
        assert isinstance(written, Term)
        right.append(implies(effect.path, both(negated(OVER), equal(written, value))))
        path = either(path, effect.path)
    needed = both(negated(OVER), negated(equal(unknown(variable), value)))
    claim = both(*right, implies(needed, path))
    prove(f"{read.name}: {variable}", read.facts, claim)


def accounted(subject: Subject) -> None:
    """What shares are priced at is the State with fees that are due; after the exit it is what is idle, and no fee."""
    if not subject.vault.charge:
        return
    known = Known(REFRESHING.contracts, states={"book._read": "read", "book._due": "due"})
    read = subject.function("_account", known)
    idle, base = subject.fields[f"idle({subject.vault.base})"], subject.vault.base
    after_exit = {SUPPLY.name: SHARES, total_assets(base).name: _number(read.struct[idle])}
    for variable, over in after_exit.items():
        member = subject.fields[variable]
        expected = choice(OVER, over, unknown(f"due.{member}"))
        prove(f"{read.name}: {member}", read.facts, equal(_number(read.struct[member]), expected))


# ── how much ───────────────────────────────────────────────────────────────────────────────


def _keep(left: Term | int, right: Term | int, factor: Term | int) -> Term:
    """left <= right gives left * factor <= right * factor, for a factor that is not negative."""
    return PRODUCTS_KEEP_ORDER.at(a=left, b=right, c=factor)


def _rate(subject: Subject) -> tuple[int, int] | None:
    """The management fee: so many parts a second, of so many."""
    for fee in subject.vault.strategy.fees:
        if isinstance(fee, ManagementFee):
            rate: Fraction = fee.ratio / fee.per
            return rate.numerator, rate.denominator
    return None


def time_fee(subject: Subject) -> None:
    """Of all shares after it the management fee is at most its ratio for the time that has passed, and for a year; more
    time does not mean less; charged in two parts it is no more than at once; beyond the limit it is nothing."""
    if (rate := _rate(subject)) is None:
        return
    (per, whole), read = rate, _due(subject)
    fee, counted, elapsed = read.local("time_fee"), read.local("seconds_counted"), _elapsed(subject)
    times = both(counted >= 0, counted <= elapsed, counted <= YEAR)
    prove("time fee: what is counted", read.facts, times)
    part = per * counted
    least = both(fee >= 0, fee * (whole - part) <= SHARES * part)
    none = _keep(fee, -1, whole - part)
    some = _keep(0, SHARES, part)
    prove("time fee: quotient", (*read.facts, times, SHARES >= 0, none, some), least)
    after = SHARES + fee
    much = _keep(counted, elapsed, after)
    prove("time fee: no more than its ratio", (times, least, SHARES >= 0, much), fee * whole <= per * elapsed * after)
    prove("time fee: beyond the limit", read.facts, implies(SHARES > LIMIT, equal(fee, 0)))
    _more_time(per, whole)
    _in_parts(per, whole)


def _fee(shares: Term, seconds: Term, per: int, whole: int) -> Term:
    """The quotient that `charge` shows the fee to be, of so many shares for so many seconds."""
    return (shares * (per * seconds)) // (whole - per * seconds)


def _more_time(per: int, whole: int) -> None:
    shares, less, more = unknown("shares"), unknown("less"), unknown("more")
    facts = (shares >= 0, less >= 0, less <= more, more <= YEAR)
    one, other = _fee(shares, less, per, whole), _fee(shares, more, per, whole)
    hints = (
        _keep(less, more, shares),
        _keep(less, more, one),
        _keep(one, -1, whole - per * less),
        _keep(0, shares, per * less),
        _keep(other + 1, one, whole - per * more),
    )
    prove("time fee: more time, no less", (*facts, *hints), one <= other)


def _in_parts(per: int, whole: int) -> None:
    """With S', S'' the supply after one part and after both: S'' (w - p') (w - p'') <= S w w, and at once it would be
    more than S w / (w - p' - p'') less one."""
    shares, first, then = unknown("shares"), unknown("first"), unknown("then")
    facts = (shares >= 0, first >= 0, then >= 0, first + then <= YEAR)
    one = _fee(shares, first, per, whole)
    middle = unknown("middle")
    two = _fee(middle, then, per, whole)
    last, at_once = unknown("last"), _fee(shares, first + then, per, whole)
    defined = (equal(middle, shares + one), equal(last, middle + two))
    grown = (_keep(one, -1, whole - per * first), _keep(0, shares, per * first))
    step = both(middle >= shares, middle * (whole - per * first) <= shares * whole)
    prove("time fee: the first part", (*facts, *defined, *grown), step)
    grown = (_keep(two, -1, whole - per * then), _keep(0, middle, per * then))
    again = both(last >= middle, last * (whole - per * then) <= middle * whole)
    prove("time fee: the second part", (*facts, *defined, step, *grown), again)
    product = last * (whole - per * then) * (whole - per * first) <= shares * whole * whole
    both_parts = _keep(last * (whole - per * then), middle * whole, whole - per * first)
    prove("time fee: both parts", (*facts, step, again, both_parts), product)
    together = whole - per * (first + then)
    most = shares + at_once
    enough = (most + 1) * together > shares * whole
    prove("time fee: at once", facts, enough)
    crossed = last * (per * per) * (first * then) >= 0
    prove("time fee: what crosses", (*facts, last >= 0, _keep(0, first, then), _keep(0, first * then, last)), crossed)
    too_much = _keep(most + 1, last, together)
    known = (*facts, shares >= 0, product, enough, crossed, too_much)
    prove("time fee: in parts no more than at once", known, last <= most)


def _gain(subject: Subject) -> Fraction | None:
    return next((fee.ratio for fee in subject.vault.strategy.fees if isinstance(fee, PerformanceFee)), None)


def gain_fee(subject: Subject) -> None:
    """The performance fee charges at most its ratio of what all shares are worth above the mark, nothing without such a
    gain or beyond the limit; what it mints is worth no more than that, and leaves the price at the mark or above."""
    if (ratio := _gain(subject)) is None:
        return
    read, worth = _due(subject), _total(subject) + 1
    before, at_mark, gain, taken, fee = (
        read.local(name)
        for name in ("supply_before_gain_fee", "worth_at_mark", "gain_over_mark", "gain_charged", "gain_fee")
    )
    decimals = subject.vault.strategy.token(subject.vault.base).decimals
    shares, scale = before + virtual_shares(decimals), number(per_mark(decimals).value.numerator)
    in_range = both(SHARES <= LIMIT, worth - 1 <= LIMIT)
    facts = (*read.facts, worth >= 1, before >= 0, MARK >= 0)
    marked = both(at_mark >= 0, implies(in_range, at_mark * scale >= MARK * shares))
    prove("gain fee: worth at the mark", (*facts, _keep(0, MARK, shares), _keep(0, shares, MARK)), marked)
    part = both(
        gain >= 0,
        taken >= 0,
        taken * ratio.denominator <= gain * ratio.numerator,
        taken <= gain,
        either(equal(gain, 0), equal(gain, worth - at_mark)),
        implies(negated(in_range), equal(gain, 0)),
    )
    prove("gain fee: no more than its ratio of the gain", (*facts, marked), part)
    rest = both(taken < worth, implies(taken > 0, both(in_range, (worth - taken) * scale >= MARK * shares)))
    prove("gain fee: what it leaves is worth the mark", (marked, part, worth >= 1), rest)
    known = (*facts, part, rest)
    some = (_keep(0, before, taken), _keep(fee, -1, worth - taken), _keep(1, fee, worth - taken))
    nothing = implies(equal(taken, 0), equal(fee, 0))
    paid = both(fee >= 0, fee * (worth - taken) <= before * taken)
    prove("gain fee: nothing without a gain", (*known, *some), both(paid, nothing))
    prove("gain fee: worth no more than is charged", (paid, part), fee * worth <= taken * (shares + fee))
    # A P < m (W + f) would give A P W < m W (W + f) <= (A - F) (W + f) P <= A W P.
    below = _keep(worth * scale + 1, MARK * (shares + fee), shares)
    left = _keep(MARK * shares, (worth - taken) * scale, shares + fee)
    kept = implies(taken > 0, worth * scale >= MARK * (shares + fee))
    prove("gain fee: the price stays at the mark", (paid, part, rest, before >= 0, below, left), kept)


def mark_rises(subject: Subject) -> None:
    """The mark never falls, is afterwards at the price or above it, and stays below 10^36 first prices and one."""
    if _gain(subject) is None:
        return
    read, worth = _due(subject), _total(subject) + 1
    decimals = subject.vault.strategy.token(subject.vault.base).decimals
    supply, reached, rises = (read.local(one) for one in ("supply_due", "price_reached", "high_water_mark_due"))
    virtual, scale = virtual_shares(decimals), number(per_mark(decimals).value.numerator)
    facts = (*read.facts, worth >= 1, supply >= 0)
    prove("mark: never falls", facts, both(rises >= MARK, rises >= reached))
    price = reached * (supply + virtual)
    prove("mark: the price", facts, implies(worth <= LIMIT + 1, price >= worth * scale))
    over = _keep(reached, rises, supply + virtual)
    claim = implies(worth <= LIMIT + 1, rises * (supply + virtual) >= worth * scale)
    known = (rises >= reached, supply >= 0, implies(worth <= LIMIT + 1, price >= worth * scale))
    prove("mark: at the price or above", (*known, over), claim)
    large = _keep(LARGEST_MARK + 1, reached, supply + virtual)
    huge = _keep(virtual, supply + virtual, LARGEST_MARK)
    most = implies(MARK <= LARGEST_MARK, rises <= LARGEST_MARK)
    prove("mark: has an end", (*facts, large, huge), most)


def no_charge_reverts(subject: Subject) -> None:
    """From supply and total assets below 2^255 and a mark that a charge can leave, no step of the next one reverts."""
    if (rate := _rate(subject)) is None or _gain(subject) is None:
        return
    (per, whole), read, total = rate, _due(subject), _total(subject)
    counted, fee, before, taken, minted, due = (
        read.local(name)
        for name in ("seconds_counted", "time_fee", "supply_before_gain_fee", "gain_charged", "gain_fee", "supply_due")
    )
    start = (SHARES >= 0, SHARES < 2**255, total >= 0, total < 2**255, MARK >= 0, MARK <= LARGEST_MARK)
    facts: tuple[Term, ...] = (*read.facts, *start, counted >= 0, counted <= YEAR)
    charged, part = choice(SHARES <= LIMIT, SHARES, number(0)), per * counted
    double = (_keep(fee, -1, whole - part), _keep(charged + 1, fee, whole - part), _keep(part, whole - part, charged))
    ends = [both(fee >= 0, fee <= charged)]
    prove("charge: the time fee doubles the supply at most", (*facts, *double), ends[0])
    grown = both(before >= 0, before <= SHARES + LIMIT, implies(SHARES <= LIMIT, before <= 2 * LIMIT))
    prove("charge: the supply then", (*facts, *ends), grown)
    some = both(taken >= 0, taken <= total, either(equal(taken, 0), both(SHARES <= LIMIT, total <= LIMIT)))
    virtual = virtual_shares(subject.vault.strategy.token(subject.vault.base).decimals)
    marked = _keep(0, MARK, before + virtual)
    prove("charge: what is charged", (*facts, grown, marked), some)
    rest = total + 1 - taken
    small = (_keep(before, 2 * LIMIT, taken), _keep(0, before, taken), _keep(minted, -1, rest), _keep(1, rest, minted))
    most = both(minted >= 0, minted <= 2 * LIMIT * LIMIT, implies(equal(taken, 0), equal(minted, 0)))
    prove("charge: the gain fee", (*facts, grown, some, *small), most)
    after = both(due >= 0, due < 2**255 + 2**250)
    prove("charge: the supply after", (*facts, grown, some, most), after)
    known = (*facts, *ends, grown, some, most, after)
    hints = (
        *small,
        *double,
        _keep(MARK, LARGEST_MARK, before + virtual),
        marked,
        _keep(charged, LIMIT, part),
        _keep(0, charged, part),
        _keep(1, due + virtual, unknown("price_reached")),
    )
    for check in read.checks:
        prove(f"charge: {check.why}", (*known, *hints), implies(check.path, check.holds))


THEOREMS = {
    one.__name__: one for one in (charge, charged, accounted, time_fee, gain_fee, mark_rises, no_charge_reverts)
}
