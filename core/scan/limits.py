"""What is accepted as a scan; known without reading any, so that the process that serves pages loads nothing for it."""

from dataclasses import dataclass

from core.errors import PhotoError


@dataclass(frozen=True)
class ScanLimits:
    """What is accepted: bytes of the file, triangles in it."""

    max_bytes: int = 200 * 10**6
    max_triangles: int = 5 * 10**6

    def check_size(self, name: str, size_bytes: int) -> None:
        """Refuse a file of that size.

        Raises
        ------
        PhotoError
            It is empty or too large.
        """
        if size_bytes > self.max_bytes:
            raise PhotoError(
                f"{name} has {size_bytes / 1e6:.1f} MB, over the limit of {self.max_bytes / 1e6:.0f} MB for a scan. "
                "Reduce its triangles."
            )
        if size_bytes == 0:
            raise PhotoError(f"{name} is empty (0 bytes). Choose the file again.")
