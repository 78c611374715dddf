"""The meaning of a strategy: model, claims, proofs, exact interpreter. Pure: values in, values out."""
