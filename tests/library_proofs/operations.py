"""What Vyper's operators and built-in functions on uint256 mean, each with what must hold or it reverts.

`None` for what is not known. The remarks name the compiler's own rendering (0.4.3), which this takes at its word.
"""

from __future__ import annotations

from vyper import ast as vy

from library_proofs.terms import TRUE, WORD, Term, bits, choice, equal, least, negated, number

Result = tuple[Term, Term, str]
"""A value, what must hold or the operation reverts, and why it does."""


def operator(op: type, left: Term, right: Term) -> Result | None:
    """A checked operator on two words (`safe_add` and so on)."""
    match op:
        case vy.Add:
            return left + right, left + right < WORD, "overflows"
        case vy.Sub:
            return left - right, right <= left, "underflows"
        case vy.Mult:
            return left * right, left * right < WORD, "overflows"
        case vy.FloorDiv:
            return left // right, number(0) < right, "divides by zero"
        case vy.Mod:
            return left % right, number(0) < right, "divides by zero"
        case vy.Pow if left.op == right.op == "number":
            power = number(left.leaf**right.leaf)  # type: ignore[operator]
            return power, power < WORD, "overflows"
        case vy.BitAnd:
            return bits("bit_and", left, right), TRUE, ""
        case vy.BitOr:
            return bits("bit_or", left, right), TRUE, ""
        case vy.BitXor if _is_one_bit(right):
            # The bit is added where it is not set, else taken away.
            return left + right * (number(1) - 2 * ((left // right) % 2)), TRUE, ""
        case _:
            return None


def comparison(op: type, left: Term, right: Term) -> Term | None:
    match op:
        case vy.Eq:
            return equal(left, right)
        case vy.NotEq:
            return negated(equal(left, right))
        case vy.Lt:
            return left < right
        case vy.LtE:
            return left <= right
        case vy.Gt:
            return left > right
        case vy.GtE:
            return left >= right
        case _:
            return None


def builtin(name: str, arguments: tuple[Term, ...]) -> Result | None:
    """A built-in function of words."""
    match name, arguments:
        case "unsafe_add", (left, right):
            return (left + right) % WORD, TRUE, ""
        case "unsafe_sub", (left, right):
            return (left - right) % WORD, TRUE, ""
        case "unsafe_mul", (left, right):
            return (left * right) % WORD, TRUE, ""
        case "unsafe_div", (left, right):
            # The EVM's DIV gives zero for a divisor of zero, as `//` of terms does.
            return left // right, TRUE, ""
        case "uint256_mulmod", (left, right, modulus):
            return (left * right) % modulus, number(0) < modulus, "has a modulus of zero"
        case "min", (left, right):
            return least(left, right), TRUE, ""
        case "max", (left, right):
            return choice(left < right, right, left), TRUE, ""
        case _:
            return None


def _is_one_bit(given: Term) -> bool:
    value = given.leaf
    return isinstance(value, int) and 0 < value < WORD and value & (value - 1) == 0
