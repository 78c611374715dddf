"""Deployment: a manifest binds a proved vault to addresses; that is checked on chain, deployed, and compared later."""
