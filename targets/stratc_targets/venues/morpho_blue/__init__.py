"""Morpho Blue: one isolated market with one threshold, its debts kept in shares; collateral earns nothing."""
