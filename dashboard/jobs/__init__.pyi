from . import scale, tasks, worker

__all__ = ["scale", "tasks", "worker"]
