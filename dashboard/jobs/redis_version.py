"""Whether the broker answers; loaded where one is set alone, with Redis' client, which `lifemask[scale]` brings."""

from redis import Redis

ANSWERED_S = 5.0


def read(url: str) -> str:
    """Return the version of the Redis that answers; what its client raises where none does."""
    with Redis.from_url(url, socket_timeout=ANSWERED_S, socket_connect_timeout=ANSWERED_S) as client:
        client.ping()
        return str(client.info("server")["redis_version"])
