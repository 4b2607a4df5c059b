/* The table of Compare is AG Grid, more than a megabyte of script: it is fetched when a page first shows one. Until then a component of
   its name stands in, in the way of Dash's own late ones: `_dashprivate_isLazyComponentReady` tells Dash when it is there. */
(function () {
  "use strict";
  const { grid } = document.currentScript.dataset; // where its script is
  let loaded = null;
  let late = null;

  function load() {
    loaded = loaded || new Promise((resolve, reject) => {
      const script = document.createElement("script");
      Object.assign(script, { src: grid, onload: () => resolve(window.dash_ag_grid.AgGrid), onerror: reject });
      document.head.append(script);
    });
    return loaded;
  }

  function AgGrid(props) {
    const { createElement, lazy, Suspense } = window.React;
    late = late || lazy(() => load().then((found) => ({ default: found })));
    return createElement(Suspense, { fallback: null }, createElement(late, props));
  }
  Object.defineProperty(AgGrid, "_dashprivate_isLazyComponentReady", {
    get: () => load().then((found) => found._dashprivate_isLazyComponentReady),
  });
  window.dash_ag_grid = { AgGrid };
})();
