"""The page of named specimens in a browser: it shows, it keeps marks, and it runs no name."""

import html
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from browser import needs_browser, run_chromium
from PIL import Image
from test_naming_page import HOSTILE, LINEAGES, STUDY_RANKS, named, page_of, tables_of
from visgen.report.photographs import photographs_script
from visgen.specimens.ingest import ingest
from visgen.specimens.table import read_meta

pytestmark = [pytest.mark.slow, needs_browser]

# What a test asks of a page is written into it, as text.
FOUND = """<script>
addEventListener("message", (event) => tell(event.data));
function tell(found) {
  const place = document.createElement("pre");
  place.id = "found";
  place.textContent = JSON.stringify(found);
  document.body.append(place);
}
</script>"""
ASK = """<script>
(async () => {
  const cards = () => [...document.querySelectorAll(".card")];
  const names = () => cards().map((card) => card.specimen.name);
  const text_of = (element) => element.textContent;
  const marked = () => cards().map((card) => card.dataset.mark);
  const tell_of = (element, kind) => element.dispatchEvent(new Event(kind, {bubbles: true}));
  const choose_by = (id, value) => { byId(id).value = value; tell_of(byId(id), "change"); };
  const find = (text) => { byId("find").value = text; tell_of(byId("find"), "input"); };
  const press = (key) =>
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  const is = (card, name) => {
    const field = card.querySelector("input");
    field.value = name;
    tell_of(field, "change");
  };
  const click = (card, kind) => card.querySelector(`[data-kind=${kind}]`).click();
  // The browser's clock waits for a fetch, but for no other reading of a file.
  const address_of = URL.createObjectURL;
  Blob.prototype.text = async function () { return (await fetch(address_of(this))).text(); };
  const save = async () => {
    let file, called;
    URL.createObjectURL = (blob) => { file = blob; return "#"; };
    HTMLAnchorElement.prototype.click = function () { called = this.download; };
    byId("save").click();
    return {called, text: await file.text()};
  };
  const open = async (text) => {
    const carried = new DataTransfer();
    carried.items.add(new File([text], "marks.tsv"));
    byId("said").textContent = "";
    byId("open").files = carried.files;
    tell_of(byId("open"), "change");
    while (!byId("said").textContent) await new Promise((done) => setTimeout(done, 20));
    return byId("said").textContent;
  };
  let found;
  try {
    found = await (async () => { STEPS })();
  } catch (error) {
    found = {error: String(error.stack || error)};
  }
  if (parent === window) tell(found); else parent.postMessage(found, "*");
})();
</script>"""


