"""A face made ready to be laid onto others: what every comparison asks of it, worked out once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.errors import GeometryError
from core.geometry.depth_surface import DepthSurface
from core.geometry.reconstruction import Reconstruction
from core.measure.face import landmarks_mm
from core.measure.regions import inner_face

SAMPLES = 3000


@dataclass(frozen=True)
class PreparedFace:
    """A reconstruction of a face, its surface in the camera frame, and what follows from both."""

    reconstruction: Reconstruction
    surface: DepthSurface

    @classmethod
    def of(cls, reconstruction: Reconstruction) -> "PreparedFace":
        """Prepare a face.

        Raises
        ------
        GeometryError
            It is a photo taken whole.
        """
        if reconstruction.landmarks_px is None:
            raise GeometryError(
                "A photo taken whole has no landmarks to lay it onto a face by. Choose photos of faces."
            )
        return cls(reconstruction, DepthSurface.of(reconstruction))

    @cached_property
    def head(self) -> NDArray[np.bool_]:
        """(S, S): where there is depth of the head."""
        return self.reconstruction.head

    @cached_property
    def inner(self) -> NDArray[np.bool_]:
        """(S, S): brows, eyes, nose and mouth."""
        return inner_face(self.reconstruction)

    @cached_property
    def points(self) -> NDArray[np.float32]:
        """(n, 3) camera frame: of the whole head."""
        return self.surface.points(self.head)

    @cached_property
    def normals(self) -> NDArray[np.float32]:
        """(n, 3) outward, beside the points."""
        return self.surface.normals(self.head)

    @cached_property
    def sparse(self) -> NDArray[np.bool_]:
        """(S, S): some pixels spread evenly over the inner face."""
        every = max(1, int(np.sqrt(self.inner.sum() / SAMPLES)))
        sparse = np.zeros_like(self.inner)
        sparse[::every, ::every] = self.inner[::every, ::every]
        return sparse

    @cached_property
    def samples(self) -> NDArray[np.float64]:
        """(m, 3) camera frame: the points at those pixels."""
        return self.surface.points(self.sparse).astype(np.float64)

    @cached_property
    def sample_normals(self) -> NDArray[np.float64]:
        """(m, 3) outward, beside the samples."""
        return self.surface.normals(self.sparse).astype(np.float64)

    @cached_property
    def landmarks(self) -> NDArray[np.float64]:
        """(68, 3) camera frame, NaN where there is no depth."""
        return landmarks_mm(self.reconstruction)
