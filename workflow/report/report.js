// A link into a closed part opens it, and all that it is in.
function reveal() {
  const at = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let part = at && at.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  if (at) at.scrollIntoView();
}
addEventListener("hashchange", reveal);

// Tables of a part that is opened can be sorted, filtered and saved. The library is read when the
// first one is; without it they stay plain tables.
let tableLibrary;
function readTableLibrary() {
  const text = document.getElementById("table-library").textContent;
  tableLibrary ??= import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  return tableLibrary;
}

// Numbers are sorted as such: by the first of a cell, an interval below it counts for nothing.
function sortKey(cell) {
  const found = cell.textContent.replaceAll(",", "").replaceAll("−", "-").match(/-?\d+(\.\d+)?(e-?\d+)?/);
  return found ? Number(found[0]) : -Infinity;
}

async function enliven(part) {
  const shown = [...part.querySelectorAll(".scroll > table")].filter((table) => table.tHead && table.offsetParent);
  if (!shown.length) return;
  const { default: DataTable } = await readTableLibrary();
  DataTable.ext.errMode = "throw";
  for (const table of shown) {
    if (DataTable.isDataTable(table)) continue;
    for (const cell of table.querySelectorAll("td.n")) cell.dataset.order = sortKey(cell);
    const many = table.tBodies[0].rows.length > 50;
    const name = (table.closest("details")?.querySelector("summary")?.textContent ?? "table").trim();
    const save = {
      extend: "csvHtml5", text: "save as TSV", fieldSeparator: "\t", fieldBoundary: "", extension: ".tsv",
      filename: document.title.split(" – ")[0] + " " + name.replace(/[^\w ]+/g, " ").trim().toLowerCase().replace(/ +/g, "-"),
      exportOptions: { format: { body: (_data, _row, _column, cell) => cell.innerText.replace(/\s+/g, " ").trim() } },
    };
    new DataTable(table, {
      order: [], autoWidth: false, paging: many, pageLength: 50, info: many, searching: true,
      language: { search: "", searchPlaceholder: "filter", entries: { _: "rows", 1: "row" } },
      layout: { topStart: [{ search: {} }, { buttons: [save] }], topEnd: null, bottomStart: many ? ["info", "paging"] : null, bottomEnd: null },
    });
  }
}
addEventListener("toggle", (event) => { if (event.target.open) enliven(event.target); }, true);

reveal();
