"""The keeper of a vault: its configuration, printed from what was proved, and the process that runs from it.

`emit.emit_keeper` writes keeper.json, `config` reads and binds it, `command` runs the process.
"""
