"""`stratc lsp`: the language in an editor, over the Language Server Protocol."""
