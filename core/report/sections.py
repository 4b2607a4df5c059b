"""The sections of a report, each a piece of HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.comparison.difference import Comparison
from core.comparison.pairs import PairTable
from core.errors import GeometryError
from core.files.colours import DEPTH, DIVERGING, coloured, signed_limit
from core.geometry.facts import BEHIND_NOSE, all_behind
from core.geometry.reconstruction import Reconstruction
from core.measure.ansur import REFERENCES, SOURCE, Spread, cautions
from core.measure.face import face_measures, withheld
from core.measure.profiles import named_profiles
from core.measure.regions import REGIONS, face_area
from core.measure.statistics import density, relative_depth, shared_edges, statistics_by_region
from core.measure.symmetry import Symmetry, symmetry
from core.measure.table import (
    DEPTHS,
    DIFFERENCES,
    DISTANCE,
    FROM_MEAN,
    IPD,
    MEASURES,
    MEDIAN,
    POINTS,
    RMS,
    SYMMETRY_COVERAGE,
    SYMMETRY_RMS,
    Place,
    Statistic,
    chosen,
    part_name,
)
from core.report.charts import SERIES, Curve, chart, colour_bar, pair_matrix
from core.report.pictures import head_box, map_address, photo_address

BINS = 96
NOSE = f"mm {BEHIND_NOSE}"


@dataclass(frozen=True)
class PointNumbers:
    """What comparing heads point by point has given.

    of_faces : for each face its numbers by the keys of `core.measure.table.POINTS` and `FROM_MEAN`; the reference has
    those of the mean alone. notes : sentences on what they rest on.
    """

    of_faces: Sequence[Mapping[str, float | None]]
    notes: Sequence[str]


@dataclass(frozen=True)
class ComparedFaces:
    """What a report is of; see `core.report.report`."""

    faces: tuple[Reconstruction, ...]
    names: tuple[str, ...]
    comparisons: Mapping[int, Comparison]
    pairs: PairTable
    reference: int

    @cached_property
    def depths(self) -> list[NDArray[np.float32]]:
        """(S, S) each, mm behind the nose tip."""
        return [relative_depth(face) for face in self.faces]

    def name(self, i: int) -> str:
        """A face's name beside the dot of its colour."""
        return f'<div class="name"><i style="background:{_colour(i)}"></i><h3>{escape(self.names[i])}</h3></div>'

    def table(self, first: str, rows: Sequence[Sequence[str]], more: Sequence[str] = ()) -> str:
        """A table with a column for each face, and more."""
        dots = [f'<i style="background:{_colour(i)}"></i>{escape(name)}' for i, name in enumerate(self.names)]
        head = "".join(f"<th>{cell}</th>" for cell in (first, *dots, *more))
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
        return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def section(title: str, text: str, body: str, aside: str = "") -> str:
    """A titled part of the page."""
    lead = f"<p>{escape(text)}</p>" if text else ""
    bar = f'<div class="bar">{aside}</div>' if aside else ""
    return f'<section><div class="head"><div><h2>{escape(title)}</h2>{lead}</div>{bar}</div>{body}</section>'


def the_faces(compared: ComparedFaces) -> str:
    """Photo, depth and assumptions of each."""
    low = min(float(np.nanpercentile(depth, 1)) for depth in compared.depths)
    high = max(float(np.nanpercentile(depth, 99)) for depth in compared.depths)
    low, high = float(np.floor(low)), float(np.ceil(high))
    cards = []
    for i, (face, depth) in enumerate(zip(compared.faces, compared.depths, strict=True)):
        box = head_box(face.head)
        pictures = _figure(photo_address(face.crop_rgb, box), f"Photo of {compared.names[i]}") + _figure(
            map_address(coloured(depth, low, high, DEPTH), box), f"Depth of {compared.names[i]}"
        )
        cards.append(f'<div>{compared.name(i)}<div class="two">{pictures}</div>{_facts(face)}</div>')
    behind = all_behind(face.facts for face in compared.faces)
    bar = colour_bar("depth", DEPTH, low, high, ("near", behind))
    return section("The faces", f"Depth {behind}, all on one scale.", _grid("faces", cards), bar)


def _facts(face: Reconstruction) -> str:
    facts = face.facts
    parts = [
        f"network {facts.network.name}",
        f"{'measured' if facts.is_measured else 'assumed'} {IPD.name} {IPD.with_unit(facts.scale_ipd_mm)}",
        f"{DISTANCE.name} {DISTANCE.with_unit(facts.distance_mm)}",
    ]
    if facts.face:
        parts.append(f"turned by {abs(facts.face.yaw_deg):.0f}\u00b0")
    return f'<p class="facts">{escape("; ".join(parts))}</p>'