@pytest.fixture
def world():
    """Return a server that stands for all others, with what it was asked for."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.headers["Host"] + self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(folder, page, steps, frame=None, profile=None, world=None):
    """Return what some steps in the page return, and what the console said.

    A frame, its attributes as text, is one in which the page is shown. All addresses outside lead
    to the world, if there is one.
    """
    asked = ASK.replace("STEPS", steps)
    (folder / "naming.html").write_text(page.replace("</body>", FOUND + asked + "</body>"))
    shown = folder / "naming.html"
    if frame is not None:
        shown = folder / "around.html"
        shown.write_text(f'<body>{FOUND}<iframe src="naming.html" {frame}></iframe></body>')
    command = ["--enable-logging=stderr", "--disable-background-networking"]
    command += ["--window-size=1300,1000"]
    command += ["--virtual-time-budget=8000", f"--user-data-dir={profile or folder / 'profile'}"]
    if world is not None:
        command.append(f"--host-resolver-rules=MAP * 127.0.0.1:{world.server_port}")
    written, said = run_chromium(
        [*command, "--dump-dom", shown.as_uri()], r'<pre id="found">(.*?)</pre>'
    )
    found = json.loads(html.unescape(written[1]))
    assert not (isinstance(found, dict) and "error" in found), found
    return found, [line for line in said.splitlines() if "CONSOLE" in line]


def drawer():
    return tables_of(
        named("a1", of=0),
        named("a2", of=1, depth=2, novelty="new species", p=(0.9, 0.8, 0.3)),
        named("p1", of=2, depth=3, p=(0.99, 0.97, 0.96), oddities="grey"),
        named("x1", of=0, depth=0, p=(0.3, 0.2, 0.1), novelty="no such specimen"),
        n_images=2,
    )


def test_the_page_shows_all_specimens(tmp_path):
    steps = """
      return {
        counter: byId("counter").textContent,
        names: names(),
        strong: cards().map((card) => [...card.querySelectorAll("strong")].map(text_of)),
        alt: cards()[0].querySelector("img").alt,
        known: cards()[0].querySelector(".alike img").alt,
        without: document.querySelectorAll("#cards img:not([src^='data:image/webp'])").length,
      };"""
    found, console = ask(tmp_path, page_of(drawer()), steps)
    assert found == {
        "counter": "4 of 4 shown",
        "names": ["a1", "a2", "p1", "x1"],
        "strong": [["Arcidae", "Arca", "Arca noae"], ["Arcidae", "Arca"], [*LINEAGES[2][1:]], []],
        "alt": "photograph of specimen a1",
        "known": "known specimen VG1 of Arca noae",
        "without": 0,
    }
    assert console == []


def test_specimens_are_filtered_sorted_and_turned_over_by_pages(tmp_path):
    steps = """
      const told = {};
      find("TETRAGONA"); told.find = names();
      find("p1_1.png"); told.file = names();
      find(""); choose_by("by-rank", "3"); told.species = names();
      choose_by("by-rank", "-1"); told.nameless = names();
      choose_by("by-rank", ""); choose_by("by-probability", "0"); told.sure = names();
      choose_by("by-probability", ""); choose_by("by-flag", "flag grey"); told.grey = names();
      told.counter = byId("counter").textContent;
      choose_by("by-flag", "none"); told.plain = names();
      choose_by("by-flag", ""); choose_by("order", "surest first"); told.sorted = names();
      return told;"""
    found, console = ask(tmp_path, page_of(drawer()), steps)
    assert found == {
        "find": ["a2"],
        "file": ["p1"],
        "species": ["a1", "p1"],
        "nameless": ["x1"],
        "sure": ["p1"],
        "grey": ["p1"],
        "counter": "1 of 4 shown",
        "plain": ["a1"],
        "sorted": ["p1", "a2", "a1", "x1"],
    }
    assert console == []
    many = tables_of(*(named(f"s{i}") for i in range(120)))
    steps = """
      const told = [names().length, document.querySelector(".page-number").textContent];
      for (const button of document.querySelectorAll(".later")) button.click();
      told.push(names(), document.querySelector(".later").disabled);
      cards()[0].focus(); press("k"); told.push(document.activeElement.specimen.name);
      return told;"""
    found, _ = ask(tmp_path, page_of(many), steps)
    assert found == [50, "page 1 of 3", [f"s{i}" for i in range(100, 120)], True, "s99"]


def test_keys_go_from_card_to_card_and_mark(tmp_path):
    steps = """
      press("j"); press("r"); press("ArrowDown"); press("w"); press("j");
      const at = document.activeElement.specimen.name;
      press("i"); const field = document.activeElement.tagName;
      press("r"); press("j"); press("Escape");
      return [at, field, document.activeElement.specimen.name,
              marked(), byId("n-marks").textContent];"""
    found, console = ask(tmp_path, page_of(drawer()), steps)
    assert found == ["p1", "INPUT", "p1", ["right", "wrong", "", ""], "2 marked"]
    assert console == []


MARK = """
  click(cards()[0], "right"); click(cards()[1], "right"); click(cards()[2], "wrong");
  is(cards()[3], " pinna  NOBILIS");
