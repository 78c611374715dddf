"""The laboratory: the protocols' own published contracts, on a chain in this process or on a local anvil."""
