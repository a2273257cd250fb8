"""Pages in a browser without a window: what happens in them, and what they ask for."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

# Before anything of the page runs: its complaints are kept, and a code of somebody else's is seen.
_BEFORE = """<script>
window.seen = {errors: [], alerts: []};
addEventListener("error", (event) => seen.errors.push(String(event.message)));
addEventListener("unhandledrejection", (event) => seen.errors.push(String(event.reason)));
console.error = (...words) => seen.errors.push(words.join(" "));
console.warn = (...words) => seen.errors.push(words.join(" "));
window.alert = (word) => seen.alerts.push(String(word));
</script>
"""
_AFTER = """<script>
addEventListener("load", async () => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const until = async (test) => {
    for (let n = 0; n < 100 && !test(); n++) await wait(50);
    return test();
  };
  const openAll = () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  };
  let found = null;
  try {
    found = await (async () => { ACTIONS })();
  } catch (problem) { seen.errors.push(String(problem.stack || problem)); }
  const asked = performance.getEntriesByType("resource").map((entry) => entry.name);
  const told = {found: found ?? null, ...seen, asked, width: document.documentElement.scrollWidth};
  const place = document.createElement("pre");
  place.id = "told-by-the-page";
  place.textContent = JSON.stringify(told);
  document.body.append(place);
});
</script>
"""


class Visit(NamedTuple):
    """What a visit to a page was like."""

    found: Any  # what the actions returned
    errors: list[str]
    alerts: list[str]  # what ``alert`` was called with
    asked: list[str]  # addresses, but for those of data and files beside the page
    width: int  # pixels, of the content


def run_chromium(words: list[str], told: str) -> tuple[re.Match, str]:
    """Run Chromium until a page has told what it was asked, and return that and the complaints.

    The browser's own clock can run out before a page has loaded on a busy machine: then it is
    asked again.

    Parameters
    ----------
    words
        Of the command line, the page's address last.
    told
        A regular expression, sought in both streams.
    """
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--mute-audio", *words]
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, timeout=180)
        if found := re.search(told, done.stdout + done.stderr, re.DOTALL):
            return found, done.stderr
    raise AssertionError(f"the page did not come to its end: {done.stderr[-2000:]}")


def visit(page: Path, actions: str = "", width: int = 1300, height: int = 1000) -> Visit:
    """Open a page, act, and return what is seen.

    Parameters
    ----------
    page
        An HTML file.
    actions
        JavaScript, the body of an async function. ``await until(() => …)`` waits for something,
        ``openAll()`` opens whatever is closed; what is returned has to be fit for JSON.
    width, height
        Of the window, in pixels.
    """
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"(<head[^>]*>)", lambda head: head[1] + _BEFORE, text, count=1)
    text += _AFTER.replace("ACTIONS", actions)
    visited = page.with_name(f"visited-{page.name}")
    visited.write_text(text, encoding="utf-8")
    words = [f"--window-size={width},{height}", "--virtual-time-budget=20000"]
    words += [f"--user-data-dir={page.parent / 'profile'}", "--dump-dom", visited.as_uri()]
    told, _ = run_chromium(words, r'<pre id="told-by-the-page">(.*?)</pre>')
    told = json.loads(html.unescape(told[1]))
    own = ("data:", "blob:", page.parent.as_uri())
    asked = [address for address in told.pop("asked") if not address.startswith(own)]
    return Visit(asked=asked, **told)
