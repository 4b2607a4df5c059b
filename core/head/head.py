"""A face -> its whole head: the template fitted, with the volume of its hair, on the photo's depth where it is seen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.geometry.reconstruction import Reconstruction
from core.head.blend import blended
from core.head.eyes import with_eyeballs
from core.head.fit import HeadFit, fit_head
from core.head.operators import operators
from core.head.volume import with_hair


@dataclass(frozen=True)
class Head:
    """points : (n, 3) vertices of the template on this head, mesh frame, mm. seen : (n,) 0..1, 0 is guessed."""

    fit: HeadFit
    points: NDArray[np.float64]
    seen: NDArray[np.float64]

    @property
    def seen_share(self) -> float:
        """How much of the surface is the photo's own."""
        return float((self.seen * operators().areas).sum() / operators().areas.sum())


def make_head(reconstruction: Reconstruction) -> Head:
    """Make the head of a face.

    Raises
    ------
    GeometryError
        A photo without a face, or without depth at its landmarks.

    Examples
    --------
    >>> import core
    >>> head = core.head.make_head(core.load_face("results/ada"))
    >>> head.points.shape  # the same vertices on every head, mm
    (11156, 3)
    >>> 0.1 < head.seen_share < 0.6
    True
    """
    fit = fit_head(reconstruction)
    found = blended(with_hair(fit, reconstruction), reconstruction, is_poor=fit.is_poor)
    return Head(fit, with_eyeballs(found.points, fit.pose), found.seen)
