/* Dash fetches Plotly with the first graph of a page, and from where this says: the part for charts of two axes, a third of the whole. */
Object.defineProperty(window, "_dashPlotlyJSURL", {
  get: () => "/assets/vendor/plotly/plotly-cartesian.min.js",
  set() { /* Dash names the whole one */ },
});
