"""Trains the built-in face network on rendered heads: `python -m core.depth.builtin.train POOL... --out FOLDER`."""
