/* The Mark page: the box on the photo and its three numbers say the same, whichever a person changed.
   A box stays as it was drawn: the numbers are its middle and its longer side. Typed numbers make it a square. */
(function () {
  "use strict";
  const rounded = (shape) => [
    (shape.x0 + shape.x1) / 2, (shape.y0 + shape.y1) / 2, Math.max(Math.abs(shape.x1 - shape.x0), Math.abs(shape.y1 - shape.y0)),
  ].map(Math.round);
  const same = (one, other) => one.length === other.length && one.every((value, k) => value === other[k]);

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    marking: {
      /* Asks the graph which box was drawn or moved last: of two events that come together (drawn, resized) Dash hands over one. */
      move(_change, x, y, side) {
        const plot = document.querySelector("#mark-figure .js-plotly-plot");
        const shapes = plot && plot.layout ? plot.layout.shapes : [];
        const typed = [x, y, side];
        let box = null, drawn = null;
        if (shapes.length) {
          const last = shapes[shapes.length - 1], shown = rounded(last);
          const about = window.dash_clientside.callback_context.triggered.map((each) => each.prop_id);
          if (about.includes("mark-figure.relayoutData") && !same(shown, plot.box || [])) [box, drawn] = [shown, last];
          else if (same(typed, shown)) [box, drawn] = [shown, last];
          else if (typed.every(Number.isFinite) && side > 0) box = typed;
        }
        if (!box) return typed.map(() => window.dash_clientside.no_update);
        plot.box = box;
        const half = box[2] / 2;
        const { x0, x1, y0, y1 } = drawn || { x0: box[0] - half, x1: box[0] + half, y0: box[1] - half, y1: box[1] + half };
        const shown = { ...shapes[0], x0, x1, y0, y1 };
        const moved = ["x0", "x1", "y0", "y1"].some((corner) => shapes[0][corner] !== shown[corner]);
        if (moved || shapes.length > 1) window.Plotly.relayout(plot, { shapes: [shown] });
        return box;
      },
    },
  });
})();
