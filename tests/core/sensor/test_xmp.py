"""XMP: what a packet says, whichever way it is written; and what it may not do."""

import pytest

from core.errors import PhotoError
from core.sensor.xmp import Packet

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
NAMESPACE = 'xmlns:d="http://example.org/depth/1.0/"'


def packet(inside: str, attributes: str = "") -> bytes:
    return (
        f'junk<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description {NAMESPACE} {attributes}>'
        f"{inside}</rdf:Description></rdf:RDF></x:xmpmeta>more"
    ).encode()


@pytest.mark.parametrize("data", [packet("<d:Near>0.3</d:Near>"), packet("", 'd:Near="0.3"')])
def test_a_property_is_an_element_or_an_attribute(data: bytes) -> None:
    found = Packet.of(data)
    assert found.text("depth/1.0", "Near") == "0.3"
    assert found.number("depth/1.0", "Near") == 0.3
    assert found.says("depth/1.0")
    assert not found.says("other/1.0")


def test_what_is_missing_has_its_default_or_is_named() -> None:
    found = Packet.of(packet("<d:Far>far</d:Far>"))
    assert found.number("depth/1.0", "Near", 2) == 2
    with pytest.raises(PhotoError, match="Near is missing"):
        found.number("depth/1.0", "Near")
    with pytest.raises(PhotoError, match="its Far is 'far'"):
        found.number("depth/1.0", "Far")


def test_a_list_of_numbers() -> None:
    numbers = "<d:K><rdf:Seq><rdf:li>1</rdf:li><rdf:li>2.5</rdf:li></rdf:Seq></d:K>"
    words = "<d:K><rdf:Seq><rdf:li>one</rdf:li></rdf:Seq></d:K>"
    assert Packet.of(packet(numbers)).numbers("depth/1.0", "K") == [1, 2.5]
    assert Packet.of(packet(words)).numbers("depth/1.0", "K") == []
    assert Packet.of(packet("")).numbers("depth/1.0", "K") == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<x:xmpmeta>",
        b"<x:xmpmeta xmlns:x='a'><open></x:xmpmeta>",
        b"<x:xmpmeta xmlns:x='a'><!DOCTYPE a [<!ENTITY b 'bbbbb'>]></x:xmpmeta>",
        b"<x:xmpmeta xmlns:x='a'>\xff\xfe</x:xmpmeta>",
    ],
)
def test_what_is_no_xmp_is_said(data: bytes) -> None:
    with pytest.raises(PhotoError, match="its description is"):
        Packet.of(data)
