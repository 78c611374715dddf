"""Checks certificates without any solver, in exact fractions. Imports nothing of stratc: read it, and believe it."""
