"""Perp v2 (Curie): margin in one token, a short of another against it, funding, and liquidation by the mark."""
