// Elements. Texts become text nodes, never markup.

/** An element with attributes and children; a child that is no node becomes text. */
function element(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** An element of an inline SVG. */
function svgElement(name, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined) made.append(child);
  }
  return made;
}

function button(label, title, act) {
  return element("button", { type: "button", title, "aria-label": title, onclick: act }, label);
}

/** A mark beside a figure that rests on an estimate. */
function estimateMark(estimated) {
  const title = "a figure of the machine's profile is an estimate, so this is one";
  return estimated ? element("span", { class: "mark", title }, "estimate") : null;
}

/** A table; the columns are pairs of a heading and whether it holds numbers. */
function table(caption, columns, rows) {
  const kindOf = (at) => (columns[at][1] === "wide" ? "wide" : columns[at][1] ? "number" : null);
  const heads = columns.map(([name], at) => element("th", { scope: "col", class: kindOf(at) }, name));
  const body = rows.map((cells) => element("tr", {}, cells.map((cell, at) => {
    const exact = cell !== null && typeof cell === "object" && "text" in cell;
    const attributes = { class: kindOf(at), "data-exact": exact ? cell.exact : null };
    const shown = exact ? cell.text : cell;
    return at === 0
      ? element("th", { ...attributes, scope: "row" }, shown)
      : element("td", attributes, shown);
  })));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    element("table", {}, element("caption", { class: "sr" }, caption),
      element("thead", {}, element("tr", {}, heads)), element("tbody", {}, body)));
}

/** A cell whose text is rounded and whose exact value stands in the file. */
function cell(value, form) {
  if (value === null || value === undefined) return { text: UNKNOWN, exact: "" };
  return { text: form(value), exact: value };
}

const PAGE_ROWS = 100;

/** A table of many rows, of which a page is made at a time, when it is opened. */
function pagedTable(caption, columns, length, rowAt) {
  const place = element("div");
  const where = element("span", { "aria-live": "polite" });
  let first = 0;
  const show = (from) => {
    first = Math.max(0, Math.min(from, Math.floor((length - 1) / PAGE_ROWS) * PAGE_ROWS));
    const last = Math.min(length, first + PAGE_ROWS);
    const rows = Array.from({ length: last - first }, (_, at) => rowAt(first + at));
    place.replaceChildren(table(caption, columns, rows));
    where.textContent = length === 0 ? "no rows" : `${count(first + 1)} to ${count(last)} of ${count(length)}`;
  };
  const pages = element("div", { class: "pages" },
    button("‹", "earlier rows", () => show(first - PAGE_ROWS)),
    button("›", "later rows", () => show(first + PAGE_ROWS)), where);
  const details = element("details", {}, element("summary", {}, caption), place,
    length > PAGE_ROWS ? pages : null);
  details.addEventListener("toggle", () => details.open && place.childNodes.length === 0 && show(0));
  return details;
}

function section(id, title, lead, ...children) {
  return element("section", { id, "aria-labelledby": `${id}-title` },
    element("h2", { id: `${id}-title` }, title),
    lead ? element("p", { class: "lead" }, lead) : null, ...children);
}

/** The colours of the page as they are now, for canvases. */
function palette() {
  const probe = element("span", { class: "sr" });
  document.body.append(probe);
  const names = ["page", "card", "edge", "line", "text", "faint", "accent", "bad", "path", ...STAGES];
  const colours = {};
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colours;
}

const STAGES = ["queue", "prefill", "transfer", "decode", "tool", "agent", "user", "sleep"];

/** What each stage is, for legends. */
const STAGE_TEXTS = {
  queue: "waiting for a machine", prefill: "reading the prompt", transfer: "moving its state",
  decode: "writing the reply", tool: "tool call", agent: "the agent's computing",
  user: "the user's thinking", sleep: "sleep",
};

function legend(stages) {
  return element("ul", { class: "legend" }, stages.map((stage) => {
    const swatch = element("span", { class: `swatch${THIN.has(stage) ? " thin" : ""}` });
    swatch.style.background = `var(--${stage})`;
    return element("li", { title: STAGE_TEXTS[stage] }, swatch, stage);
  }));
}

/** Stages in which nobody works: their bars are thin, so that shape tells them too. */
const THIN = new Set(["queue", "agent", "user", "sleep"]);

const tip = {
  box: null,
  show(x, y, content) {
    this.box ??= document.body.appendChild(element("div", { class: "tip", role: "tooltip" }));
    this.box.replaceChildren(...content);
    this.box.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const left = x + 14 + width > innerWidth - 8 ? x - 14 - width : x + 14;
    const top = y + 14 + height > innerHeight - 8 ? y - 14 - height : y + 14;
    this.box.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
    this.box.style.top = `${Math.max(4, top)}px`;
  },
  hide() {
    if (this.box) this.box.hidden = true;
  },
};

/** A heading and lines of a name and a value, for the tip. */
function tipLines(title, lines) {
  const rows = lines.filter(Boolean).map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row", class: "faint" }, name), element("td", {}, value)));
  return [element("strong", {}, title), element("table", {}, element("tbody", {}, rows))];
}
