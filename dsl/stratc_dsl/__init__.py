"""The .strat language: text to typed strategy. Pure: text in, values out."""
