"""An alarm for every watched assumption: what to measure, between which edges, and which claims fall with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import PurePath
from typing import Any

from stratc_compiler.assumptions import Stakes, is_inherited, stakes
from stratc_compiler.environment import MOST_GAIN, most_growth, period_of
from stratc_compiler.holding import begun_within
from stratc_compiler.rooms import ample
from stratc_compiler.vault import SCALE, Held, Vault
from stratc_compiler.verdict import GuardedAssumption, Guardian, Verification
from stratc_dsl.span import Source
from stratc_dsl.strategy import (
    ChainlinkPrice,
    FixedPrice,
    FundingBetween,
    KeeperEvery,
    LiquidityAtLeast,
    LossAtMost,
    OracleOffBy,
    PairMoves,
    PairStays,
    PriceMoves,
    PriceStays,
    RateAtMost,
    RatioPrice,
    RoomAtLeast,
    Token,
    Venue,
)
from stratc_targets.keeper.decimals import decimal_text
from stratc_targets.keeper.watchlist import (
    THE_VAULT,
    USD_SCALE,
    PositionRead,
    Readings,
    RoundsRead,
    TokenRead,
    VenueReadings,
    View,
)
from stratc_targets.venues.aave_v3.watch import watch as aave_v3
from stratc_targets.venues.emitter import VenueText
from stratc_targets.venues.erc4626.watch import watch as erc4626
from stratc_targets.venues.morpho_blue.watch import watch as morpho_blue
from stratc_targets.venues.perp_v2.watch import watch as perp_v2
from stratc_targets.venues.uniswap_v3.watch import watch as uniswap_v3
from stratc_targets.venues.uniswap_v3_lp.watch import watch as uniswap_v3_lp
from stratc_targets.vyper.symbols import Symbols, symbols_of

WATCHES: dict[str, Callable[[Venue, tuple[Held, ...], VenueText, Mapping[str, str]], VenueReadings]] = {
    "aave_v3": aave_v3,
    "erc4626": erc4626,
    "morpho_blue": morpho_blue,
    "perp_v2": perp_v2,
    "uniswap_v3": uniswap_v3,
    "uniswap_v3_lp": uniswap_v3_lp,
}
"""What each adapter's `watch.py` says, by adapter name."""


# ── what is assumed ────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a vault's proofs rest on, of a verification or of a certificate that was accepted."""

    vault: Vault
    source: Source
    assumptions: tuple[GuardedAssumption, ...]
    stakes: Stakes


def grounds_of(verification: Verification) -> Grounds:
    return Grounds(verification.vault, verification.source, verification.assumptions, stakes(verification))


def alarms(grounds: Grounds, period: int) -> list[dict[str, Any]]:
    """One alarm, as it stands in keeper.json, for each assumption that the keeper has to watch."""
    watched = [
        one
        for one in grounds.assumptions
        if one.guardian is Guardian.WATCHED and not is_inherited(one.id)  # an inner vault has a keeper of its own
    ]
    return [_alarm(one, grounds, period) for one in watched]


def _alarm(guarded: GuardedAssumption, grounds: Grounds, period: int) -> dict[str, Any]:
    return {
        "id": guarded.id,
        "text": guarded.text,
        **_place(guarded, grounds.source),
        "how": guarded.how,
        "measure": _written(guarded, grounds.vault, period) or _implied(guarded, grounds.vault, period),
        "claims": [claim for claim, used in grounds.stakes.items() if guarded.id in used],
    }


def _place(guarded: GuardedAssumption, source: Source) -> dict[str, Any]:
    """The line, and the file where that is not the main one: assumptions may be shared."""
    if not guarded.written:
        return {"line": None}
    file, start = source.file_at(guarded.span.start)
    elsewhere = {"file": PurePath(file.name).name} if start != guarded.span.start else {}
    return {"line": file.line_and_column(start)[0]} | elsewhere


