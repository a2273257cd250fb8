// Which cards are shown, and what a person does with them.
const SHOWN = 50;
const byId = (id) => document.getElementById(id);
const say = (text) => (byId("said").textContent = text);
const ALL = "";
const PROBABILITIES = [["95 % and more", 0.95, 2], ["90 to 95 %", 0.9, 0.95], ["75 to 90 %", 0.75, 0.9], ["50 to 75 %", 0.5, 0.75], ["under 50 %", 0, 0.5]];
const collator = new Intl.Collator("en", { numeric: true });
const depth = (specimen) => (specimen.trusted === undefined ? -1 : trustedTaxon(specimen)[1]);
const ORDERS = {
  "as listed": null,
  "least sure first": (a, b) => (a.p ?? -1) - (b.p ?? -1),
  "surest first": (a, b) => (b.p ?? -1) - (a.p ?? -1),
  "trusted least deep first": (a, b) => depth(a) - depth(b),
  "trusted deepest first": (a, b) => depth(b) - depth(a),
  "most noticed first": (a, b) => (b.flags || []).length - (a.flags || []).length,
  "by specimen": (a, b) => collator.compare(a.name, b.name),
  "by taxon": (a, b) => collator.compare(lineageText(a), lineageText(b)),
};
const lineageText = (specimen) => specimen.lineage.map((part) => part[1]).join(" ");
const texts = new Map();
function textOf(specimen) {
  if (!texts.has(specimen)) {
    const mark = markOf(specimen);
    texts.set(specimen, plain([specimen.name, lineageText(specimen), mark ? mark.name : "", ...specimen.files].join(" ")));
  }
  return texts.get(specimen);
}

function fillSelect(id, options) {
  byId(id).replaceChildren(...options.map(([value, text]) => make("option", { value, text })));
}
function fillTools() {
  const numbered = (text, holds) => text + " (" + specimens.filter(holds).length.toLocaleString("en") + ")";
  const ranks = study.ranks.map((rank) => [rank, study.study_ranks.indexOf(rank)]).reverse();
  fillSelect("by-rank", [[ALL, "any rank"],
    ...ranks.map(([rank, place]) => [String(place), numbered(rank, (s) => depth(s) === place)]),
    ["-1", numbered("no name", (s) => depth(s) === -1)]]);
  fillSelect("by-probability", [[ALL, "any"],
    ...PROBABILITIES.map(([text, low, high], place) => [String(place), numbered(text, (s) => s.p >= low && s.p < high)])]);
  const flagged = (flag) => (s) => (s.flags || []).some((own) => own[0] === flag);
  fillSelect("by-flag", [[ALL, "any"], ["none", numbered("nothing", (s) => !s.flags)],
    ["some", numbered("anything", (s) => Boolean(s.flags))],
    ...Object.keys(study.flags).map((flag) => ["flag " + flag, numbered(flagText(flag), flagged(flag))])]);
  fillSelect("by-mark", [[ALL, "any"], ["none", "not yet"], ["right", "right"], ["wrong", "wrong"], ["is", "with another name"]]);
  fillSelect("order", Object.keys(ORDERS).map((text) => [text, text]));
  byId("taxa").replaceChildren(...study.taxa.map(([text, rank]) => make("option", { value: text, label: text + ", " + study.study_ranks[rank] })));
}

let chosen = [], page = 0;
function choose() {
  const words = plain(byId("find").value).split(" ").filter(Boolean);
  const [rank, probability, flag, mark] = ["by-rank", "by-probability", "by-flag", "by-mark"].map((id) => byId(id).value);
  texts.clear();
  chosen = specimens.filter((specimen) => {
    if (rank !== ALL && depth(specimen) !== Number(rank)) return false;
    if (probability !== ALL) {
      const [, low, high] = PROBABILITIES[probability];
      if (!(specimen.p >= low && specimen.p < high)) return false;
    }
    const flags = specimen.flags || [];
    if (flag === "none" && flags.length) return false;
    if (flag === "some" && !flags.length) return false;
    if (flag.startsWith("flag ") && !flags.some((own) => "flag " + own[0] === flag)) return false;
    if (mark !== ALL && (markOf(specimen)?.kind ?? "none") !== mark) return false;
    return words.every((word) => textOf(specimen).includes(word));
  });
  const order = ORDERS[byId("order").value];
  if (order) chosen.sort(order);
  showPage(0);
}
function nPages() {
  return Math.max(1, Math.ceil(chosen.length / SHOWN));
}
function showPage(asked) {
  page = Math.min(Math.max(asked, 0), nPages() - 1);
  const shown = chosen.slice(page * SHOWN, (page + 1) * SHOWN);
  byId("cards").replaceChildren(...shown.map(cardOf));
  fillPhotographs(byId("cards"));
  byId("counter").textContent = chosen.length.toLocaleString("en") + " of " + specimens.length.toLocaleString("en") + " shown";
  for (const place of document.querySelectorAll(".page-number")) place.textContent = "page " + (page + 1) + " of " + nPages();
  for (const button of document.querySelectorAll(".earlier")) button.disabled = page === 0;
  for (const button of document.querySelectorAll(".later")) button.disabled = page === nPages() - 1;
  for (const bar of document.querySelectorAll(".pages")) bar.hidden = nPages() === 1;
  countMarks();
}
function countMarks() {
  const n = specimens.filter(markOf).length;
  byId("n-marks").textContent = n.toLocaleString("en") + " marked";
  byId("save").disabled = !n;
}
function mark(card, kind, name) {
  const own = markOf(card.specimen);
  const again = own && own.kind === kind && (kind !== "is" || own.name === name);
  setMark(card.specimen, again || !name ? null : { kind, name });
  showMark(card);
  countMarks();
}

