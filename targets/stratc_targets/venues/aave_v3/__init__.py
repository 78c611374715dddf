"""Aave v3: collateral and variable-rate debt in one account, liquidated when its health factor falls below 1."""