def _written(guarded: GuardedAssumption, vault: Vault, period: int) -> dict[str, Any] | None:
    """The measure of an assumption that is written in the strategy, None for others."""
    # The span is what an assumption of the strategy and its guarded form have in common.
    for assumption in vault.strategy.assumptions if guarded.written else ():
        if assumption.span == guarded.span:
            match assumption:
                case KeeperEvery(every):
                    return _edges("keeper_interval_seconds", THE_VAULT, None, Fraction(every), None)
                case PriceMoves(token, low, high):
                    return _edges("price_move", token, low, high, period)
                case PriceStays(token, low, high):
                    return _edges("price_usd", token, low, high, None)
                case PairMoves(token, other, low, high):
                    return _edges("price_move", f"{token}/{other}", low, high, period)
                case PairStays(token, other, low, high):
                    return _edges("price_ratio", f"{token}/{other}", low, high, None)
                case RateAtMost(position, ratio, per):
                    return _edges("debt_rate", str(position), None, ratio, per)
                case FundingBetween(venue):
                    return _edges("funding", venue, *_pending(assumption, period), period)
                case LossAtMost(venue, ratio):
                    return _edges("loss", venue, None, ratio, period)
                case LiquidityAtLeast(venue, ratio):
                    return _edges("liquidity", venue, ratio, None, None)
                case RoomAtLeast(venue, ratio):
                    return _edges("room", venue, ratio, None, None)
                case OracleOffBy(token, ratio):
                    return _edges("oracle_difference", token, None, ratio, None)
                case _:
                    pass
    return None


def _implied(guarded: GuardedAssumption, vault: Vault, period: int) -> dict[str, Any]:
    """The measure of an implied assumption. Raises ValueError where nothing says how to measure it."""
    kind, _, rest = guarded.id.partition("(")
    subject = rest.removesuffix(")")
    match kind:
        case "gain":
            growth = most_growth(vault, subject)
            return _edges("gain", subject, None, None if growth is None else growth - 1, period)
        case "scale":
            return _edges("scale", THE_VAULT, Fraction(SCALE), None, None)
        case "oracle":
            marked = next(
                (venue.perp.off for venue in vault.perps if venue.perp and venue.name == subject), Fraction(0)
            )
            return _edges("oracle_difference", subject, None, marked, None)
        case "settles":
            return next(_edges("funding", subject, *_pending(one, period), period) for one in _fundings(vault, subject))
        case "fees":
            return _edges("waiting_fees", subject, None, MOST_GAIN, None)
        case "rounds":
            return _edges("rounds_begun", subject, None, Fraction(1), None)
        case "parameters":
            return _edges("parameter_difference", subject, None, Fraction(0), None)
        case "room":
            return _edges("room", subject, ample(vault.strategy.venue(subject), vault.strategy), None, None)
        case "flash":
            return _edges("flash_loan", subject, Fraction(1), None, None)
        case _:
            raise ValueError(f"nothing says how the keeper measures {guarded.id}")


def _fundings(vault: Vault, venue: str) -> list[FundingBetween]:
    return [one for one in vault.strategy.assumptions if isinstance(one, FundingBetween) and one.venue == venue]


def _pending(written: FundingBetween, period: int) -> tuple[Fraction, Fraction]:
    """Between what shares of a short pending funding is: of no longer than a round, in which somebody settles it."""
    part = Fraction(period, written.per)
    return written.low * part, written.high * part


def _edges(
    quantity: str, subject: str, low: Fraction | None, high: Fraction | None, per_seconds: int | None
) -> dict[str, Any]:
    return {
        "quantity": quantity,
        "subject": subject,
        "low": None if low is None else decimal_text(low),
        "high": None if high is None else decimal_text(high),
        "per_seconds": per_seconds,
    }


# ── what is read ───────────────────────────────────────────────────────────────────────────


