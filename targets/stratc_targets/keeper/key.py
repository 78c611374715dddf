"""The key that a process signs with, from text. No message of this module holds any part of it."""

from __future__ import annotations

from eth_account import Account
from eth_account.signers.local import LocalAccount

from stratc_targets.documents import read_json
from stratc_targets.keeper.errors import SetupError

KEY_VARIABLE = "STRATC_KEEPER_KEY"
PASSWORD_VARIABLE = "STRATC_KEEPER_PASSWORD"


def account_of_key(text: str | None, variable: str = KEY_VARIABLE, whose: str = "keeper") -> LocalAccount:
    """The account of a private key of 64 hex digits. Raises SetupError where it is missing or malformed."""
    if not text:
        raise SetupError(f"no key: set {variable} to the {whose}'s private key, or give --keystore FILE")
    try:
        account: LocalAccount = Account.from_key(bytes.fromhex(text.strip().removeprefix("0x")))
    except Exception:  # the libraries quote the key in some of their messages
        raise SetupError(f"{variable} is no private key: 64 hex digits are expected") from None
    return account


def account_of_keystore(text: str, password: str | None, name: str, variable: str = PASSWORD_VARIABLE) -> LocalAccount:
    """The account of an encrypted key file (Web3 Secret Storage). Raises SetupError where it cannot be opened."""
    if password is None:
        raise SetupError(f"no password for {name}: set {variable}")
    try:
        return account_of_key(Account.decrypt(read_json(text), password).hex())
    except ValueError as error:
        if "MAC mismatch" in str(error):
            raise SetupError(f"{name}: {variable} is not the password of this keystore") from None
        raise SetupError(f"{name} is no keystore file") from None
    except (KeyError, TypeError, AttributeError):
        raise SetupError(f"{name} is no keystore file") from None
