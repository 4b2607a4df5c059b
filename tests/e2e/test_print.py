"""From a face to a solid that prints; and many faces to one zip."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import trimesh

PATIENCE_MS = 300_000  # for a solid to be made on a busy machine


def downloaded(page: Any, click: Any) -> Path:
    with page.expect_download() as waiting:
        click()
    return Path(waiting.value.path())


def vertices_of_3mf(path: Path) -> np.ndarray:
    """(n, 3) mm of the model in a 3MF, by the letters of its XML."""
    from xml.etree import ElementTree

    core = "{http://schemas.microsoft.com/3dmanufacturing/core/2015/02}"
    model = ElementTree.fromstring(zipfile.ZipFile(path).read("3D/3dmodel.model"))
    assert model.attrib["unit"] == "millimeter"
    return np.array([[float(vertex.attrib[axis]) for axis in "xyz"] for vertex in model.iter(f"{core}vertex")])


def test_a_mask_of_another_size_is_made_checked_and_downloaded(page_of_two: Any, two_faces: dict[str, Any]) -> None:
    page = page_of_two
    page.goto(f"/print/{two_faces['ids'][0]}")
    page.locator(".viewer[data-loaded]").wait_for()
    page.locator("#print-dimensions").get_by_text("80.0").wait_for()
    page.get_by_label("Make it anew at every change").uncheck()
    page.get_by_label("Mask", exact=True).check(force=True)
    page.get_by_label("Wall", exact=True).wait_for()
    assert page.get_by_label("Border", exact=True).is_hidden()
    page.get_by_label("Width", exact=True).and_(page.get_by_role("spinbutton")).fill("62")
    page.get_by_text("Printer and filament").click()
    page.get_by_label("Most triangles").fill("20000")
    page.get_by_label("Filament", exact=True).select_option("PETG")
    assert page.locator("#print-stage.stale").is_visible()  # of the previous settings, and no file of them on offer
    assert page.get_by_text("Of the previous settings").first.is_visible()
    assert page.get_by_role("link", name="STL · printable solid").is_hidden()
    assert page.get_by_role("link", name="Download STL").count() == 0
    page.get_by_role("button", name="Make the solid").click()
    page.locator("#print-dimensions").get_by_text("62.0").wait_for(timeout=PATIENCE_MS)
    page.get_by_text("of PETG, printed").wait_for()
    checks = {
        row.locator("strong").inner_text(): row.inner_text().splitlines()[-1]
        for row in page.locator(".checks li").all()
    }
    assert {checks[name] for name in ("Closed surface", "Manifold", "Outside outwards", "Size as asked")} == {"Good"}
    assert len(checks) == 9
    page.locator("#print-stage:not(.stale)").wait_for()
    assert page.get_by_role("button", name="Make the solid").is_hidden()
    assert page.get_by_text("Mask STL, 62 mm").is_visible()
    stl = page.get_by_role("link", name="Download STL")
    solid = trimesh.load_mesh(downloaded(page, stl.click), file_type="stl")
    assert solid.is_volume
    assert abs(solid.extents[0] - 62) < 0.1
    assert len(solid.faces) <= 20_000
    model = vertices_of_3mf(downloaded(page, page.get_by_role("link", name="Download 3MF").click))
    assert len(model) == len(solid.vertices)
    assert np.abs(np.ptp(model, axis=0) - solid.extents).max() < 1e-3
    page.reload()  # the settings are the face's
    assert page.get_by_label("Mask", exact=True).is_checked()
    assert page.locator("#print-width_mm").input_value() == "62"
    assert page.locator("#print-filament").input_value() == "PETG"


def test_a_change_makes_the_solid_anew_by_itself(page_of_two: Any, two_faces: dict[str, Any]) -> None:
    page = page_of_two
    page.goto(f"/print/{two_faces['ids'][1]}")
    page.locator(".viewer[data-loaded]").wait_for()
    page.locator("#print-width_mm").fill("5")
    page.get_by_text("Width must be a number from 10 to 1000 (mm).").wait_for()
    field = page.locator("#print-width_mm[aria-invalid=true]")
    field.wait_for()
    assert page.locator(f"[id='{field.get_attribute('aria-describedby')}']").inner_text().startswith("Width must be")
    page.locator("#print-width_mm").fill("50")
    page.locator("#print-width_mm:not([aria-invalid])").wait_for()
    page.locator("#print-dimensions").get_by_text("50.0").wait_for(timeout=PATIENCE_MS)
    page.get_by_text("Made in").wait_for()


def test_a_purpose_fills_in_the_form_and_each_look_is_shown(page_of_two: Any, two_faces: dict[str, Any]) -> None:
    page = page_of_two
    page.goto(f"/print/{two_faces['ids'][1]}")
    page.locator(".viewer[data-loaded]").wait_for()
    page.get_by_role("button", name="Lithophane lamp").click()
    page.get_by_text("Lamp STL, 90 mm").wait_for(timeout=PATIENCE_MS)
    assert page.get_by_label("Lamp", exact=True).is_checked()
    for look, words in (
        ("lit", "A simulation"),
        ("walls", "Orange: holds fewer than two lines"),
        ("overhang", "Red: leans over"),
        ("plaster", None),
    ):
        page.locator(f"#print-look input[value={look}]").check(force=True)
        where = f"[data-src*='look={look}']" if look != "plaster" else ":not([data-src*='look='])"
        page.locator(f"#print-stage .viewer[data-loaded]{where}").wait_for(timeout=PATIENCE_MS)
        if words:
            page.locator("#print-stage").get_by_text(words).wait_for()
    page.get_by_role("button", name="Open in slicer").click()
    links = page.locator("#print-actions .dropdown-item").all()
    assert [link.get_attribute("href").split("in=")[1] for link in links] == ["orcaslicer", "cura"]


def test_chosen_faces_are_exported_as_one_zip(page_of_two: Any) -> None:
    page = page_of_two
    page.goto("/library")
    export = page.get_by_role("button", name="Export")
    assert export.is_disabled()
    boxes = page.locator(".thumbs [role=checkbox]")
    for i in range(2):
        boxes.nth(i).check()
    export.click()
    path = downloaded(page, page.get_by_role("menuitem", name="To print").or_(page.get_by_text("To print")).first.click)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == sorted(
            f"{stem}-01/{name}" for stem in ("astronaut", "grace_hopper") for name in ("solid.stl", "solid.3mf")
        )
