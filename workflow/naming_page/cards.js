// Cards, built for the page that is shown. Texts of the study are set as text, never as markup.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
// Nearly all is not all, and nearly nothing is something.
const percent = (p) => (p === null ? "–" : p > 0.994 ? "over 99 %" : p < 0.005 ? "under 1 %" : (100 * p).toFixed(0) + " %");
const flagText = (flag) => flag.replaceAll("_", " ");
const counted = (n, word) => n.toLocaleString("en") + " " + word + (n === 1 ? "" : "s");

function lineageOf(specimen, trustedRank) {
  const list = make("ol", { class: "lineage" });
  for (const [place, name, p] of specimen.lineage) {
    const trusted = place <= trustedRank;
    list.append(
      make("li", { class: trusted ? "trusted" : "faint" },
        make("small", { text: study.ranks[place] }),
        make(trusted ? "strong" : "span", { class: "taxon", text: name }),
        make("small", { class: "p", text: percent(p) + (trusted ? "" : " if known") })));
  }
  return list;
}
function nameOf(specimen) {
  const taxon = trustedTaxon(specimen);
  const trustedRank = taxon ? study.ranks.indexOf(study.study_ranks[taxon[1]]) : -1;
  const box = make("div", { class: "name" });
  if (!taxon) box.append(make("p", { class: "verdict", text: "No name is trusted." }));
  if (!specimen.strange) box.append(lineageOf(specimen, trustedRank));
  if (specimen.flags) {
    const chips = make("ul", { class: "flags", "aria-label": "noticed" });
    for (const [flag, detail] of specimen.flags)
      chips.append(make("li", { title: study.flags[flag], text: flagText(flag) + (detail ? ": " + detail : "") }));
    box.append(chips);
  }
  const more = make("details", {}, make("summary", { text: "More: " + counted(specimen.set_size, "lineage") + " not ruled out" }));
  if (specimen.strange) more.append(make("p", { text: "Only if it is of a taxon that the study knows, against its looks:" }), lineageOf(specimen, -1));
  more.append(make("p", { text: "Not ruled out: " + (specimen.set || "none") + "." }));
  for (const [flag] of specimen.flags || []) more.append(make("p", { text: flagText(flag) + ": " + study.flags[flag] + "." }));
  if (specimen.relative) more.append(make("p", { text: "In the tree nearest to " + specimen.relative + "." }));
  if (specimen.place) more.append(make("p", { text: "Place: " + specimen.place }));
  more.append(make("p", { text: (specimen.files.length > 1 ? "Files: " : "File: ") + specimen.files.join("; ") }));
  box.append(more);
  return box;
}
function photosOf(specimen) {
  const box = make("div", { class: "photos" });
  for (const file of specimen.files.slice(0, study.photographs))
    box.append(make("img", { "data-photo": "unnamed/" + file, alt: "photograph of specimen " + specimen.name }));
  const more = specimen.files.length - study.photographs;
  if (more > 0) box.append(make("small", { text: "and " + counted(more, "photograph") + " more" }));
  return box;
}
function alikeOf(specimen) {
  const list = make("ul", { class: "alike" });
  for (const [known, taxon, distance, doubt] of specimen.nearest || [])
    list.append(
      make("li", {},
        make("img", { "data-photo": "known/" + known, alt: "known specimen " + known + " of " + taxon }),
        make("span", { class: "taxon", text: taxon }),
        make("small", { text: known }),
        make("small", { text: "distance " + (distance === null ? "–" : distance.toFixed(3)) }),
        doubt ? make("small", { class: "doubt", text: "label in doubt: perhaps " + doubt }) : null));
  return make("div", { class: "nearest" }, make("h3", { text: "Looks most like" }), list);
}
function marksOf(specimen) {
  const said = saidName(specimen), trusted = trustedTaxon(specimen), none = "no name is trusted: write what it is";
  return make("div", { class: "marks" },
    make("button", { type: "button", "data-kind": "right", text: trusted ? "Right: " + said : "Right", disabled: !trusted, title: trusted ? null : none }),
    make("button", { type: "button", "data-kind": "wrong", text: "Wrong", disabled: !said, title: said ? "it is not " + said : none }),
    make("label", {}, "is ", make("input", { list: "taxa", autocomplete: "off", spellcheck: "false", "aria-label": "what specimen " + specimen.name + " is" })),
    make("small", { class: "unknown", role: "status" }));
}
function cardOf(specimen) {
  const title = make("h2", {}, specimen.name, " ", make("small", { text: counted(specimen.files.length, "photograph") }));
  const card = make("article", { class: "card", tabindex: "0", "aria-label": "specimen " + specimen.name },
    title, photosOf(specimen), nameOf(specimen), alikeOf(specimen), marksOf(specimen));
  card.specimen = specimen;
  showMark(card);
  return card;
}
function showMark(card) {
  const mark = markOf(card.specimen);
  card.dataset.mark = mark ? mark.kind : "";
  for (const button of card.querySelectorAll("[data-kind]"))
    button.setAttribute("aria-pressed", String(Boolean(mark) && mark.kind === button.dataset.kind));
  const field = card.querySelector("input");
  field.value = mark && mark.kind === "is" ? mark.name : "";
  const known = !field.value || taxonOf.has(plain(field.value));
  card.querySelector(".unknown").textContent = known ? "" : "no taxon of this study: kept and saved as a note, without a lineage";
}
