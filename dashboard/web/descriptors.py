"""How many files this process may have open: each connection is one."""

import sys

if sys.platform != "win32":
    import resource

SPARE = 200  # for the database, answers and bodies


def allow_many_files(wanted: int) -> int:
    """Have the system allow so many connections, as far as it does; return how many there can be."""
    if sys.platform == "win32":  # which sets no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 2 * wanted + SPARE  # each may keep a file with its body or answer
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(50, (most - SPARE) // 2)
