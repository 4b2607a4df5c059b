"""Lanes of runs: what is worked on beside each other, so that nobody waits for work of another kind."""

from dataclasses import dataclass

from core.errors import OptionError
from dashboard.library.records import Kind


@dataclass(frozen=True)
class Lane:
    """What is taken one after the other. kinds : of what somebody asked for. follow_ups : of what nobody did."""

    kinds: tuple[Kind, ...]
    follow_ups: tuple[Kind, ...] = ()


# photos hold up no change to a face and no comparison, nor do heads or a download hold up them
LANES = {
    "photos": Lane(("reconstruct",), ("surface", "solid")),
    "solids": Lane(("solid", "recompute", "surface", "head")),
    "comparisons": Lane(("compare",)),
    "heads": Lane(("heads",)),
    "downloads": Lane(("download",)),
}
PHOTOS = LANES["photos"]


def chosen(names: str) -> dict[str, Lane]:
    """Return the lanes that the setting names, in their order; all of them where it names none.

    Raises
    ------
    OptionError
        There is no lane of such a name.
    """
    wanted = {name.strip() for name in names.split(",") if name.strip()}
    unknown = sorted(wanted - LANES.keys())
    if unknown:
        raise OptionError(f"There is no lane '{unknown[0]}'. Lanes are {', '.join(LANES)}.")
    return {name: lane for name, lane in LANES.items() if name in wanted or not wanted}


def lane_of(kind: str, *, asked: bool) -> str:
    """Return the name of the lane that takes a run of this kind."""
    return next(name for name, lane in LANES.items() if kind in (lane.kinds if asked else lane.follow_ups))
