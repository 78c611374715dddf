"""stratc: a compiler for DeFi portfolio strategies. This package is its command line."""

__version__ = "0.1.0"
