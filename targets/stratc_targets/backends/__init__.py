"""Keepers other than our own process, printed from the same keeper.json: files for services that others run."""
