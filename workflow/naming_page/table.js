// Tables as text: what is saved can be read by a study, and what a spreadsheet made of it here.
function writeTable(rows) {
  const cell = (text) => (/["\t\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
  return rows.map((row) => row.map(cell).join("\t") + "\n").join("");
}

function readTable(text) {
  text = text.replace(/^\ufeff/, "");
  const header = text.split(/[\r\n]/, 1)[0];
  const counts = ["\t", ";", ","].map((sign) => [header.split(sign).length, sign]);
  const delimiter = counts.reduce((most, other) => (other[0] > most[0] ? other : most))[1];
  const rows = [[""]];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const row = rows.at(-1), sign = text[at];
    if (quoted && sign === '"' && text[at + 1] === '"') row[row.length - 1] += text[++at];
    else if (quoted && sign === '"') quoted = false;
    else if (quoted) row[row.length - 1] += sign;
    else if (sign === '"' && row.at(-1) === "") quoted = true;
    else if (sign === delimiter) row.push("");
    else if (sign === "\n") rows.push([""]);
    else if (sign !== "\r") row[row.length - 1] += sign;
  }
  return rows.filter((row) => row.some((cell) => cell));
}
