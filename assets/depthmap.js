/* The depth maps of the Statistics page: what a person brushes, draws or clicks is shown at once, without asking the server.
   A map's traces are named depth, veil, mark, levels and scale; `customdata` of the veil says which region a pixel is of. */
(function () {
  "use strict";
  const NOTHING = () => window.dash_clientside.no_update;
  const ACCENT = "rgb(190, 88, 52)";
  let first = null; // of two clicked points
  let brushed = [null, null]; // depths in the shown unit

  const HISTOGRAM = "#statistics-histogram";
  const mapOf = (face) => `.reading-map[data-face="${face}"]`;
  const graph = (place) => document.querySelector(`${place} .js-plotly-plot`);
  const index = (plot, name) => plot.data.findIndex((trace) => trace.name === name);
  const drawn = (plot) => plot && plot._fullData && plot._fullData.length && plot._fullLayout && plot._fullLayout.xaxis;

  /* The figure arrives before it is drawn: try until it is there, half a minute at most (a phone far away). */
  function whenDrawn(place, work, tries = 600) {
    const plot = graph(place);
    if (drawn(plot)) work(plot);
    else if (tries) setTimeout(() => whenDrawn(place, work, tries - 1), 50);
  }

  function paint(plot, regions, low, high) {
    const depth = plot._fullData[0].z;
    const parts = plot._fullData[index(plot, "veil")].customdata;
    const within = regions && new Set(regions);
    const brushed = low !== null && high !== null;
    if (!within && !brushed && !plot.painted) return;
    plot.painted = true;
    const veil = [], mark = [];
    for (let y = 0; y < depth.length; y++) {
      const covers = new Uint8Array(depth[y].length), marks = new Uint8Array(depth[y].length);
      for (let x = 0; x < covers.length; x++) {
        const value = depth[y][x];
        if (value === null || Number.isNaN(value)) continue;
        const inside = !within || within.has(parts[y][x]);
        if (!inside) covers[x] = 1;
        else if (brushed && value >= low && value <= high) marks[x] = 1;
      }
      veil.push(covers);
      mark.push(marks);
    }
    window.Plotly.restyle(plot, { z: [veil, mark] }, [index(plot, "veil"), index(plot, "mark")]);
  }

  /* Show the brushed depths on the histogram, too, when they come from the fields or the address. */
  function choose(plot, low, high) {
    const shown = (plot.layout.selections || [])[0];
    if (low === null || high === null) {
      if (shown) window.Plotly.relayout(plot, { selections: [] });
      return;
    }
    const close = (one, other) => Math.abs(one - other) <= 0.005 * Math.max(1e-3, high - low) + 0.005;
    if (shown && close(Math.min(shown.x0, shown.x1), low) && close(Math.max(shown.x0, shown.x1), high)) return;
    const [y0, y1] = plot._fullLayout.yaxis.range;
    window.Plotly.relayout(plot, { selections: [{ type: "rect", xref: "x", yref: "y", x0: low, x1: high, y0, y1 }] });
  }

  function straight(from, to) {
    return { type: "line", x0: from.x, y0: from.y, x1: to.x, y1: to.y, editable: true, line: { color: ACCENT, width: 2.5 } };
  }

  function dot(at) {
    return { type: "circle", x0: at.x - 4, x1: at.x + 4, y0: at.y - 4, y1: at.y + 4, fillcolor: ACCENT, line: { width: 0 } };
  }

  /* A click on a map or on a face's name makes that face the one that is measured. */
  document.addEventListener("click", (event) => {
    const place = event.target.closest(".reading-map[data-face], [data-activate]");
    const face = place && (place.dataset.activate || place.dataset.face);
    if (face && !document.querySelector(`.reading-map.active[data-face="${face}"]`)) {
      window.dash_clientside.set_props("statistics-face", { data: face });
    }
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    depthmap: {
      /* Veil what is outside the part; mark what is between the two depths (in the shown unit), in every map. */
      highlight(part, low, high, _figure, unit, about) {
        brushed = [low, high].map((value) => (typeof value === "number" ? value : null));
        // a histogram that comes anew is drawn a moment later, and has forgotten them
        [0, 300, 1000].forEach((wait) => setTimeout(() => whenDrawn(HISTOGRAM, (plot) => choose(plot, ...brushed)), wait));
        about.faces.forEach((face) => {
          const factor = unit === "ipd" ? about.ipd_mm[face] : 1;
          const mm = (value) => (typeof value === "number" ? value * factor : null);
          whenDrawn(mapOf(face), (plot) => paint(plot, about.parts[part], mm(low), mm(high)));
        });
        return NOTHING();
      },
      /* What is brushed on the histogram, as two numbers; another unit forgets it. */
      brush(selected, unit, low, high) {
        if (window.dash_clientside.callback_context.triggered_id !== "statistics-histogram") return [null, null];
        if (!selected || !selected.range || !selected.range.x) {
          const whole = typeof low === "number" && typeof high === "number"; // else a field was emptied
          return whole && !selected ? [null, null] : [NOTHING(), NOTHING()];
        }
        const round = (value) => Number(value.toFixed(unit === "ipd" ? 4 : 2));
        const [from, to] = selected.range.x.slice().sort((a, b) => a - b);
        return [round(from), round(to)];
      },
      /* Another face is measured: its map can be drawn on, the line on the last one goes. */
      activate(face) {
        first = null;
        document.querySelectorAll(".reading-map[data-face]").forEach((place) => {
          const active = place.dataset.face === face;
          const plot = place.classList.contains("active") && !active && place.querySelector(".js-plotly-plot");
          if (plot) { plot.line = null; window.Plotly.relayout(plot, { shapes: [] }); }
          place.classList.toggle("active", active);
        });
        document.querySelectorAll("[data-activate]").forEach((name) => {
          name.setAttribute("aria-pressed", String(name.dataset.activate === face));
        });
        return null;
      },
      /* Reading, drawing a line, or choosing two points. */
      mode(mode, face) {
        first = null;
        document.querySelectorAll(".reading-map[data-face]").forEach((place) => {
          const draws = mode === "line" && place.dataset.face === face;
          whenDrawn(mapOf(place.dataset.face), (plot) => window.Plotly.relayout(plot, { dragmode: draws ? "drawline" : false }));
        });
        return NOTHING();
      },
      levels(lines) {
        document.querySelectorAll(".reading-map[data-face]").forEach((place) => {
          whenDrawn(mapOf(place.dataset.face), (plot) => {
            const [x, y] = (lines && lines[place.dataset.face]) || [[], []];
            window.Plotly.restyle(plot, { x: [x], y: [y], visible: x.length > 0 }, [index(plot, "levels")]);
          });
        });
        return NOTHING();
      },
      /* Maps, bars and scale in other colours. */
      colours(name, about) {
        const scale = about.colours[name];
        const upside = scale.map(([place, colour]) => [1 - place, colour]).reverse();
        const restyle = (plot, trace, key, value) => {
          if (index(plot, trace) >= 0) window.Plotly.restyle(plot, { [key]: [value] }, [index(plot, trace)]);
        };
        about.faces.forEach((face) => whenDrawn(mapOf(face), (plot) => {
          restyle(plot, "depth", "colorscale", scale);
          restyle(plot, "scale", "marker.colorscale", upside);
        }));
        whenDrawn(HISTOGRAM, (plot) => {
          restyle(plot, "bars", "marker.colorscale", scale);
          restyle(plot, "strip", "colorscale", scale);
        });
        const bar = document.getElementById("statistics-scale");
        if (bar) bar.style.background = `linear-gradient(90deg, ${scale.map(([, colour]) => colour).join(", ")})`;
        return NOTHING();
      },
      /* The line that was drawn or moved last, in pixels of the crop; all others go. The graph is asked, not the event:
         of two that come together (drawn, resized) Dash hands over the last alone. */
      line(_changes, face) {
        const plot = graph(mapOf(face));
        const lines = ((plot && plot.layout.shapes) || []).filter((shape) => shape.type === "line");
        if (!lines.length) return NOTHING();
        const last = lines[lines.length - 1];
        const place = [last.x0, last.y0, last.x1, last.y1].join();
        if (place === plot.line) return NOTHING();
        plot.line = place;
        if (plot.layout.shapes.length > 1) setTimeout(() => window.Plotly.relayout(plot, { shapes: [last] }), 0);
        return { start: [last.x0, last.y0], end: [last.x1, last.y1] };
      },
      /* Two named places of the face make a line. */
      between(here, there, face, about) {
        const [from, to] = [here, there].map((name) => about.places[face][name]);
        if (!from || !to || here === there) return NOTHING();
        const line = straight({ x: from[0], y: from[1] }, { x: to[0], y: to[1] });
        whenDrawn(mapOf(face), (plot) => window.Plotly.relayout(plot, { shapes: [line] }));
        return NOTHING();
      },
      /* Two clicks make a line. */
      point(_clicks, mode, face) {
        const plot = graph(mapOf(face));
        const [clicked] = window.dash_clientside.callback_context.triggered;
        if (mode !== "points" || !plot || !clicked || !clicked.value || !clicked.value.points.length) return NOTHING();
        if (!clicked.prop_id.includes(face)) return NOTHING(); // it is chosen first
        const at = { x: clicked.value.points[0].x, y: clicked.value.points[0].y };
        if (first && first.x === at.x && first.y === at.y) return NOTHING(); // a double click is no line
        const shapes = first ? [straight(first, at)] : [dot(at)];
        first = first ? null : at;
        window.Plotly.relayout(plot, { shapes });
        return NOTHING();
      },
      /* Keep what is shown in the address, without a step back for each; links to more or fewer faces take it along. */
      address(part, unit, height, bins, colours, low, high, line, active, about, links) {
        const values = { active, part, unit, height, bins, colours };
        const kept = Object.entries(values).filter(([name, value]) => value !== null && value !== undefined && value !== about.defaults[name]);
        if (typeof low === "number" && typeof high === "number") kept.push(["from", low], ["to", high]);
        const tail = (pairs) => pairs.map(([name, value]) => `&${name}=${value}`).join("");
        const drawnLine = line ? [["line", [...line.start, ...line.end].map((value) => Number(value.toFixed(1))).join()]] : [];
        if (window.lifemask.path() === "/statistics") {
          history.replaceState(history.state, "", `?faces=${about.faces.join()}${tail(kept.concat(drawnLine))}`);
        }
        const along = tail(kept.filter(([name]) => name !== "height"));
        return links.map((link) => (link.includes("faces=") ? link.split("&")[0] + along : link));
      },
    },
  });
})();
