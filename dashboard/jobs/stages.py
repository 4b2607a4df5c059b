"""The stages of runs by names that are few and nobody's, for logs and metrics: what a person reads names faces."""

FOLDED = {
    "Laying ": "Laying faces onto the reference",
    "Fitting the head of ": "Fitting heads",
    "Comparing pair ": "Comparing pairs",
    "Fetching ": "Fetching weights",
}
"""How a stage begins that says more than what is done -> its name."""
PLAIN = frozenset(
    {
        "Starting", "Reading the photo", "Reading the scan", "Finding the front of the scan", "Loading the network",
        "Finding faces", "Estimating depth", "Depth is ready", "Measuring", "Making the mesh", "Making the solid",
        "Checking the solid", "Writing files", "Files are written", "Reading the face", "Computing depth",
        "Fitting the head", "Reading the faces", "Pairs are compared", "Writing the report",
        "Comparing point by point", "Writing the mean face", "Writing heads that turn into each other",
    }
)  # fmt: skip
OTHER = "Other"  # one that is not known here says nothing of itself


def name_of(said: str) -> str:
    """Return the name of a stage from what a person reads of it."""
    if said in PLAIN:
        return said
    return next((name for beginning, name in FOLDED.items() if said.startswith(beginning)), OTHER)


class Clock:
    """How long each stage of one run takes. now : seconds, of a clock that is never set."""

    def __init__(self, now: float) -> None:
        self.seconds: dict[str, float] = {}
        self.stage = "Starting"
        self._since = now

    def enter(self, said: str, now: float) -> tuple[str, float] | None:
        """Begin a stage, and return the one that ends with it and how long that took this time; None if it goes on."""
        name = name_of(said)
        if name == self.stage:
            return None
        ended = self.stage, self._end(now)
        self.stage = name
        return ended

    def end(self, now: float) -> dict[str, float]:
        """Return the seconds of each stage."""
        self._end(now)
        return self.seconds

    def _end(self, now: float) -> float:
        took, self._since = now - self._since, now
        self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + took
        return took
