"""The queue of runs, and the process that works on them."""
