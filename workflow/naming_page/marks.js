// Marks: what a person says of a specimen, as {kind: right | wrong | is, name}. A right or wrong is
// about the name that the page had then, and is kept with it.
const study = JSON.parse(document.getElementById("study").textContent);
const specimens = study.specimens;
const plain = (text) => text.normalize("NFC").trim().replace(/\s+/g, " ").toLowerCase();
const taxonOf = new Map();
study.taxa.forEach((taxon) => {
  if (!taxonOf.has(plain(taxon[0]))) taxonOf.set(plain(taxon[0]), taxon);
});
const KINDS = ["right", "wrong", "is"];
const marks = new Map(); // by digest of the specimen
const STORE = "visgen naming " + study.dataset;

function trustedTaxon(specimen) {
  return specimen.trusted === undefined ? null : study.taxa[specimen.trusted];
}
// What the card says, which a mark is about.
function saidName(specimen) {
  const trusted = trustedTaxon(specimen), best = specimen.strange ? undefined : specimen.lineage.at(-1);
  return trusted ? trusted[0] : best ? best[1] : "";
}

// What another tab has kept meanwhile stays, but for the specimens that are marked here.
function keepMarks(digests) {
  try {
    const kept = new Map(keptMarks());
    for (const digest of digests ?? marks.keys())
      if (marks.has(digest)) kept.set(digest, marks.get(digest));
      else kept.delete(digest);
    localStorage.setItem(STORE, JSON.stringify([...kept]));
    return true;
  } catch {
    return false;
  }
}
function keptMarks() {
  const kept = JSON.parse(localStorage.getItem(STORE) || "[]");
  return Array.isArray(kept) ? kept.filter((pair) => Array.isArray(pair) && pair[1]) : [];
}
function recallMarks() {
  try {
    for (const [digest, mark] of keptMarks())
      if (KINDS.includes(mark.kind) && typeof mark.name === "string") marks.set(digest, mark);
    return true;
  } catch {
    return false;
  }
}
// A mark of another name than the one that the card has now: right becomes "is", wrong is void.
function markOf(specimen) {
  const mark = marks.get(specimen.digest);
  if (!mark || mark.kind === "is" || mark.name === saidName(specimen)) return mark;
  return mark.kind === "right" ? { kind: "is", name: mark.name } : undefined;
}
function setMark(specimen, mark) {
  if (mark) marks.set(specimen.digest, mark);
  else marks.delete(specimen.digest);
  if (!keepMarks([specimen.digest])) say("This browser keeps no marks: save them before you close the page.");
}

// The names at the ranks of the study that a mark stands for; all empty where it names no taxon.
function labelsOf(specimen, mark) {
  const labels = study.study_ranks.map(() => "");
  if (mark.kind === "wrong") return labels;
  const taxon = mark.kind === "right" ? trustedTaxon(specimen) : taxonOf.get(plain(mark.name));
  if (!taxon) return labels;
  taxon[2].forEach((name, place) => (labels[place] = name || ""));
  if (mark.kind === "right")
    for (const [place, name] of specimen.lineage) {
      const own = study.study_ranks.indexOf(study.ranks[place]);
      if (own <= taxon[1]) labels[own] = name;
    }
  return labels;
}

// A row a photograph of a marked specimen: what a study reads as its table of images.
function tableOfMarks() {
  const rows = [["filename", "specimen", ...study.study_ranks, "mark", "marked_as"]];
  for (const specimen of specimens) {
    const mark = markOf(specimen);
    if (!mark) continue;
    const labels = labelsOf(specimen, mark);
    for (const file of specimen.files) rows.push([file, specimen.name, ...labels, mark.kind, mark.name]);
  }
  return rows;
}

// Takes marks from a saved table; those made here stay, and the names of others are returned.
function takeTable(rows) {
  const header = rows[0] || [];
  const [name, kind, as] = ["specimen", "mark", "marked_as"].map((column) => header.indexOf(column));
  if (name < 0 || kind < 0 || as < 0) return null;
  const byName = new Map(specimens.map((specimen) => [specimen.name, specimen]));
  const found = { taken: 0, same: 0, differ: [], unknown: 0, unread: 0 };
  const seen = new Set();
  for (const row of rows.slice(1)) {
    const specimen = byName.get(row[name]);
    if (seen.has(row[name])) continue;
    seen.add(row[name]);
    if (!specimen) found.unknown++;
    else if (!KINDS.includes(row[kind]) || !row[as]) found.unread++;
    else {
      const own = markOf(specimen);
      if (!own) {
        marks.set(specimen.digest, { kind: row[kind], name: row[as] });
        if (markOf(specimen)) found.taken++;
        else {
          marks.delete(specimen.digest);
          found.unread++;
        }
      } else if (own.kind === row[kind] && own.name === row[as]) found.same++;
      else found.differ.push(specimen.name);
    }
  }
  found.kept = keepMarks();
  return found;
}
