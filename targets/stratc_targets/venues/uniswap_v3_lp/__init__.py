"""Uniswap v3, to provide liquidity in: one position over a fixed range of ticks, by the position manager."""
