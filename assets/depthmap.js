/* The depth map of the Statistics page: what a person brushes, draws or clicks is shown at once, without asking the server.
   The figure's traces are named depth, veil, mark and levels; `customdata` of the veil says which region a pixel is of. */
(function () {
  "use strict";
  const NOTHING = () => window.dash_clientside.no_update;
  let first = null; // of two clicked points

  const graph = (id) => document.querySelector(`#${id} .js-plotly-plot`);
  const index = (plot, name) => plot.data.findIndex((trace) => trace.name === name);
  const drawn = (plot) => plot && plot._fullData && plot._fullData.length > 3 && plot._fullData[0].z;

  /* The figure arrives before it is drawn: try until it is there, half a minute at most (a phone far away). */
  function whenDrawn(id, work, tries = 600) {
    const plot = graph(id);
    if (drawn(plot)) work(plot);
    else if (tries) setTimeout(() => whenDrawn(id, work, tries - 1), 50);
  }

  function paint(plot, regions, low, high) {
    const depth = plot._fullData[0].z;
    const parts = plot._fullData[index(plot, "veil")].customdata;
    const within = regions && new Set(regions);
    const brushed = low !== null && high !== null;
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

  function straight(from, to) {
    return {
      type: "line", x0: from.x, y0: from.y, x1: to.x, y1: to.y, editable: true,
      line: { color: "rgb(190, 88, 52)", width: 2.5 },
    };
  }

  function dot(at) {
    return {
      type: "circle", x0: at.x - 4, x1: at.x + 4, y0: at.y - 4, y1: at.y + 4,
      fillcolor: "rgb(190, 88, 52)", line: { width: 0 },
    };
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    depthmap: {
      /* Veil what is outside the part; mark what is between the two depths (in the shown unit). */
      highlight(part, low, high, unit, about) {
        const factor = unit === "ipd" ? about.ipd_mm : 1;
        const mm = (value) => (typeof value === "number" ? value * factor : null);
        whenDrawn("statistics-map", (plot) => paint(plot, about.parts[part], mm(low), mm(high)));
        return NOTHING();
      },
      /* What is brushed on the histogram, as two numbers; another unit or face forgets it. */
      brush(selected, unit) {
        if (window.dash_clientside.callback_context.triggered_id !== "statistics-histogram") return [null, null];
        if (!selected || !selected.range || !selected.range.x) return [null, null];
        const round = (value) => Number(value.toFixed(unit === "ipd" ? 4 : 2));
        const [low, high] = selected.range.x.slice().sort((a, b) => a - b);
        return [round(low), round(high)];
      },
      /* Reading, drawing a line, or choosing two points. */
      mode(mode) {
        first = null;
        whenDrawn("statistics-map", (plot) => window.Plotly.relayout(plot, { dragmode: mode === "line" ? "drawline" : false }));
        return NOTHING();
      },
      levels(shown) {
        whenDrawn("statistics-map", (plot) => window.Plotly.restyle(plot, { visible: Boolean(shown) }, [index(plot, "levels")]));
        return NOTHING();
      },
      /* The line that was drawn or moved last, in pixels of the crop; all others go. The graph is asked, not the event:
         of two that come together (drawn, resized) Dash hands over the last alone. */
      line() {
        const plot = graph("statistics-map");
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
      between(here, there, about) {
        const [from, to] = [here, there].map((name) => about.places[name]);
        if (!from || !to || here === there) return NOTHING();
        const line = straight({ x: from[0], y: from[1] }, { x: to[0], y: to[1] });
        whenDrawn("statistics-map", (plot) => window.Plotly.relayout(plot, { shapes: [line] }));
        return NOTHING();
      },
      /* Two clicks make a line. */
      point(clicked, mode) {
        const plot = graph("statistics-map");
        if (mode !== "points" || !plot || !clicked || !clicked.points.length) return NOTHING();
        const at = { x: clicked.points[0].x, y: clicked.points[0].y };
        if (first && first.x === at.x && first.y === at.y) return NOTHING(); // a double click is no line
        const shapes = first ? [straight(first, at)] : [dot(at)];
        first = first ? null : at;
        window.Plotly.relayout(plot, { shapes });
        return NOTHING();
      },
    },
  });
})();
