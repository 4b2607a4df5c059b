/* Tables whose headings sort them (`page.sortable` in dashboard/components/page.py). */
(function () {
  "use strict";
  const valueOf = (row, column) => row.props.children[column].props["data-value"];

  function compare(one, other) {
    const known = (value) => value !== undefined && value !== null;
    if (!known(one) || !known(other)) return Number(known(other)) - Number(known(one)); // what is not known comes last
    return typeof one === "string" ? one.localeCompare(other, undefined, { numeric: true }) : one - other;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    tables: {
      /* A click on a heading sorts its column upwards, the next one downwards; equal rows keep their order. */
      sort(clicks, rows, orders) {
        const nothing = window.dash_clientside.no_update;
        const asked = window.dash_clientside.callback_context.triggered_id;
        if (!asked || !clicks[asked.column]) return [nothing, orders.map(() => nothing)];
        const down = orders[asked.column] === "ascending";
        const known = (row) => valueOf(row, asked.column) !== undefined;
        const sorted = rows.slice().sort((one, other) => {
          const found = compare(valueOf(one, asked.column), valueOf(other, asked.column));
          return down && known(one) && known(other) ? -found : found;
        });
        return [sorted, orders.map((_, column) => (column === asked.column ? (down ? "descending" : "ascending") : "none"))];
      },
    },
  });
})();
