"""The report in a browser: its parts open, its tables sort, filter and are saved."""

import pytest
from browser import needs_browser, visit
from test_report import page

pytestmark = [pytest.mark.slow, needs_browser]

HOSTILE = "<img src=x onerror=alert(1)>"
ACTIONS = """
  const found = {};
  found.closed = [...document.querySelectorAll("details.section")].every((part) => !part.open);
  location.hash = "#unseen";
  await until(() => document.getElementById("embedding").closest("details").open);
  const open = document.querySelectorAll("details.section[open] > div");
  found.opened = [...open].map((part) => part.id);

  openAll();
  const tables = () => [...document.querySelectorAll(".scroll table.dataTable")];
  await until(() => tables().length);
  await wait(1000);
  const table = tables().find((table) => table.tHead.textContent.includes("macro-F1"));
  const heads = [...table.tHead.rows[0].cells];
  const head = heads.find((cell) => cell.textContent.includes("balanced"));
  const value = (row) => parseFloat(row.cells[head.cellIndex].textContent);
  const column = () => [...table.tBodies[0].rows].map(value);
  found.before = column();
  head.click(); await wait(200);
  found.up = column(); found.sorted = head.getAttribute("aria-sort");
  head.click(); await wait(200);
  found.down = column();

  let saved = null;
  URL.createObjectURL = (blob) => { saved = blob; return "data:,"; };
  HTMLAnchorElement.prototype.click = HTMLAnchorElement.prototype.dispatchEvent =
    function () { found.name = this.download; return true; };
  const around = table.closest(".dt-container");
  around.querySelector(".dt-button").click();
  await until(() => saved);
  found.saved = await saved.text();

  const box = around.querySelector("input[type=search]");
  box.value = "uniform"; box.dispatchEvent(new Event("input", {bubbles: true})); await wait(300);
  found.left = [...table.tBodies[0].rows].map((row) => row.textContent);
  return found;
"""


def check_quiet(seen, width):
    assert not seen.errors and not seen.asked
    assert seen.width <= max(width, 500)  # no window of Chromium is narrower


def test_sections_open_and_tables_sort_filter_and_are_saved(tmp_path):
    (tmp_path / "report.html").write_text(page(tmp_path), encoding="utf-8")
    seen = visit(tmp_path / "report.html", ACTIONS)
    check_quiet(seen, 1300)
    found = seen.found
    assert found["closed"] and found["opened"] == ["embedding"]
    assert len(set(found["before"])) > 1
    assert found["up"] == sorted(found["before"]) and found["sorted"] == "ascending"
    assert found["down"] == sorted(found["before"], reverse=True)
    assert len(found["left"]) == 1 and "uniform" in found["left"][0]
    head, *rows = (line.split("\t") for line in found["saved"].rstrip().splitlines())
    assert "balanced accuracy" in head and {len(row) for row in rows} == {len(head)}
    assert any("uniform" in row for row in rows) and found["name"].endswith(".tsv")


def test_a_hostile_name_runs_nothing_on_a_narrow_page(tmp_path):
    (tmp_path / "safe.html").write_text(page(tmp_path, HOSTILE), encoding="utf-8")
    seen = visit(tmp_path / "safe.html", "openAll(); await wait(2000);", 400)
    check_quiet(seen, 400)
    assert not seen.alerts


def test_a_hostile_name_that_is_not_escaped_would_be_seen(tmp_path):
    text = f"<html><head></head><body>{HOSTILE}</body></html>"
    (tmp_path / "open.html").write_text(text, encoding="utf-8")
    assert visit(tmp_path / "open.html", "await wait(500);").alerts == ["1"]
