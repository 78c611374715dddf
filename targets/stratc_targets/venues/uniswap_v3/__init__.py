"""Uniswap v3, to swap in: exact input along one pool, with a minimum output derived from the oracle."""
