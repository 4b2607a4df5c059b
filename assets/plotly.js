/* Dash fetches Plotly with the first graph of a page, and from where this says: the part for charts of two axes, a third of the whole. */
Object.defineProperty(window, "_dashPlotlyJSURL", {
  get: () => window.lifemask.at("/assets/vendor/plotly/plotly-cartesian.min.js"),
  set() { /* Dash names the whole one */ },
});
/* What Plotly itself says; it takes the page's language from each graph (components/views.py). */
window.PlotlyLocales = [{
  moduleType: "locale",
  name: document.documentElement.lang,
  dictionary: {
    "Download plot": say("Download plot"),
    "Download plot as a PNG": say("Download plot as a PNG"),
    "Zoom": say("Zoom"),
    "Pan": say("Pan"),
    "Zoom in": say("Zoom in"),
    "Zoom out": say("Zoom out"),
    "Reset axes": say("Reset axes"),
    "Double-click to zoom back out": say("Double-click to zoom back out"),
    "Preparing image - this may take a few seconds": say("Preparing image - this may take a few seconds"),
    "Image download succeeded": say("Image download succeeded"),
    "Sorry, there was a problem downloading your image!": say("Sorry, there was a problem downloading your image!"),
  },
}];