"""


def test_saved_marks_are_a_table_of_images_that_a_study_takes(tmp_path):
    found, _ = ask(tmp_path, page_of(drawer()), MARK + "return save();")
    assert found["called"] == "drawer-marks.tsv"
    saved = tmp_path / "drawer-marks.tsv"
    saved.write_bytes(found["text"].encode())
    rows = read_meta(saved, {}, STUDY_RANKS)
    assert rows["filename"].tolist() == [
        f"{s}_{i}.png" for s in ("a1", "a2", "p1", "x1") for i in (0, 1)
    ]
    labels = rows.drop_duplicates("specimen").set_index("specimen")[STUDY_RANKS]
    labels = labels.astype(object).where(labels.notna(), None)
    assert labels.T.to_dict("list") == {
        "a1": [*LINEAGES[0]],
        "a2": ["Arcida", "Arcidae", "Arca", None],
        "p1": [None] * 4,
        "x1": [*LINEAGES[2]],
    }
    # A whole ingest takes them: what is wrong is refused by name.
    (tmp_path / "drawer").mkdir()
    for i, name in enumerate(rows["filename"]):
        pixels = np.random.default_rng(i).integers(0, 255, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "drawer" / name)
    specimens, rejected = ingest(tmp_path / "drawer", ranks=STUDY_RANKS, meta=rows)
    assert specimens["specimen"].tolist() == ["a1", "a1", "a2", "a2", "x1", "x1"]
    assert rejected["reason"].tolist() == ["no_labels"] * 2


def test_a_name_that_the_study_has_not_is_kept_as_a_note(tmp_path):
    steps = """is(cards()[0], "Nucula nucleus");
      const told = cards()[0].querySelector(".unknown").textContent;
      return [told, (await save()).text.split("\\n")[1]];"""
    (told, line), _ = ask(tmp_path, page_of(drawer()), steps)
    assert told.startswith("no taxon of this study")
    assert line.split("\t") == ["a1_0.png", "a1", "", "", "", "", "is", "Nucula nucleus"]


def test_saved_marks_are_read_back_and_those_made_here_stay(tmp_path):
    first, _ = ask(tmp_path, page_of(drawer()), MARK + "return (await save()).text;")
    back = f"const text = {json.dumps(first)};"
    steps = (
        back
        + """click(cards()[0], "wrong");
      const said = await open(text);
      return [said, marked(), cards()[3].querySelector("input").value,
              await open("filename,species\\na.png,Arca noae\\n")];"""
    )
    found, console = ask(tmp_path, page_of(drawer()), steps, profile=tmp_path / "another")
    assert found == [
        "3 marks read; 1 differ from yours, which were kept: a1.",
        ["wrong", "right", "wrong", "is"],
        "Pinna nobilis",
        "This is no file of saved marks: it has no columns specimen, mark and marked_as.",
    ]
    assert console == []
    # A spreadsheet may have written commas, quotes and line ends of its own.
    lines = [line.split("\t") for line in first.splitlines()]
    other = "\r\n".join(",".join(f'"{cell}"' for cell in line) for line in lines)
    steps = (
        f"const said = await open({json.dumps(other)});"
        + """
      return [said, marked()];"""
    )
    found, _ = ask(tmp_path, page_of(drawer()), steps, profile=tmp_path / "third")
    assert found == ["4 marks read.", ["right", "right", "wrong", "is"]]


def test_marks_are_there_again_but_not_for_another_name_or_other_photographs(tmp_path):
    told = "return cards().map((card, i) => marked()[i] + card.querySelector('input').value);"
    ask(tmp_path, page_of(drawer()), MARK + "return 1;")
    assert ask(tmp_path, page_of(drawer()), told)[0] == [
        "right",
        "right",
        "wrong",
        "isPinna nobilis",
    ]
    later = tables_of(
        named("a1", of=1), named("a2", of=1, depth=2), named("p1", of=0), named("x1"), n_images=2
    )
    later["images"].loc[2, "sha256"] = "other"
    found, _ = ask(tmp_path, page_of(later), told)
    assert found == ["isArca noae", "", "", "isPinna nobilis"]


def test_marks_of_another_tab_stay(tmp_path):
    steps = """
      const other = JSON.stringify([["elsewhere", {kind: "wrong", name: "Arca noae"}]]);
      localStorage.setItem(STORE, other);
      click(cards()[0], "wrong");
      click(cards()[1], "wrong");
      const both = JSON.parse(localStorage.getItem(STORE)).length;
      click(cards()[1], "wrong");  // taken back
      const fewer = JSON.parse(localStorage.getItem(STORE)).length;
      localStorage.setItem(STORE, "{broken");
      click(cards()[1], "wrong");
      return [both, fewer, localStorage.getItem(STORE), byId("said").textContent.slice(0, 12)];
    """
    found, _ = ask(tmp_path, page_of(drawer()), steps)
    assert found == [3, 2, "{broken", "This browser"]


def test_where_storage_is_denied_the_page_says_so_and_saves_all_the_same(tmp_path):
    steps = (
        MARK
        + """const said = byId("said").textContent;
      return [said, byId("n-marks").textContent, (await save()).text.split("\\n").length];"""
    )
    frame = 'sandbox="allow-scripts" width="1200" height="900"'
    found, _ = ask(tmp_path, page_of(drawer()), steps, frame)
    assert found == [
        "This browser keeps no marks: save them before you close the page.",
        "4 marked",
        10,
    ]


def hostile():
    row = named(HOSTILE, set=HOSTILE, oddities="grey", in_study=HOSTILE, candidates=HOSTILE)
    row |= {"nearest_1": HOSTILE, "taxon_1": HOSTILE, "relative": HOSTILE}
    row |= {"relative_low": 1.0, "relative_high": 2.0, "genus": HOSTILE}
    tables = tables_of(row)
    return tables | {"images": tables["images"].assign(locality=HOSTILE)}


def test_no_name_runs_or_asks_outside_and_one_that_is_not_escaped_is_noticed(tmp_path, world):
    name = json.dumps(HOSTILE)
    steps = f"""is(cards()[0], {name});
      cards()[0].querySelector("details").open = true;
      await new Promise((done) => setTimeout(done, 300));
      return [document.title, document.querySelectorAll("img[src=x]").length,
              cards()[0].textContent.split({name}).length > 6];"""
    tables = hostile()
    tables["specimens"]["set"] = '<img src="http://outside.example/shell.png">'
    page = page_of(tables)
    found, console = ask(tmp_path, page, steps, world=world)
    assert found == ["Named specimens – drawer – visgen", 0, True]
    assert console == [] and not [path for path in world.asked if "shell" in path]
    assert "://" not in page.replace("http://outside.example", "")
    careless = page.replace("element.textContent = value", "element.innerHTML = value")
    assert careless != page
    (title, n_images, _), _ = ask(tmp_path, careless, steps, world=world)
    assert title == "ran" and n_images > 0
    assert "outside.example/shell.png" in world.asked


def test_a_page_whose_photographs_lie_beside_it_reads_without_them(tmp_path):
    tables = tables_of(*(named(f"s{i}") for i in range(201)))
    photographs = {f"unnamed/s{i}_0.png": b"" for i in range(201)} | {"unnamed/s0_0.png": b"x"}
    steps = """return [byId("counter").textContent, byId("said").textContent.split(" ")[0],
      cards()[0].querySelector("img").hasAttribute("src")];"""
    page = page_of(tables, photographs)
    assert ask(tmp_path, page, steps)[0] == ["201 of 201 shown", "Photographs", False]
    (tmp_path / "photographs.js").write_text(photographs_script(photographs))
    assert ask(tmp_path, page, steps)[0] == ["201 of 201 shown", "", True]


@pytest.mark.parametrize("width", [1300, 400])
def test_nothing_runs_over_the_edge(tmp_path, width):
    tables = drawer()
    long = "Pseudocamptochlamys_praetermissa_subsp_incognita_var_" * 3
    tables["specimens"].loc[0, ["specimen", "set", "taxon_1", "nearest_1"]] = long
    tables["images"].loc[tables["images"]["specimen"] == "a1", "specimen"] = long
    steps = """for (const part of document.querySelectorAll("details")) part.open = true;
      const widths = [document.documentElement, document.body].map((part) => part.scrollWidth);
      return [innerWidth, ...widths.map((width) => width <= innerWidth)];"""
    frame = f'style="border:0" width="{width}" height="900"'
    assert ask(tmp_path, page_of(tables), steps, frame)[0] == [width, True, True]
