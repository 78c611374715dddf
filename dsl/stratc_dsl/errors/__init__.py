"""Every error of the language, one frozen class each. `ERRORS` is the complete list."""

from __future__ import annotations

from stratc_dsl.errors.base import LanguageError
from stratc_dsl.errors.dimensions import (
    DifferentDimensions,
    DivisionByZero,
    NoProduct,
    NotConstant,
    OutOfRange,
    ReversedRange,
    TooManyDigits,
    WrongDimension,
    WrongRelation,
)
from stratc_dsl.errors.meaning import (
    FloorBelowTargets,
    LtvAboveThreshold,
    MissingAssumption,
    MissingPart,
    NoSwapVenue,
    NothingThere,
    NotInExit,
    NotSupported,
    RiskNotStated,
    SumNotWhole,
    TargetOutsideLimits,
    WrongSign,
)
from stratc_dsl.errors.names import (
    DuplicateName,
    MissingArgument,
    NoSuchPosition,
    ReservedName,
    UnknownArgument,
    UnknownName,
    WrongKind,
)
from stratc_dsl.errors.text import (
    BeyondLimit,
    NoStrategy,
    NotClosed,
    NotOpened,
    TooLarge,
    TooManyErrors,
    Unexpected,
    UnexpectedCharacter,
    UnterminatedText,
)

ERRORS: tuple[type[LanguageError], ...] = (
    NoStrategy,
    TooLarge,
    TooManyErrors,
    BeyondLimit,
    Unexpected,
    UnexpectedCharacter,
    NotClosed,
    NotOpened,
    UnterminatedText,
    UnknownName,
    DuplicateName,
    ReservedName,
    UnknownArgument,
    MissingArgument,
    WrongKind,
    NoSuchPosition,
    DifferentDimensions,
    NoProduct,
    WrongDimension,
    NotConstant,
    DivisionByZero,
    TooManyDigits,
    OutOfRange,
    ReversedRange,
    WrongRelation,
    MissingPart,
    LtvAboveThreshold,
    RiskNotStated,
    MissingAssumption,
    SumNotWhole,
    TargetOutsideLimits,
    FloorBelowTargets,
    WrongSign,
    NoSwapVenue,
    NotInExit,
    NothingThere,
    NotSupported,
)


__all__ = [
    "ERRORS",
    "BeyondLimit",
    "DifferentDimensions",
    "DivisionByZero",
    "DuplicateName",
    "FloorBelowTargets",
    "LanguageError",
    "LtvAboveThreshold",
    "MissingArgument",
    "MissingAssumption",
    "MissingPart",
    "NoProduct",
    "NoStrategy",
    "NoSuchPosition",
    "NoSwapVenue",
    "NotClosed",
    "NotConstant",
    "NotInExit",
    "NotOpened",
    "NotSupported",
    "NothingThere",
    "OutOfRange",
    "ReservedName",
    "ReversedRange",
    "RiskNotStated",
    "SumNotWhole",
    "TargetOutsideLimits",
    "TooLarge",
    "TooManyDigits",
    "TooManyErrors",
    "Unexpected",
    "UnexpectedCharacter",
    "UnknownArgument",
    "UnknownName",
    "UnterminatedText",
    "WrongDimension",
    "WrongKind",
    "WrongRelation",
    "WrongSign",
    "explain",
]


def explain(code: str) -> str | None:
    """What the error of that code means, with an example and its cure; None for an unknown code."""
    for error in ERRORS:
        if error.code == code.upper():
            return f"{error.code}\n\n{error.explanation}"
    return None
