"""Every sentence of EIP-4626 that says MUST, SHOULD or MAY, and what matters of ERC-20 and EIP-2612, with its tests.

A `choice` is where the standard leaves one, or where we differ: docs/erc4626.md says why under that heading.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sentence:
    """A short quote of the standard, and the tests that show it."""

    id: str
    quote: str
    tests: tuple[str, ...]
    choice: str = ""


def _is(id: str, quote: str, *tests: str, choice: str = "") -> Sentence:
    return Sentence(id, quote, tests, choice)


# What several functions have in common, each sentence of the standard repeating it.
_DOWN = "test_conversions_round_down_and_are_those_of_virtual_shares"
_FEES = "test_fees_are_counted_before_they_are_minted"
_CALLERS = "test_views_are_the_same_for_all_callers"
_OVERFLOW = "test_conversions_and_previews_revert_for_nothing_but_overflow"
_SALE = "test_conversions_do_not_know_what_a_sale_would_cost"
_UNLIMITED_VIEWS = "test_conversions_and_previews_ignore_limits"
_ROUNDED = "test_previews_round_for_the_vault"
_IN_KEPT = "test_previews_of_ways_in_are_kept_exactly"
_OUT_KEPT = "test_previews_of_ways_out_are_kept_exactly"
_NEVER = "test_limits_never_revert"
_NO_PRICE = "test_without_a_price_nothing_is_made_up"
_IN_LIMIT = "test_what_can_be_deposited_is_taken_and_one_unit_more_is_not"
_IN_SAID = "test_a_way_in_moves_what_it_says_and_says_it"
_OUT_SAID = "test_a_way_out_moves_what_it_says_and_says_it"
_APPROVED = "test_a_way_in_needs_the_callers_approval_and_assets"
_THIRD = "test_a_third_party_spends_exactly_its_allowance"
_FREE = "test_without_a_limit_any_amount_is_taken"
_EMPTY = "test_limits_of_an_empty_vault"
_BROKEN = "test_a_venue_whose_views_revert_is_shown"
_GUARDED = "test_a_guarded_vault_takes_and_pays_nothing_but_in_kind"
_ASKED = "test_limits_do_not_ask_for_balances_or_allowances"
_PRICE = "prices"

GENERAL = (
    _is("vault.erc20", "MUST implement EIP-20 to represent shares", "test_shares_are_a_token_with_a_name",
        "test_the_supply_is_what_all_hold", "test_a_transfer_moves_what_the_sender_has_and_no_more"),
    _is("vault.transferable", "if non-transferrable, MAY revert on calls to transfer or transferFrom",
        "test_shares_move_in_any_mode", choice="transfers"),
    _is("vault.metadata", "MUST implement EIP-20's optional metadata extensions",
        "test_shares_are_a_token_with_a_name"),
    _is("vault.names", "name and symbol SHOULD reflect the underlying token's", "test_shares_are_a_token_with_a_name",
        choice="names"),
    _is("vault.permit", "MAY implement EIP-2612", "test_a_permit_is_an_approval_by_its_owner",
        "test_its_allowance_moves_and_redeems_shares"),
    _is("vault.decimals", "strongly recommended to mirror the underlying token's decimals",
        "test_shares_are_a_token_with_a_name", _DOWN, choice="decimals"),
    _is("asset.token", "MUST be an EIP-20 token contract", "test_the_asset_is_a_token_and_always_known",
        "test_a_token_may_answer_true_or_nothing", "test_a_token_that_answers_false_moves_nothing",
        "test_a_token_that_keeps_a_fee_is_refused", choice="tokens"),
    _is("asset.reverts", "MUST NOT revert", "test_the_asset_is_a_token_and_always_known"),
    _is("totalAssets.yield", "SHOULD include any compounding that occurs from yield",
        "test_total_assets_compound_what_was_earned", "test_total_assets_are_net_of_what_was_lost"),
    _is("totalAssets.fees", "MUST be inclusive of any fees that are charged against assets", _DOWN, _FEES,
        choice="fees"),
    _is("totalAssets.reverts", "MUST NOT revert", _NO_PRICE, "test_after_the_exit_no_price_is_needed", choice=_PRICE),
)  # fmt: skip


def _conversion(name: str) -> tuple[Sentence, ...]:
    return (
        _is(f"{name}.fees", "MUST NOT be inclusive of any fees", _DOWN, _FEES, choice="fees"),
        _is(f"{name}.callers", "MUST NOT show any variations depending on the caller", _CALLERS),
        _is(f"{name}.slippage", "MUST NOT reflect slippage or other on-chain conditions", _SALE),
        _is(f"{name}.reverts", "MUST NOT revert unless due to integer overflow", _OVERFLOW, _NO_PRICE, choice=_PRICE),
        _is(f"{name}.rounds", "MUST round down towards 0", _DOWN, "test_nothing_is_worth_nothing"),
        _is(f"{name}.average", "MAY NOT reflect the per-user price-per-share", _CALLERS, _UNLIMITED_VIEWS),
    )


def _max_in(name: str, fn: str) -> tuple[Sentence, ...]:
    return (
        _is(f"{name}.most", f"MUST return the maximum that {fn} would allow and not cause a revert", _IN_LIMIT, _FREE,
            choice="unlimited"),
        _is(f"{name}.not_higher", "MUST NOT be higher than the actual maximum", _IN_LIMIT),
        _is(f"{name}.balance", "MUST NOT rely on balanceOf of asset", _ASKED, _FREE),
        _is(f"{name}.factors", "MUST factor in both global and user-specific limits", _IN_LIMIT,
            "test_a_broken_floor_closes_the_vault_to_users", "test_limits_are_nothing_for_who_may_not_hold_shares",
            choice="depositors"),
        _is(f"{name}.disabled", "if deposits are entirely disabled (even temporarily) it MUST return 0", _NEVER,
            _GUARDED),
        _is(f"{name}.unlimited", "MUST return 2 ** 256 - 1 if there is no limit", _EMPTY),
        _is(f"{name}.reverts", "MUST NOT revert", _NEVER, _EMPTY, _BROKEN, choice="venues"),
    )  # fmt: skip


def _max_out(name: str, fn: str, exact: tuple[str, ...]) -> tuple[Sentence, ...]:
    return (
        _is(f"{name}.most", f"MUST return the maximum that could be taken through {fn} and not cause a revert", *exact),
        _is(f"{name}.not_higher", "MUST NOT be higher than the actual maximum", *exact,
            "test_the_limits_are_what_a_call_accepts"),
        _is(f"{name}.factors", "MUST factor in both global and user-specific limits",
            "test_limits_count_what_others_took", "test_those_who_wait_are_served_before_those_who_come",
            "test_the_round_limits_withdrawals_and_says_so", "test_floors_stop_a_withdrawal_before_the_round_does",
            choice="requests"),
        _is(f"{name}.disabled", "if withdrawals are entirely disabled (even temporarily) it MUST return 0",
            "test_a_stuck_vault_pays_in_kind_only", "test_a_broken_floor_closes_the_vault_to_users", _GUARDED,
            choice="stuck"),
        _is(f"{name}.reverts", "MUST NOT revert", _NEVER, _EMPTY, _BROKEN, choice="venues"),
    )  # fmt: skip


def _preview(name: str, fn: str, bound: str, kept: str) -> tuple[Sentence, ...]:
    return (
        _is(f"{name}.close", f"MUST return as close to and no {bound} than {fn} in the same transaction",
            kept, _ROUNDED),
        _is(f"{name}.limits", f"MUST NOT account for limits, always act as though the {fn} would be accepted",
            _UNLIMITED_VIEWS, "test_after_the_exit_no_price_is_needed", choice="exit"),
        _is(f"{name}.fees", "MUST be inclusive of fees", kept, _FEES, choice="fees"),
        _is(f"{name}.reverts", "MUST NOT revert due to vault specific user/global limits", _UNLIMITED_VIEWS, _OVERFLOW),
        _is(f"{name}.may", f"MAY revert due to other conditions that would also cause {fn} to revert", _NO_PRICE,
            choice=_PRICE),
        _is(f"{name}.slippage", "a discrepancy to convertTo SHOULD be considered slippage", _ROUNDED, choice="fees"),
    )  # fmt: skip


def _way_in(fn: str) -> tuple[Sentence, ...]:
    return (
        _is(f"{fn}.event", "MUST emit the Deposit event", _IN_SAID),
        _is(f"{fn}.flow", "MUST support EIP-20 approve / transferFrom on asset", _APPROVED, _IN_SAID,
            "test_nobody_pays_with_the_approval_of_another"),
        _is(f"{fn}.owned", "MAY support assets owned by the Vault before the execution",
            "test_assets_that_lie_in_the_vault_are_no_deposit", choice="flows"),
        _is(f"{fn}.all", "MUST revert if all of it cannot be deposited (limit, slippage, approval)", _IN_LIMIT,
            _APPROVED,
            "test_extreme_amounts_in_are_refused_or_kept", "test_a_broken_floor_closes_ways_in_and_out"),
        _is(f"{fn}.zero", "(of zero the standard says nothing)", "test_nothing_is_deposited_for_no_shares",
            "test_a_deposit_below_one_unit_of_shares_is_refused", choice="zero"),
        _is(f"{fn}.receiver", "mints shares to receiver", _IN_SAID, "test_shares_for_nobody_are_refused"),
    )  # fmt: skip


def _way_out(fn: str) -> tuple[Sentence, ...]:
    return (
        _is(f"{fn}.event", "MUST emit the Withdraw event", _OUT_SAID, "test_nothing_out_is_nothing"),
        _is(f"{fn}.owner", "MUST support a flow where owner is msg.sender", _OUT_SAID,
            "test_ones_own_shares_need_no_allowance_and_spend_none"),
        _is(f"{fn}.third", "MUST support a flow where msg.sender has EIP-20 approval over the shares of owner", _THIRD,
            "test_an_unlimited_allowance_is_not_reduced"),
        _is(f"{fn}.owned", "MAY support shares transferred to the Vault before the execution",
            "test_shares_that_lie_in_the_vault_are_nobodys_to_redeem", choice="flows"),
        _is(f"{fn}.check", "SHOULD check msg.sender can spend owner funds, in shares", _THIRD,
            "test_nobody_moves_anothers_shares_unasked"),
        _is(f"{fn}.all", "MUST revert if all of it cannot be withdrawn (limit, slippage, balance)",
            "test_more_than_the_owner_has_is_refused", "test_a_broken_floor_closes_ways_in_and_out",
            "test_a_stuck_vault_pays_in_kind_only", choice="stuck"),
    )  # fmt: skip


FUNCTIONS = (
    *_conversion("convertToShares"),
    *_conversion("convertToAssets"),
    *_max_in("maxDeposit", "deposit"),
    *_preview("previewDeposit", "deposit", "more", _IN_KEPT),
    *_way_in("deposit"),
    *_max_in("maxMint", "mint"),
    *_preview("previewMint", "mint", "fewer", _IN_KEPT),
    *_way_in("mint"),
    *_max_out("maxWithdraw", "withdraw", ("test_what_can_be_withdrawn_is_paid_and_one_unit_more_is_not",)),
    *_preview("previewWithdraw", "withdraw", "fewer", _OUT_KEPT),
    *_way_out("withdraw"),
    *_max_out("maxRedeem", "redeem", (
        "test_what_can_be_redeemed_is_taken_and_one_share_more_is_not",
        "test_what_can_be_redeemed_is_exact_in_any_round",
        "test_after_the_exit_all_shares_are_redeemed",
    )),
    *_preview("previewRedeem", "redeem", "more", _OUT_KEPT),
    *_way_out("redeem"),
)  # fmt: skip

_TRIPS = ("deposit_redeem", "deposit_withdraw", "redeem_deposit", "redeem_mint",
          "mint_withdraw", "mint_redeem", "withdraw_mint", "withdraw_deposit")  # fmt: skip

SECURITY = (
    _is("events.deposit", "MUST be emitted when tokens are deposited via mint and deposit", _IN_SAID),
    _is("events.withdraw", "MUST be emitted when shares are withdrawn in redeem or withdraw", _OUT_SAID),
    _is("security.rounding", "SHOULD round down what users get, up what they give, in favour of the Vault", _ROUNDED,
        "test_conversions_and_previews_grow_with_the_amount", *(f"test_prop_RT_{trip}" for trip in _TRIPS),
        "test_those_who_stay_lose_nothing_by_a_round_trip"),
    _is("security.slippage", "for EOAs consider calls that bound slippage",
        "test_previews_are_kept", choice="bounds"),
    _is("security.inflation", "(the attack on the first depositor)",
        "test_a_donation_before_the_first_deposit_costs_more_than_it_takes",
        "test_all_can_leave_and_the_dust_stays_with_the_vault", choice="virtual shares"),
)  # fmt: skip

ERC20 = (
    _is("erc20.transfer", "MUST fire the Transfer event, SHOULD throw on too low a balance",
        "test_a_transfer_moves_what_the_sender_has_and_no_more", "test_a_transfer_moves_no_assets_and_no_price",
        "test_shares_are_not_sent_to_nobody"),
    _is("erc20.zero", "transfers of 0 values MUST be treated as normal transfers",
        "test_a_transfer_of_nothing_and_one_to_oneself_are_transfers"),
    _is("erc20.transferFrom", "SHOULD throw unless the sender was deliberately authorized",
        "test_transfers_by_others_need_and_spend_an_allowance", "test_nobody_moves_anothers_shares_unasked",
        "test_an_unlimited_allowance_stays_when_shares_move"),
    _is("erc20.approve", "overwrites the current allowance; Approval MUST trigger on any successful call",
        "test_an_approval_is_overwritten_and_said"),
    _is("erc20.created", "SHOULD trigger a Transfer event from 0x0 when tokens are created", _IN_SAID, _OUT_SAID),
)  # fmt: skip

PERMITS = (
    _is("permit.deadline", "current blocktime is less than or equal to deadline",
        "test_a_permit_is_good_until_its_deadline_and_not_a_second_longer"),
    _is("permit.nobody", "owner is not the zero address", "test_no_signature_is_nobodys"),
    _is("permit.nonce", "nonces[owner] is equal to nonce", "test_a_permit_is_used_once",
        "test_a_signature_of_something_else_is_refused"),
    _is("permit.signature", "r, s and v is a valid secp256k1 signature from owner",
        "test_a_permit_with_a_word_changed_is_refused", "test_the_twin_of_a_signature_is_refused"),
    _is("permit.domain", "DOMAIN_SEPARATOR unique to the contract and chain", "test_the_domain_is_that_of_the_standard",
        "test_a_permit_for_another_vault_is_refused"),
    _is("permit.sets", "sets allowance, increments nonces, emits Approval", "test_a_permit_is_an_approval_by_its_owner",
        "test_a_permit_without_limit_is_never_used_up"),
    _is("permit.relayed", "the signer may be front run by whoever has the permit",
        "test_who_sends_a_permit_first_does_no_harm"),
)  # fmt: skip

CHAPTERS = {
    "The vault": GENERAL,
    "Its functions": FUNCTIONS,
    "Events and security": SECURITY,
    "ERC-20": ERC20,
    "EIP-2612": PERMITS,
}
"""Headings of the page."""