def differences(compared: ComparedFaces) -> str:
    """The others on the reference: seen from its camera, and the signed map."""
    reference = compared.faces[compared.reference]
    area, box = face_area(reference), head_box(reference.head)
    limit = signed_limit([found.difference_mm[area] for found in compared.comparisons.values()])
    own = _figure(photo_address(reference.crop_rgb, box), "The reference", compared.names[compared.reference])
    articles = []
    for i, found in compared.comparisons.items():
        name = compared.names[i]
        seen = _figure(
            photo_address(found.warped_rgb, box, found.seen.mask),
            f"{name}, seen by the reference's camera",
            f"{name}, laid on",
        )
        drawn = coloured(found.difference_mm, -limit, limit, DIVERGING)
        signed = _figure(map_address(drawn, box), f"Difference of {name}", "difference")
        articles.append(
            f'<article>{compared.name(i)}<div class="three">{own}{seen}{signed}</div>{_numbers(found)}</article>'
        )
    ends = ("lies farther in", "stands out farther")
    rows = [
        [part_name(name), *(_by_region(compared, i, name) for i in range(len(compared.faces)))]
        for name in ("face", *REGIONS)
    ]
    text = (
        "Signed, at right angles to the reference's face. The figures are of the inner face (brows, eyes, nose, "
        "mouth), where hair, beard and a turned head change least. What the other photo does not show is left blank."
    )
    table = compared.table(f"RMS by region, {RMS.unit}", rows)
    return section(
        f"Difference from {compared.names[compared.reference]}", text, "".join(articles) + table,
        colour_bar("difference", DIVERGING, -limit, limit, ends),
    )  # fmt: skip


def _by_region(compared: ComparedFaces, i: int, region: str) -> str:
    if i == compared.reference:
        return "\u2013"
    return RMS.text(compared.comparisons[i].by_region.get(region))


def _numbers(found: Comparison) -> str:
    numbers = found.numbers()
    shown = {one.name: one.with_unit(numbers[one.key]) for one in chosen(DIFFERENCES, Place.REPORT)}
    return '<dl class="numbers">' + "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in shown.items()) + "</dl>"


def point_by_point(compared: ComparedFaces, points: PointNumbers) -> str:
    """Heads point by point beside the nearest points, and how far each is from the mean of all."""
    nearest = [
        compared.comparisons[i].rms_mm if i in compared.comparisons else None for i in range(len(compared.faces))
    ]
    shown: tuple[Statistic[Any], ...] = (*chosen(POINTS, Place.REPORT), FROM_MEAN)
    rows = [["Nearest point, RMS, mm", *map(RMS.text, nearest)]]
    rows += [[one.heading, *(one.text(numbers.get(one.key)) for numbers in points.of_faces)] for one in shown]
    meanings = ". ".join(f"{one.name}: {one.help}" for one in shown)
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in (*points.notes, f"{meanings}."))
    first = f"From {escape(compared.names[compared.reference])}"
    return section("Point by point", "", compared.table(first, rows) + notes)


def all_pairs(compared: ComparedFaces) -> str:
    """Matrix and dendrogram."""
    text = "RMS difference in mm over the inner face, of each face on each other; like stands beside like."
    return section("Every pair", text, pair_matrix(compared.pairs))


def depths(compared: ComparedFaces) -> str:
    """Histograms and statistics."""
    edges = shared_edges(compared.depths, BINS)
    curves = [
        Curve(np.repeat(edges, 2)[1:-1], np.repeat(density(depth, edges), 2), _colour(i))
        for i, depth in enumerate(compared.depths)
    ]
    drawn = chart(curves, NOSE, "share of pixels per mm", width=1000, height=280, from_zero=True)
    found = [statistics_by_region(face) for face in compared.faces]
    rows = [
        [one.name, *(one.text(getattr(face["head"], one.key)) for face in found)]
        for one in chosen(DEPTHS, Place.REPORT)
    ]
    rows += [
        [
            f"{MEDIAN.name} of the {name}",
            *(MEDIAN.text(parts[name].median if name in parts else None) for parts in found),
        ]
        for name in ("face", *REGIONS)
    ]
    return section(
        "How deep the heads are",
        f"{part_name('head')} unless a part is named.",
        _grid("scroll", [drawn]) + compared.table("Depth, mm", rows),
    )


