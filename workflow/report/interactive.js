// Pictures that answer to the mouse, drawn by Bokeh where their section is opened first. Names and
// photographs are put in as text and as sources of images, never as HTML.
(() => {
  const NEAR = 16; // pixels from the mouse to what it points at
  const [SEEN, MUTED] = [0.75, 0.05];
  const SHAPES = {
    circle: "M6 1a5 5 0 1 0 .01 0z", square: "M1.5 1.5h9v9h-9z", triangle: "M6 1l5.5 10h-11z",
    diamond: "M6 0l5 6-5 6-5-6z", plus: "M4 1h4v3h3v4h-3v3h-4v-3h-3v-4h3z",
    inverted_triangle: "M.5 1h11l-5.5 10z", star: "M6 0l1.8 4 4.2.4-3.2 2.8 1 4.3-3.8-2.3-3.8 2.3 1-4.3-3.2-2.8 4.2-.4z",
  };

  function add(to, name, text, kind) {
    const made = to.appendChild(document.createElement(name));
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function addMark(to, { mark, colour }) {
    const svg = to.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
    svg.setAttribute("viewBox", "0 0 12 12");
    const path = svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    path.setAttribute("d", SHAPES[mark]);
    path.setAttribute("fill", colour);
  }

  // What is said of the thing under the mouse, beside it and within the picture.
  function tell(plot, { sx, sy }, lines, photograph) {
    const tip = plot.querySelector(".tip") ?? add(plot, "div", "", "tip");
    tip.replaceChildren();
    tip.hidden = !lines;
    if (!lines) return;
    if (photograph) add(tip, "img").src = photograph;
    for (const [name, text] of lines) add(tip, name, text);
    const room = plot.clientWidth - tip.offsetWidth;
    const beside = sx + 14 <= room ? sx + 14 : sx - 14 - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(room, beside))}px`;
    tip.style.top = `${Math.max(0, Math.min(plot.clientHeight - tip.offsetHeight, sy + 14))}px`;
  }

  function listen(model, place, pointed) {
    // A finger that moves the page must not move the picture.
    if (matchMedia("(pointer: coarse)").matches) model.toolbar.active_drag = null;
    const gone = () => { tell(place, {}, null); };
    model.js_event_callbacks = { mousemove: [pointed], tap: [pointed], mouseleave: [gone] };
  }

  function nearest({ x, y }, model, points, isSeen) {
    const scales = [[model.inner_width, model.x_range], [model.inner_height, model.y_range]];
    const [across, up] = scales.map(([pixels, { start, end }]) => pixels / (end - start));
    let [found, least] = [-1, NEAR];
    for (let i = 0; i < points.x.length; i++) {
      const away = Math.hypot((points.x[i] - x) * across, (points.y[i] - y) * up);
      if (away < least && isSeen(i)) [found, least] = [i, away];
    }
    return found;
  }

  function drawMap(part, made, data) {
    const [model, images, ringed] = ["plot", "images", "ringed"].map((name) => made.get_model_by_name(name));
    const [place] = part.querySelectorAll(".plot");
    const [select, legend] = [part.querySelector("select"), part.querySelector(".groups")];
    let [plane, rank, muted] = [data.planes.pca, data.ranks[data.rank], new Set()];

    function paint() {
      const groups = rank.group_of_each.map((number) => rank.groups[number]);
      images.data = {
        x: plane.x, y: plane.y,
        colour: groups.map((group) => group.colour), mark: groups.map((group) => group.mark),
        alpha: rank.group_of_each.map((number) => (muted.has(number) ? MUTED : SEEN)),
      };
      ringed.data = { x: [], y: [] };
      tell(place, {}, null);
      [model.below[0].axis_label, model.left[0].axis_label] = plane.axes;
    }

    function list() {
      muted = new Set();
      legend.replaceChildren();
      rank.groups.forEach((group, number) => {
        const button = add(add(legend, "li"), "button");
        button.type = "button";
        button.setAttribute("aria-pressed", "true");
        addMark(button, group);
        add(button, "span", group.label);
        button.addEventListener("click", () => {
          if (!muted.delete(number)) muted.add(number);
          button.setAttribute("aria-pressed", String(!muted.has(number)));
          paint();
        });
      });
      part.querySelector(".coloured").textContent = rank.coloured_by === rank.name ? "" : `Too many ${rank.name} for colours: these are of the ${rank.coloured_by}.`;
      part.querySelector(".sentence").textContent = rank.sentence.replace(/(\d) %/g, "$1\u00a0%");
      paint();
    }

    data.ranks.forEach(({ name }, number) => { add(select, "option", name).value = number; });
    select.value = data.rank;
    select.addEventListener("change", () => { rank = data.ranks[select.value]; list(); });
    for (const radio of part.querySelectorAll("input[type=radio]")) {
      radio.checked = radio.value === "pca";
      radio.addEventListener("change", () => { plane = data.planes[radio.value]; paint(); model.reset.emit(); });
    }
    listen(model, place, (event) => {
      const i = nearest(event, model, plane, (i) => !muted.has(rank.group_of_each[i]));
      ringed.data = i < 0 ? { x: [], y: [] } : { x: [plane.x[i]], y: [plane.y[i]] };
      if (i < 0) return tell(place, {}, null);
      const lineage = data.ranks.map(({ taxa, codes }) => taxa[codes[i]]).filter(Boolean);
      const photograph = typeof photographOf === "function" ? photographOf(data.images[i]) : "";
      const own = [["b", lineage.pop() ?? "no name"], ["span", lineage.join(" › ")]];
      tell(place, event, [...own, ["span", `specimen ${data.specimens[i]}`], ["small", data.images[i]]], photograph);
    });
    list();
  }

  function drawPair(part, made, data) {
    const [genetic, visual, ringed] = ["genetic", "visual", "ringed"].map((name) => made.get_model_by_name(name));
    const cells = ["genetic_cells", "visual_cells"].map((name) => made.get_model_by_name(name).data_source.data.image[0]);
    const [n, bytes] = [data.taxa.length, atob(data.ranks)];
    const rankAt = (row, column) => bytes.charCodeAt(row * n + column);
    const words = (kind, distance, rank) => ["span", `${kind} distance ${distance.toPrecision(3)}, rank ${rank} of 100`];
    [genetic, visual].forEach((model, number) => {
      const place = part.querySelectorAll(".plot")[number];
      listen(model, place, (event) => {
        const [column, up] = [Math.floor(event.x), Math.floor(event.y)];
        const row = n - 1 - up;
        const isInside = Math.min(row, column) >= 0 && Math.max(row, column) < n;
        ringed.data = isInside ? { x: [column + 0.5], y: [up + 0.5] } : { x: [], y: [] };
        if (!isInside) return tell(place, {}, null);
        const [low, high] = [Math.min(row, column), Math.max(row, column)];
        const named = (at) => ["b", `${data.taxa[at]} (${data.groups[at]})`];
        const lines = row === column ? [named(row)] : [
          named(row), named(column),
          words("phylogenetic", cells[0][up * n + column], rankAt(low, high)),
          words("visual", cells[1][up * n + column], rankAt(high, low)),
        ];
        tell(place, event, lines);
      });
    });
  }

  Bokeh.set_log_level("error"); // it warns of axes without dots until these are put in
  const draw = { map: drawMap, pair: drawPair };
  for (const part of document.querySelectorAll(".interactive")) {
    const section = part.closest("details.section");
    const build = async () => {
      if ((section && !section.open) || !part.hidden) return;
      part.hidden = false;
      const item = JSON.parse(part.querySelector("script[type='application/json']").textContent);
      const places = part.querySelectorAll(".plot");
      const ids = item.document.roots.map(({ id }) => id);
      const roots = Object.fromEntries(ids.map((id, number) => [id, places[number]]));
      await Bokeh.embed.embed_items({ [item.kind]: item.document }, [{ docid: item.kind, root_ids: ids, roots }]);
      const made = Bokeh.documents.find((one) => one.get_model_by_id(ids[0]));
      draw[item.kind](part, made, item.data);
    };
    section?.addEventListener("toggle", build);
    build();
  }
})();
