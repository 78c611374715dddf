"""ABI work: choosing an overloaded function, encoding arguments, decoding results, events and revert reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

_ERROR = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)


def canonical_type(entry: dict[str, Any]) -> str:
    """The type as it stands in a signature: tuples are spelled out."""
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(canonical_type(part) for part in entry['components'])}){kind[5:]}"


@dataclass(frozen=True)
class Function:
    """One function of an ABI."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @cached_property
    def signature(self) -> str:
        return f"{self.name}({','.join(self.inputs)})"

    @cached_property
    def selector(self) -> bytes:
        return keccak(text=self.signature)[:4]

    def encode(self, args: Sequence[Any]) -> bytes:
        """Calldata for a call with these arguments; contracts stand for their addresses."""
        return self.selector + _encoded(self.inputs, plain(args))

    def decode(self, data: bytes) -> Any:
        """None, the one value, or a tuple of the values; structs are plain tuples, addresses lower case."""
        if not self.outputs:
            return None
        if not data:
            raise ValueError(f"{self.signature} returned nothing: is there a contract at that address?")
        values = _decoded(self.outputs, data)
        return values[0] if len(values) == 1 else values


# Views are asked the same again and again, and mostly answer the same: encoding is half of what a call costs.


@lru_cache(maxsize=2**14)
def _encoded(types: tuple[str, ...], values: tuple[Any, ...]) -> bytes:
    return encode(types, values)


@lru_cache(maxsize=2**14)
def _decoded(types: tuple[str, ...], data: bytes) -> tuple[Any, ...]:
    values: tuple[Any, ...] = decode(types, data)
    return values


class Abi:
    """The functions, events and errors of one contract."""

    def __init__(self, entries: Iterable[dict[str, Any]]) -> None:
        self.entries = list(entries)
        self._functions: dict[str, list[Function]] = {}
        self.constructor: tuple[str, ...] = ()
        for entry in self.entries:
            if entry["type"] == "function":
                function = Function(entry["name"], _types(entry["inputs"]), _types(entry.get("outputs", ())))
                self._functions.setdefault(function.name, []).append(function)
            elif entry["type"] == "constructor":
                self.constructor = _types(entry["inputs"])

    def function(self, name: str, arity: int) -> Function:
        """By name, by full signature ("mint(address,uint256)"), or among overloads by the number of arguments."""
        overloads = self._functions.get(name.partition("(")[0], [])
        if "(" in name:
            found = [f for f in overloads if f.signature == name.replace(" ", "")]
        elif len(overloads) > 1:
            found = [f for f in overloads if len(f.inputs) == arity]
        else:
            found = overloads
        if len(found) != 1:
            known = ", ".join(f.signature for f in overloads) or "none of that name"
            raise LookupError(f"no single function {name!r} with {arity} arguments: {known}")
        return found[0]

    def encode_constructor(self, args: Sequence[Any]) -> bytes:
        """What follows the creation code."""
        return encode(self.constructor, plain(args))


@dataclass(frozen=True)
class Event:
    """A decoded log; an event of no known ABI has an empty name and its raw words in `args`."""

    emitter: str
    name: str
    args: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.args[key]


@dataclass(frozen=True)
class Log:
    """A log as the chain gives it."""

    emitter: str
    topics: tuple[bytes, ...]
    data: bytes


class Registry:
    """Every event and error of the ABIs seen so far: a call's logs and errors come from other contracts too."""

    def __init__(self) -> None:
        self._waiting: list[Abi] = []
        self._events: dict[tuple[bytes, int], dict[str, Any]] = {}
        self._errors: dict[bytes, dict[str, Any]] = {}

    def add(self, abi: Abi) -> None:
        """Remember an ABI; it is indexed only when something has to be decoded."""
        self._waiting.append(abi)

    def event(self, log: Log) -> Event:
        """The log in the words of an ABI that knows it."""
        self._index()
        # Transfer of a token and of an NFT share a topic and differ in how many arguments are indexed.
        entry = self._events.get((log.topics[0], len(log.topics) - 1)) if log.topics else None
        if entry is None:
            return Event(log.emitter, "", {"topics": log.topics, "data": log.data})
        return Event(log.emitter, entry["name"], _event_args(entry, log))

    def reason(self, data: bytes) -> str:
        """Revert data as text: the message, `Panic(0x11)`, `CustomError(1, 2)`, raw hex, or empty."""
        if not data:
            return ""
        head, body = data[:4], data[4:]
        try:
            if head == _ERROR:
                return str(decode(["string"], body)[0])
            if head == _PANIC:
                return f"Panic({decode(['uint256'], body)[0]:#x})"
            self._index()
            if (entry := self._errors.get(head)) is not None:
                args = decode(_types(entry["inputs"]), body)
                return f"{entry['name']}({', '.join(map(str, args))})"
        except DecodingError:
            pass
        return "0x" + data.hex()

    def _index(self) -> None:
        for abi in self._waiting:
            for entry in abi.entries:
                if entry["type"] == "event":
                    indexed = sum(part["indexed"] for part in entry["inputs"])
                    self._events.setdefault((_hash(entry), indexed), entry)
                elif entry["type"] == "error":
                    self._errors.setdefault(_hash(entry)[:4], entry)
        self._waiting.clear()


def plain(value: Any) -> Any:
    """The value with every contract in it replaced by its address."""
    if isinstance(value, list | tuple):
        return tuple(plain(part) for part in value)
    return getattr(value, "address", value)


def _types(entries: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(canonical_type(entry) for entry in entries)


def _hash(entry: dict[str, Any]) -> bytes:
    return keccak(text=f"{entry['name']}({','.join(_types(entry['inputs']))})")


def _event_args(entry: dict[str, Any], log: Log) -> dict[str, Any]:
    inputs = entry["inputs"]
    body = iter(decode(_types(part for part in inputs if not part["indexed"]), log.data))
    topics = iter(log.topics[1:])
    return {part["name"]: _topic(part, next(topics)) if part["indexed"] else next(body) for part in inputs}


def _topic(part: dict[str, Any], topic: bytes) -> Any:
    kind = canonical_type(part)
    if kind in ("string", "bytes") or kind.endswith(("]", ")")):
        return topic  # only the hash of a dynamic value is logged
    return decode([kind], topic)[0]
