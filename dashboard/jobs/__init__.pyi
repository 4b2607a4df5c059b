from . import tasks, worker

__all__ = ["tasks", "worker"]
