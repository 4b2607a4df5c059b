/* What the server sends as HTML because nothing in it changes (dashboard/web/still.py): for Dash one component. */
(function () {
  "use strict";
  window.lifemask.Still = ({ tag, attributes, html }) =>
    window.React.createElement(tag, { ...attributes, dangerouslySetInnerHTML: { __html: html } });

  /* Links between pages: Dash hears of the new address by the event, as from its own. */
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-link]");
    const elsewhere = event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!link || elsewhere || event.defaultPrevented) return;
    event.preventDefault();
    history.pushState({}, "", link.href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  });
})();
