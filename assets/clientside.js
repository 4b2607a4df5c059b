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
      const theme = { auto: say("as the system"), light: say("light"), dark: say("dark") }[choice];
      return [`sign sign-${choice}`, say("Theme: {theme}. Change it", { theme }), say("Theme: {theme}", { theme })];
    },
    /* Options go with the next upload, each under the name in its field's id; what is empty the server takes or refuses. */
    options() {
      const fields = window.dash_clientside.callback_context.inputs_list;
      const options = Object.fromEntries(fields.map(({ id, value }) => [id.replace("option-", ""), value ?? null]));
      if (options.focal_mm) options.fov_deg = null;
      window.lifemask.options = options;
      return options;
    },
  },
});
