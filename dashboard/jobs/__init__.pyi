from . import broker, redis_version, tasks, worker

__all__ = ["broker", "redis_version", "tasks", "worker"]