def readings(vault: Vault) -> dict[str, Any]:
    """Where the numbers stand that the alarms are computed from, as it stands in keeper.json."""
    symbols = symbols_of(vault)
    venues = [_venue(venue, vault, symbols) for venue in vault.strategy.venues if venue.adapter in WATCHES]
    payable = {name: view for venue in venues for name, view in venue.payable.items()}
    booked = {name: books for venue in venues for name, books in venue.booked.items()}
    tokens = tuple(_token(token, vault, symbols) for token in vault.strategy.tokens)
    # What base the vault holds itself is no position of the environment: gifts of base are deposits without shares.
    held = [one for one in vault.held if one.venue is not None or one.token != vault.base]
    positions = tuple(
        PositionRead(
            one.name,
            one.token,
            one.venue,
            one.debt,
            symbols.fields[one.name],
            payable.get(one.name),
            booked.get(one.name),
        )
        for one in held
    )
    shares = tuple(one for venue in venues for one in venue.shares)
    parameters = tuple(one for venue in venues for one in venue.parameters)
    stated = {one.token for one in vault.strategy.assumptions if isinstance(one, OracleOffBy)}
    oracles = tuple(
        replace(one, subject=one.token if one.token in stated else one.venue)
        for venue in venues
        for one in venue.oracles
    )
    flash_loans = tuple(one for venue in venues for one in venue.flash_loans)
    rooms = tuple(one for venue in venues for one in venue.rooms)
    fundings = tuple(one for venue in venues for one in venue.fundings)
    rings = tuple(symbols.fields[ring.name] for ring in vault.rings)
    nav = symbols.fields["nav"]
    fees = tuple(one for venue in venues for one in venue.fees)
    everything = Readings(
        nav,
        tokens,
        positions,
        shares,
        parameters,
        oracles,
        flash_loans,
        rooms,
        rings,
        fundings,
        fees,
        _rounds(vault, symbols),
    )
    return _without_defaults(asdict(everything))


def _rounds(vault: Vault, symbols: Symbols) -> tuple[RoundsRead, ...]:
    """Of each vault of ours that is held."""
    own = period_of(vault.strategy)
    return tuple(
        RoundsRead(
            venue,
            symbols.venues[venue].immutables[0].name,
            begun_within(own, period_of(inner.strategy)),
            begun_within(period_of(inner.strategy), own),
        )
        for venue, inner in vault.inner.items()
    )


def _without_defaults(document: dict[str, Any]) -> dict[str, Any]:
    """What few venues have stands in keeper.json of those alone."""
    for told in document["oracles"]:
        if told["scale"] == USD_SCALE:
            del told["scale"]
    for few in ("fundings", "fees", "rounds"):
        if not document[few]:
            del document[few]
    _plain(document)
    return document


def _plain(part: Any) -> None:
    """Views say only of those that are asked as the vault, or with more arguments than one, that they are."""
    if isinstance(part, dict):
        for name in ("further", "as_vault"):
            if name in part and not part[name]:
                del part[name]
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, (list, tuple)) else ():
        _plain(one)


def _token(token: Token, vault: Vault, symbols: Symbols) -> TokenRead:
    heartbeat = _heartbeat(token, vault)
    age = View(THE_VAULT, "oracle_age(address)", symbols.token(token.name)) if heartbeat else None
    return TokenRead(token.name, token.decimals, symbols.fields[f"price({token.name})"], age, heartbeat)


def _heartbeat(token: Token, vault: Vault) -> int | None:
    """The longest of the feeds that its price comes from, None where there is none."""
    match token.price:
        case ChainlinkPrice(heartbeat=heartbeat):
            return heartbeat
        case RatioPrice(other, feed):
            return max(feed.heartbeat, _heartbeat(vault.strategy.token(other), vault) or 0)
        case FixedPrice():
            return None


def _venue(venue: Venue, vault: Vault, symbols: Symbols) -> VenueReadings:
    tokens = {name: one.address for name, one in symbols.tokens.items()}
    positions = next((one.positions for one in vault.venues if one.name == venue.name), ())  # none where one swaps
    found = WATCHES[venue.adapter](venue, positions, symbols.venues[venue.name], tokens)
    worths = {one.name: symbols.fields[one.value.name] for one in positions}
    return replace(found, fees=tuple(replace(one, worth=worths[one.worth]) for one in found.fees))
