/* What the page decides without asking the server. */
window.dash_clientside = Object.assign({}, window.dash_clientside, {
  lifemask: {
    /* Each click goes one on from the theme at load (Dash may hand over two quick clicks as one); the label says which holds. */
    theme(clicks) {
      const order = ["auto", "light", "dark"];
      const choice = order[(order.indexOf(window.lifemask.themeAtLoad) + (clicks || 0)) % order.length];
      if (clicks) {
        try { localStorage.setItem("lifemask-theme", choice); } catch { /* storage is off: it holds until reload */ }
        window.lifemask.applyTheme(choice);
      }
      const words = { auto: "as the system", light: "light", dark: "dark" };
      return [`sign sign-${choice}`, `Theme: ${words[choice]}. Change it`, `Theme: ${words[choice]}`];
    },
    /* Options go with the next upload; the keys are those of core.options.Options. */
    options(model, wholePhoto, ipd, fov, triangles, refine, focal, projection, smooth, background) {
      const options = { model: model || "auto", whole_photo: Boolean(wholePhoto) };
      if (ipd) options.ipd_mm = ipd;
      if (focal) options.focal_mm = focal;
      else if (fov) options.fov_deg = fov;
      if (projection) options.projection = projection;
      if (typeof smooth === "number") options.smooth = smooth;
      if (background) options.background = true;
      if (triangles) options.max_triangles = triangles;
      if (refine) options.refine = refine;
      window.lifemask.options = options;
      return options;
    },
  },
});