def profiles(compared: ComparedFaces) -> str:
    """Lines over the reference, and the same lines over the others as laid onto it."""
    own = compared.faces[compared.reference]
    lines = {compared.reference: named_profiles(own)}
    shift = {compared.reference: 0.0}
    for i, found in compared.comparisons.items():
        lines[i] = named_profiles(found.seen)
        shift[i] = found.seen.reference_mm - own.reference_mm
    drawn = []
    for name, title in (("midline", "Midline"), ("eye line", "Eye line"), ("mouth line", "Mouth line")):
        curves = []
        for i in sorted(lines):
            line = lines[i][name]
            depth = line.depth_mm + shift[i]
            if not np.isfinite(depth).any():
                continue
            across, up = (depth, line.along_mm) if name == "midline" else (line.along_mm, -depth)
            curves.append(Curve(across, up, _colour(i)))
        axes = (
            (NOSE, "mm above the nose tip")
            if name == "midline"
            else ("mm to the picture's right", "mm before the nose")
        )
        drawn.append(f"<div><h3>{title}</h3>{chart(curves, *axes, even=True, width=460, height=420)}</div>")
    text = "Along lines of the reference; the others as they lie on it, from the reference's nose tip."
    return section("Profiles", text, _grid("profiles", drawn))


def symmetries(compared: ComparedFaces) -> str:
    """Left against right, of each face."""
    found: list[Symmetry | None] = []
    for face in compared.faces:
        try:
            found.append(symmetry(face))
        except GeometryError:  # turned too far: said in the table
            found.append(None)
    known = [
        one.difference_mm[face_area(face)] for one, face in zip(found, compared.faces, strict=True) if one is not None
    ]
    limit = signed_limit(known)
    cards = []
    for i, (one, face) in enumerate(zip(found, compared.faces, strict=True)):
        if one is None:
            continue
        box, drawn = head_box(face.head), coloured(one.difference_mm, -limit, limit, DIVERGING)
        caption = (
            f"RMS {SYMMETRY_RMS.with_unit(one.rms_mm)} over {SYMMETRY_COVERAGE.with_unit(one.coverage)} of the face"
        )
        picture = _figure(map_address(drawn, box), f"Left against right of {compared.names[i]}", caption)
        cards.append(f"<div>{compared.name(i)}{picture}</div>")
    rows = [
        [
            part_name(name),
            *(
                "not seen"
                if one is None
                else SYMMETRY_RMS.text(one.rms_mm if name == "face" else one.by_region.get(name))
                for one in found
            ),
        ]
        for name in ("face", *REGIONS)
    ]
    text = "How far each place stands out beyond its counterpart on the other side of the best mirror plane."
    bar = colour_bar("symmetry", DIVERGING, -limit, limit, ("lies farther in", "stands out farther"))
    return section("Left and right", text, _grid("faces", cards) + compared.table("RMS, mm", rows), bar)


def lengths(compared: ComparedFaces) -> str:
    """Main lengths beside a survey."""
    measures = [face_measures(face) for face in compared.faces]
    shown = chosen(MEASURES, Place.REPORT)
    rows = []
    for length in shown:
        known = REFERENCES.get(length.key)
        spreads = [_spread(one) for one in (known.men, known.women, known.pooled)] if known else ["\u2013"] * 3
        rows.append([length.name, *(length.text(getattr(one, length.key, None)) for one in measures), *spreads])
    table = compared.table("Length, mm", rows, ("Men", "Women", "Both"))
    meanings = ". ".join(f"{length.name}: {length.help}" for length in shown)
    spread = f"Mean \u00b1 standard deviation, both: as many men as women. {SOURCE}."
    why = [(name, withheld(face)) for name, face in zip(compared.names, compared.faces, strict=True)]
    reasons = "".join(f'<p class="note">{escape(f"{name}: {reason}")}</p>' for name, reason in why if reason)
    caution = " ".join(cautions(measured=(face.facts.is_measured for face in compared.faces)))
    return section("Lengths", caution, table + reasons + f'<p class="note">{escape(meanings)}. {escape(spread)}</p>')


def _colour(i: int) -> str:
    return SERIES[i % len(SERIES)]


def _spread(spread: Spread) -> str:
    return f"{spread.mean_mm:.1f} \u00b1 {spread.std_mm:.1f}"


def _grid(kind: str, parts: Sequence[str]) -> str:
    return f'<div class="{kind}">{"".join(parts)}</div>'


def _figure(address: str, what: str, caption: str = "") -> str:
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img src="{address}" alt="{escape(what)}">{below}</figure>'
