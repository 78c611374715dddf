"""How the keeper can fail. Every message is written for the person who runs it, and holds no secret."""

from __future__ import annotations


class SetupError(Exception):
    """The keeper cannot start as it was told to: configuration, key, chain or contract. Exit status 2."""


class ConfigError(SetupError):
    """keeper.json cannot be read or says something impossible."""


class RpcDown(Exception):
    """The RPC endpoint gave no usable answer. Nothing is known of what it did with the request."""


class Refused(Exception):
    """The node answered with an error that is not a revert: it understood the request and will not do it."""


class Reverted(Refused):
    """The vault itself says no; the message is its reason."""
