# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title What the translator knows, each construct once
@dev Internal functions are translated; the external ones of the same names let a chain run them.
"""

struct Pair:
    left: uint256
    right: uint256

LIMIT: constant(uint256) = 10**6

total: uint256
entries: HashMap[uint256, uint256]


@internal
@pure
def _checked(a: uint256, b: uint256, c: uint256) -> uint256:
    return (a + b) * c - a // c + b % c


@internal
@pure
def _unchecked(a: uint256, b: uint256, c: uint256) -> uint256:
    difference: uint256 = unsafe_sub(unsafe_add(a, b), unsafe_mul(b, c))
    return unsafe_sub(difference, unsafe_div(a, c))


@internal
@pure
def _folded(a: uint256, b: uint256, c: uint256) -> uint256:
    return uint256_mulmod(a, b, c)


@internal
@pure
def _words(a: uint256, b: uint256, c: uint256) -> uint256:
    return ((a & b) | c) ^ 2 ** 255


@internal
@pure
def _chosen(a: uint256, b: uint256, c: uint256) -> uint256:
    return a - b if a > b and c != 0 else min(b - a, max(c, LIMIT)) if not a == c or b <= c else a // b


@internal
@pure
def _lazy(a: uint256, b: uint256, c: uint256) -> uint256:
    return convert(b != 0 and a // b >= c, uint256) + convert(c == 0 or a % c < b, uint256)


@internal
@pure
def _branches(a: uint256, b: uint256, c: uint256) -> uint256:
    sum: uint256 = a
    if a < b:
        if b < c:
            return c
        sum += b
    elif b > c:
        sum -= c
    else:
        assert a != 7, "seven"
        sum = 2 * b
    for turn: uint256 in range(3):
        sum += turn
        if sum > c:
            sum -= 1
    return sum


@internal
@pure
def _pairs(a: uint256, b: uint256, c: uint256) -> uint256:
    pair: Pair = self._swapped(empty(Pair), a, b)
    other: Pair = pair
    other.left = c
    if c > a:
        other = pair
    return unsafe_sub(pair.left, other.left) + pair.right


@internal
@pure
def _swapped(given: Pair, left: uint256, right: uint256) -> Pair:
    pair: Pair = given
    pair.left += right
    pair.right = left
    return pair


@internal
@pure
def _guarded(a: uint256, b: uint256, c: uint256) -> uint256:
    self._small(a, b)
    return unsafe_add(a, c)


@internal
@pure
def _small(a: uint256, b: uint256):
    if a > b:
        if b == 0:
            return
        assert a < LIMIT, "too large"
    elif a == b:
        return
    assert b < 10, "too large as well"


@internal
def _kept(a: uint256, b: uint256, c: uint256) -> uint256:
    self.total = a
    self.entries[b] = c
    if a > b:
        self.entries[a] += self.entries[b]
    elif c > 5:
        self.entries[c] = self.total
    self.total = unsafe_add(self.total, self.entries[c])
    return unsafe_add(self.entries[a], self.total)


@external
@pure
def checked(a: uint256, b: uint256, c: uint256) -> uint256:
    return self._checked(a, b, c)


@external
@pure
def unchecked(a: uint256, b: uint256, c: uint256) -> uint256:
    return self._unchecked(a, b, c)


@external
@pure
def folded(a: uint256, b: uint256, c: uint256) -> uint256:
    return self._folded(a, b, c)


@external
@pure
def words(a: uint256, b: uint256, c: uint256) -> uint256:
    return self._words(a, b, c)


@external
@pure
def chosen(a: uint256, b: uint256, c: uint256) -> uint256:
    return self._chosen(a, b, c)


@external
@pure
def lazy(a: uint256, b: uint256, c: uint256) -> uint256:
    return self._lazy(a, b, c)


@external
@pure
def branches(a: uint256, b: uint256, c: uint256) -> uint256:
    return self._branches(a, b, c)


@external
@pure
def guarded(a: uint256, b: uint256, c: uint256) -> uint256:
    return self._guarded(a, b, c)


@external
def kept(a: uint256, b: uint256, c: uint256) -> uint256:
    return self._kept(a, b, c)


@external
@pure
def pairs(a: uint256, b: uint256, c: uint256) -> uint256:
    return self._pairs(a, b, c)
