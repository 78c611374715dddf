"""Random choices with names: mostly at one of the ends, and most of them can be kept while a few are drawn again."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from msgspec import Struct, field


class Choices(Struct):
    """Choices by name, drawn when they are first asked for."""

    chance: Random
    made: dict[str, Fraction] = field(default_factory=dict)

    def share(self, name: str) -> Fraction:
        if name not in self.made:
            inside = Fraction(self.chance.randrange(10**6), 10**6)
            self.made[name] = self.chance.choice([Fraction(0), Fraction(1), inside])
        return self.made[name]

    def between(self, name: str, low: Fraction, high: Fraction) -> Fraction:
        return low + (high - low) * self.share(name)

    def whole(self, name: str, low: int, high: int) -> int:
        return round(self.between(name, Fraction(low), Fraction(high)))

    def changed(self) -> Choices:
        """The same but for a few."""
        names = list(self.made)
        gone = set(self.chance.sample(names, min(len(names), self.chance.randint(1, 3))))
        return Choices(self.chance, {name: made for name, made in self.made.items() if name not in gone})
