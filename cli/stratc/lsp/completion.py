"""Suggestions as completion items."""

from __future__ import annotations

from lsprotocol import types

from stratc_dsl.suggest import Suggestion

KINDS = {
    "keyword": types.CompletionItemKind.Keyword,
    "token": types.CompletionItemKind.Variable,
    "venue": types.CompletionItemKind.Module,
    "signal": types.CompletionItemKind.Variable,
    "quantity": types.CompletionItemKind.Function,
    "assumption": types.CompletionItemKind.Property,
    "claim": types.CompletionItemKind.Property,
    "adapter": types.CompletionItemKind.Class,
    "source": types.CompletionItemKind.Function,
    "kind": types.CompletionItemKind.EnumMember,
    "field": types.CompletionItemKind.Field,
    "argument": types.CompletionItemKind.Field,
}


def completion_item(suggestion: Suggestion, rank: int, snippets: bool) -> types.CompletionItem:
    """One suggestion; with `snippets` the cursor goes between the parentheses of a call."""
    called = snippets and suggestion.call and suggestion.kind != "keyword"
    return types.CompletionItem(
        label=suggestion.text,
        kind=KINDS[suggestion.kind],
        detail=suggestion.form or None,
        documentation=f"{suggestion.meaning[:1].upper()}{suggestion.meaning[1:]}." if suggestion.meaning else None,
        sort_text=f"{rank:04}",
        insert_text=f"{suggestion.text}($0)" if called else suggestion.text,
        insert_text_format=types.InsertTextFormat.Snippet if called else types.InsertTextFormat.PlainText,
    )
