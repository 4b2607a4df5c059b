"""Steps that bring the database of an earlier version to the present tables; `upgrade` runs them, by Alembic.

Each step is small, has a number and stands in `versions`. Alembic is loaded when a step is to be run, and not before.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["upgrade"])