function saveMarks() {
  const file = new Blob([writeTable(tableOfMarks())], { type: "text/tab-separated-values" });
  const address = URL.createObjectURL(file);
  const link = make("a", { href: address, download: study.dataset + "-marks.tsv" });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
async function openMarks(file) {
  const found = takeTable(readTable(await file.text()));
  if (!found) return say("This is no file of saved marks: it has no columns specimen, mark and marked_as.");
  for (const card of document.querySelectorAll(".card")) showMark(card);
  countMarks();
  const told = [counted(found.taken, "mark") + " read"];
  if (found.same) told.push(found.same + " the same as here");
  if (found.differ.length) told.push(found.differ.length + " differ from yours, which were kept: " + found.differ.slice(0, 20).join(", ") + (found.differ.length > 20 ? " …" : ""));
  if (found.unknown) told.push(counted(found.unknown, "specimen") + " not on this page");
  if (found.unread) told.push(counted(found.unread, "mark") + " about another name, or none, left out");
  if (!found.kept) told.push("this browser keeps no marks: save them before you close the page");
  say(told.join("; ") + ".");
}

function goTo(step) {
  const cards = [...document.querySelectorAll(".card")];
  const at = cards.indexOf(document.activeElement.closest(".card"));
  let next = at < 0 ? 0 : at + step;
  if (next < 0 && page === 0) return;
  if (next >= cards.length && page === nPages() - 1) return;
  if (next < 0 || next >= cards.length) {
    showPage(page + step);
    const fresh = document.querySelectorAll(".card");
    fresh[step > 0 ? 0 : fresh.length - 1].focus();
  } else cards[next].focus();
}
addEventListener("keydown", (event) => {
  const target = event.target, card = target.closest && target.closest(".card");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches("input, select, textarea")) {
    if (event.key === "Escape" && card) card.focus();
    return;
  }
  const steps = { j: 1, k: -1, ...(card && { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }) };
  if (Object.hasOwn(steps, event.key)) goTo(steps[event.key]);
  else if (card && event.key === "r" && trustedTaxon(card.specimen)) mark(card, "right", saidName(card.specimen));
  else if (card && event.key === "w" && saidName(card.specimen)) mark(card, "wrong", saidName(card.specimen));
  else if (card && event.key === "i") card.querySelector("input").focus();
  else return;
  event.preventDefault();
});
byId("cards").addEventListener("click", (event) => {
  const button = event.target.closest("[data-kind]"), card = event.target.closest(".card");
  if (button) mark(card, button.dataset.kind, saidName(card.specimen));
});
byId("cards").addEventListener("change", (event) => {
  const card = event.target.closest(".card"), name = event.target.value.trim();
  const taxon = taxonOf.get(plain(name));
  setMark(card.specimen, name ? { kind: "is", name: taxon ? taxon[0] : name } : null);
  showMark(card);
  countMarks();
});
for (const id of ["by-rank", "by-probability", "by-flag", "by-mark", "order"]) byId(id).addEventListener("change", choose);
byId("find").addEventListener("input", choose);
byId("tools").addEventListener("submit", (event) => event.preventDefault());
byId("tools").addEventListener("reset", () => setTimeout(choose));
for (const button of document.querySelectorAll(".earlier")) button.addEventListener("click", () => turn(-1));
for (const button of document.querySelectorAll(".later")) button.addEventListener("click", () => turn(1));
function turn(step) {
  showPage(page + step);
  byId("cards").scrollIntoView();
}
byId("save").addEventListener("click", saveMarks);
byId("open").addEventListener("change", (event) => {
  if (event.target.files.length) openMarks(event.target.files[0]);
  event.target.value = "";
});

fillTools();
const recalled = recallMarks();
choose();
if (!recalled) say("This browser keeps no marks: save them before you close the page.");
