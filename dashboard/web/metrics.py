"""What Prometheus reads: the queue, runs, processes and requests, by names of kinds alone and of nobody.

Runs and processes are read from the database when they are asked for, so every process that serves says the same.
Requests are counted by each process for itself, or for all of one machine together where PROMETHEUS_MULTIPROC_DIR names
an empty folder (as prometheus_client's documentation says).
"""

import os
import shutil
from collections.abc import Iterator
from typing import cast

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from core.version import __version__
from dashboard.jobs import alive
from dashboard.jobs.lanes import LANES, lane_of
from dashboard.library import tallies
from dashboard.library.library import Library
from dashboard.library.queries import WAITING
from dashboard.library.records import Kind
from dashboard.library.schema import Run

SHARED = "PROMETHEUS_MULTIPROC_DIR"  # as prometheus_client calls it, and reads it when it is loaded
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

_requests = CollectorRegistry()
REQUESTS = Histogram(
    "lifemask_request_seconds",
    "Seconds until the answer to a request begins",
    ("method", "route", "status"),
    buckets=SECONDS,
    registry=_requests,
)


def written(library: Library) -> bytes:
    """Return all metrics in Prometheus' text format."""
    requests = _requests
    if os.environ.get(SHARED):
        requests = CollectorRegistry()
        MultiProcessCollector(requests)  # type: ignore[no-untyped-call]
    of_library = CollectorRegistry(auto_describe=False)
    of_library.register(_OfLibrary(library))
    return generate_latest(of_library) + generate_latest(requests)


class _OfLibrary(Collector):
    """What the database knows, as it is now."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def describe(self) -> list[Metric]:
        """Return nothing: it is read once it is asked for."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the database."""
        yield from self._queue()
        yield from self._runs()
        yield from self._processes()
        version = GaugeMetricFamily("lifemask_version_info", "The version that answers", labels=["version"])
        version.add_metric([__version__], 1)
        yield version
        free = shutil.disk_usage(self._library.folders.root).free
        yield GaugeMetricFamily("lifemask_disk_free_bytes", "Free on the disk of the data folder", value=free)

    def _queue(self) -> Iterator[Metric]:
        counts = {(lane, state): 0 for lane in LANES for state in WAITING}
        query = select(Run.kind, Run.asked, Run.state, func.count()).where(Run.state.in_(WAITING))
        with self._library.session() as session:
            for kind, asked, state, count in session.execute(query.group_by(Run.kind, Run.asked, Run.state)):
                counts[lane_of(cast(Kind, kind), asked=asked), state] += count
        queue = GaugeMetricFamily(
            "lifemask_queue_runs", "Runs that wait or are at work, by lane", labels=["lane", "state"]
        )
        for labels, count in counts.items():
            queue.add_metric(list(labels), count)
        yield queue

    def _runs(self) -> Iterator[Metric]:
        ended = CounterMetricFamily("lifemask_runs", "Runs that ended", labels=["kind", "outcome"])
        took = SummaryMetricFamily(
            "lifemask_run_seconds", "From the start of the work on a run to its end", labels=["kind", "outcome"]
        )
        failed = CounterMetricFamily("lifemask_failures", "Runs that failed", labels=["kind", "error"])
        stages = SummaryMetricFamily("lifemask_stage_seconds", "Stages of runs", labels=["kind", "stage"])
        with self._library.session() as session:
            found = tallies.read(session)
        for tally in found:
            labels = [tally.kind, tally.label]
            if tally.what == "ended":
                ended.add_metric(labels, tally.count)
                took.add_metric(labels, tally.count, tally.seconds)
            elif tally.what == "failed":
                failed.add_metric(labels, tally.count)
            else:
                stages.add_metric(labels, tally.count, tally.seconds)
        yield from (ended, took, failed, stages)

    def _processes(self) -> Iterator[Metric]:
        memory = GaugeMetricFamily(
            "lifemask_memory_bytes", "Resident memory of a process, when it last said that it lives",
            labels=["role", "process"],
        )  # fmt: skip
        count = GaugeMetricFamily("lifemask_processes", "Processes that live", labels=["role"])
        living = alive.living(self._library)
        for process in living:
            memory.add_metric([process.role, process.id], process.memory_bytes)
        for role in ("web", "worker", "helper"):
            count.add_metric([role], sum(process.role == role for process in living))
        yield from (memory, count)
