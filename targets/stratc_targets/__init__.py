"""What is emitted from a proved strategy: Vyper vault, keeper configuration, venue adapters."""
