"""What makes a face less sure than others: that it may be none, is turned far, or is small. A word and a sentence each.

Cheap to import: pages and the command line ask here, and every page says it in these words.
"""

from dataclasses import dataclass

SURE_FROM = 0.85  # of the score: what passes for a face scores less, see decisions/score-threshold.md
TURNED_DEG = 40.0
DOUBTFUL = "doubtful"
SMALL_IPD_PX = 30.0  # the face network sees 45 in its window: such a face is enlarged for it by half and more


@dataclass(frozen=True)
class Doubt:
    """word : for a badge. sentence : what it is, and what to do about it."""

    word: str
    sentence: str


def is_doubtful(score: float | None) -> bool:
    """Whether what was found may be no face; None: nothing was looked for, the photo was taken whole."""
    return score is not None and score < SURE_FROM


def hidden_side(yaw_deg: float) -> str | None:
    """Why what needs both sides of a face is not measured of it; None where both are seen."""
    if abs(yaw_deg) <= TURNED_DEG:
        return None
    return f"Not measured where it needs both sides: the head is turned by {abs(yaw_deg):.0f} degrees."


def doubts(score: float, yaw_deg: float, ipd_px: float | None, *, marked: bool) -> list[Doubt]:
    """All that makes a face less sure.

    ipd_px : in its photo, None where that is not known. marked : whether a person showed where the face is.
    """
    found = []
    if is_doubtful(score) and marked:
        sentence = f"The face that was marked scores {score:.2f}, which is low: its features may be in wrong places."
        found.append(Doubt("low score", sentence))
    elif is_doubtful(score):
        sentence = f"Doubtful: is this a face? It scores {score:.2f}; below {SURE_FROM} other things are found, too."
        found.append(Doubt(DOUBTFUL, sentence))
    if abs(yaw_deg) > TURNED_DEG:
        sentence = (
            f"The head is turned by {abs(yaw_deg):.0f} degrees: its far side is not seen and the scale is less sure."
        )
        found.append(Doubt(f"turned {abs(yaw_deg):.0f}\u00b0", sentence))
    if ipd_px is not None and ipd_px < SMALL_IPD_PX:
        sentence = f"The face is small, {ipd_px:.0f} pixels between the eyes: its details are guessed."
        found.append(Doubt("small", sentence))
    return found
