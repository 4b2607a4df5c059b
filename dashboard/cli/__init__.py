"""`lifemask` and `python -m dashboard.cli`: the command line."""
