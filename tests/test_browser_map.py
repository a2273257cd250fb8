"""Pictures of the page in a browser, which opens the page and moves a mouse over it."""

import base64
import json
import re

import pandas as pd
import pytest
from browser import needs_browser, run_chromium
from test_interactive import HOSTILE, RANKS, distances, study
from test_report import page
from visgen.figures.interactive.distance_pair import pair_picture
from visgen.figures.interactive.documents import bokeh_script
from visgen.figures.interactive.image_map import map_picture
from visgen.report.photographs import script_json

pytestmark = [pytest.mark.slow, needs_browser]
PHOTOGRAPH = "data:image/gif;base64,R0lGODlhAQABAIAAAAUEBA7/ACwAAAAAAQABAAACAkQBADs="

# Opens the sections, moves a mouse over their pictures, chooses, and says what it saw.
LOOK = """
<script>
function photographOf(key) { return key.endsWith("image 0") ? "PHOTOGRAPH" : ""; }
const seen = {errors: []};
addEventListener("error", (event) => seen.errors.push(event.message));
const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
const model = (name) => Bokeh.documents.map((one) => one.get_model_by_name(name)).find(Boolean);
const nDrawn = (part) => [...part.querySelectorAll(".plot > *")].filter((x) => x.shadowRoot).length;
const nMuted = () => model("images").data.alpha.filter((value) => value < 0.1).length;
function tipOf(plot) {
  const tip = plot.querySelector(".tip");
  return tip && !tip.hidden ? tip : null;
}
function move(plot, across, down) {
  const box = plot.getBoundingClientRect();
  const [clientX, clientY] = [box.left + across, box.top + down];
  let under = document.elementFromPoint(clientX, clientY);
  while (under && under.shadowRoot) {
    const inside = under.shadowRoot.elementFromPoint(clientX, clientY);
    if (!inside || inside === under) break;
    under = inside;
  }
  const at = {clientX, clientY, bubbles: true, composed: true, isPrimary: true, view: window};
  for (const kind of ["pointerover", "pointermove"]) {
    under?.dispatchEvent(new PointerEvent(kind, {...at, pointerType: "mouse"}));
  }
}
addEventListener("load", async () => {
  const map = document.querySelector(".interactive select").closest(".interactive");
  const pair = document.querySelector(".interactive .pair").closest(".interactive");
  seen.before = [nDrawn(map), nDrawn(pair), map.hidden];
  for (const part of [map, pair]) part.closest("details.section").open = true;
  await wait(2);
  seen.after = [nDrawn(map), nDrawn(pair), map.hidden];
  const [plot] = map.querySelectorAll(".plot");
  plot.scrollIntoView();
  await wait(1);
  for (let across = 60; across < plot.clientWidth && !seen.tip; across += 6)
    for (let down = 40; down < plot.clientHeight && !seen.tip; down += 6) {
      move(plot, across, down);
      const tip = tipOf(plot);
      if (tip) seen.tip = {text: tip.innerText, images: tip.querySelectorAll("img").length};
    }
  seen.pca = [...model("images").data.x].slice(0, 3);
  map.querySelector("input[value=tsne]").click();
  seen.tsne = [...model("images").data.x].slice(0, 3);
  const select = map.querySelector("select");
  seen.options = [...select.options].map((option) => option.text);
  select.value = "1";
  select.dispatchEvent(new Event("change"));
  const buttons = map.querySelectorAll(".groups button");
  seen.groups = buttons.length;
  seen.sentence = map.querySelector(".sentence").textContent;
  seen.muted = [nMuted()];
  buttons[0].click();
  seen.muted.push(nMuted());
  const [, visual] = pair.querySelectorAll(".plot");
  visual.scrollIntoView();
  await wait(1);
  move(visual, visual.clientWidth / 2 + 3, visual.clientHeight / 3);
  seen.pair = tipOf(visual)?.innerText;
  seen.injected = document.querySelectorAll("img[onerror]").length;
  console.log("SEEN:" + btoa(unescape(encodeURIComponent(JSON.stringify(seen)))));
});
</script>
</body>"""


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    """Return what the browser saw, and what it said, of a page with hostile names."""
    folder = tmp_path_factory.mktemp("page")
    places, labels = study(name=HOSTILE)
    images = map_picture(places, labels, RANKS, "order", [0.4, 0.2], {"genus": "A number."})
    genetic = distances(7, name=HOSTILE)
    groups = pd.Series(f"{HOSTILE}g", genetic.ids)
    pictures = {
        "map_picture": script_json(images),
        "pair_picture": script_json(pair_picture(genetic, distances(7, 2, HOSTILE), groups)),
        "bokeh": bokeh_script(),
    }
    text = page(folder, pictures=pictures)
    path = folder / "page.html"
    path.write_text(text.replace("</body>", LOOK.replace("PHOTOGRAPH", PHOTOGRAPH)))
    command = ["--window-size=1300,1000"]
    command += ["--virtual-time-budget=20000", "--enable-logging=stderr", "--v=0"]
    command += [f"--log-net-log={folder / 'net.json'}", f"--user-data-dir={folder / 'user'}"]
    command += [
        f"--screenshot={folder / 'page.png'}",
        path.as_uri(),
    ]  # without one no frame is drawn
    found, said = run_chromium(command, r"SEEN:([\w+/=]+)")
    return json.loads(base64.b64decode(found[1])), said, (folder / "net.json").read_text()


def test_no_script_fails_and_nothing_is_asked_of_others(visit):
    seen, said, net = visit
    assert seen["errors"] == []
    assert not re.findall(r"CONSOLE.*(?:[Ee]rror|Refused).*", said.replace("'error'", ""))
    for host in ("jsdelivr", "mathjax", "bokeh.org", "googleapis.com/maps"):
        assert host not in net


def test_pictures_are_drawn_where_their_section_is_opened(visit):
    seen = visit[0]
    assert seen["before"] == [0, 0, True]
    assert seen["after"] == [1, 2, False]


def test_a_dot_tells_its_taxa_as_text(visit):
    tip = visit[0]["tip"]
    assert f"specimen {HOSTILE}s" in tip["text"] and f"{HOSTILE}O" in tip["text"]
    assert tip["images"] == ("image 0" in tip["text"])
    assert visit[0]["injected"] == 0


def test_what_is_chosen_is_drawn(visit):
    seen = visit[0]
    places, _ = study()
    assert seen["pca"] == places["pca_1"].tolist()[:3]
    assert seen["tsne"] == places["tsne_1"].tolist()[:3]
    assert seen["options"] == RANKS and seen["groups"] == 7
    assert seen["sentence"] == "A number." and seen["muted"] == [0, 6]


def test_a_cell_tells_the_pair_and_both_distances(visit):
    told = visit[0]["pair"]
    assert told.count(f"({HOSTILE}g)") == 2
    assert re.search(r"phylogenetic distance 0\.\d+, rank \d+ of 100\nvisual distance", told)
