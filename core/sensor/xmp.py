"""XMP packets (ISO 16684-1): what they say, by the namespace's address and the property's name."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from core.errors import PhotoError

BEGIN, END = b"<x:xmpmeta", b"</x:xmpmeta>"
LI = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"


@dataclass(frozen=True)
class Packet:
    """A packet, or a part of one."""

    root: ElementTree.Element

    @classmethod
    def of(cls, data: bytes) -> "Packet":
        """Read the first packet within some bytes.

        Raises
        ------
        PhotoError
            They hold none, or one that is broken.
        """
        begin, end = data.find(BEGIN), data.rfind(END)
        packet = data[begin : end + len(END)] if 0 <= begin < end else b""
        if not packet or b"<!" in packet:  # no entities: a few bytes of them could stand for gigabytes
            raise PhotoError("its description is no XMP")
        try:
            return cls(ElementTree.fromstring(packet))  # noqa: S314 # it holds no entity
        except (ElementTree.ParseError, ValueError) as error:
            raise PhotoError("its description is broken XML") from error

    def says(self, namespace: str) -> bool:
        """Whether anything in it is of a namespace; as below."""
        return any(True for _ in self._found(namespace, None))

    def text(self, namespace: str, name: str, default: str | None = None) -> str | None:
        """The first value of a property. namespace : the end of its address, without the last slash."""
        return next((value for value in self._found(namespace, name) if value), default)

    def number(self, namespace: str, name: str, default: float | None = None) -> float:
        """The first value of a property as a number.

        Raises
        ------
        PhotoError
            It is missing, and there is no default; or it is no number.
        """
        said = self.text(namespace, name)
        if said is None and default is not None:
            return default
        try:
            return float(said or "")
        except ValueError as error:
            raise PhotoError(f"its {name} is {said[:20]!r}" if said else f"its {name} is missing") from error

    def numbers(self, namespace: str, name: str) -> list[float]:
        """The list that is the value of a property; empty where there is none, or one of other things."""
        for element in self.root.iter():
            if _is(element.tag, namespace, name):
                try:
                    return [float(one.text or "") for one in element.iter(LI)]
                except ValueError:
                    return []
        return []

    def items(self) -> Iterator["Packet"]:
        """Each entry of its lists."""
        return (Packet(element) for element in self.root.iter(LI))

    def _found(self, namespace: str, name: str | None) -> Iterator[str]:
        for element in self.root.iter():
            yield from (value.strip() for key, value in element.attrib.items() if _is(key, namespace, name))
            if _is(element.tag, namespace, name):
                yield (element.text or "").strip()


def _is(key: str, namespace: str, name: str | None) -> bool:
    address, _, local = key.removeprefix("{").rpartition("}")
    return address.rstrip("/").endswith(namespace) and name in (None, local)
