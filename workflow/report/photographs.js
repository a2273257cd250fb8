// Photographs come by a script beside the page, which calls this; those of hidden parts too.
const photographs = {};
function photographOf(key) {
  return Object.hasOwn(photographs, key) ? "data:image/webp;base64," + photographs[key] : "";
}
function fillPhotographs(within) {
  for (const image of within.querySelectorAll("img[data-photo]:not([src])")) {
    const source = photographOf(image.dataset.photo);
    if (source) image.src = source;
  }
}
function showPhotographs(given) {
  Object.assign(photographs, given);
  fillPhotographs(document);
}
