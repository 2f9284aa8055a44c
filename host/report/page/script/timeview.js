// A view of time on a canvas: rows below an axis, of which only those in sight are drawn.
//
// A view is given its rows by an object with: `count`, `top(row)` (pixels, also for `count`),
// `head` (pixels of what stands between axis and rows), `drawHead(view)`, `draw(view, row, top)`,
// `hit(view, x, y, row)` (what lies there, or null), `label` and `begin`, `end` (nanoseconds).

const AXIS = 26;

class TimeView {
  /** The views of the page. */
  static all = [];

  constructor(rows, options) {
    this.rows = rows;
    this.options = options;
    this.from = rows.begin;
    this.until = rows.end;
    this.canvas = element("canvas", {
      tabindex: 0, role: "application", "aria-roledescription": "timeline",
      "aria-label": `${rows.label}. Arrow keys move, plus and minus zoom, 0 shows all, up and down choose, question mark for help. The table below has the same figures.`,
    });
    this.spacer = element("div", {}, this.canvas);
    this.scroller = element("div", { class: "scroller" }, this.spacer);
    this.range = element("span", { class: "range", "aria-live": "polite" });
    this.node = element("div", { class: "view" }, this.scroller);
    this.chosen = null;
    TimeView.all = TimeView.all.filter((view) => view.node.isConnected || !view.width).concat(this);
    this.listen();
    new ResizeObserver(() => this.layOut()).observe(this.node);
  }

  /** Zooming and moving for who has no wheel. */
  buttons() {
    return [
      button("+", "zoom in", () => this.zoom(0.5)), button("−", "zoom out", () => this.zoom(2)),
      button("←", "earlier", () => this.move(-0.25)), button("→", "later", () => this.move(0.25)),
      button("all", "show all of it", () => this.show(this.rows.begin, this.rows.end)), this.range,
    ];
  }

  layOut() {
    const width = this.node.clientWidth;
    if (width === 0) return;
    this.width = width;
    this.gutter = Math.min(this.options.gutter, Math.round(width * 0.34));
    const content = AXIS + this.rows.head + this.rows.top(this.rows.count) + 4;
    this.height = Math.max(90, Math.min(content, this.options.height));
    this.spacer.style.height = `${content}px`;
    this.scroller.style.height = `${this.height}px`;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.ratio = ratio;
    this.draw();
  }

  request() {
    this.requested ??= requestAnimationFrame(() => {
      this.requested = undefined;
      this.draw();
    });
  }

  x(at) {
    return this.gutter + ((at - this.from) / (this.until - this.from)) * (this.width - this.gutter - 8);
  }

  at(x) {
    return this.from + ((x - this.gutter) / (this.width - this.gutter - 8)) * (this.until - this.from);
  }

  draw() {
    if (!this.width) return;
    this.colours = palette.current ??= palette();
    const context = this.context ??= this.canvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.fillStyle = this.colours.card;
    context.fillRect(0, 0, this.width, this.height);
    context.font = '12px system-ui, "DejaVu Sans", sans-serif';
    context.textBaseline = "middle";
    const top = AXIS + this.rows.head;
    this.drawAxis();
    this.clip(0, top, this.width, this.height - top, () => this.drawRows(top));
    if (this.rows.head > 0) this.rows.drawHead(this);
    const whole = this.from <= this.rows.begin && this.until >= this.rows.end;
    const text = `${span(Math.max(0, Math.round(this.from)))} to ${span(Math.round(this.until))}${whole ? " (all)" : ""}`;
    if (this.range.textContent !== text) this.range.textContent = text;
  }

  drawRows(top) {
    const scrolled = this.scroller.scrollTop;
    for (let row = this.rowAt(scrolled); row < this.rows.count; row += 1) {
      const y = top + this.rows.top(row) - scrolled;
      if (y > this.height) break;
      this.rows.draw(this, row, y);
    }
  }

  clip(x, y, width, height, draw) {
    this.context.save();
    this.context.beginPath();
    this.context.rect(x, y, width, height);
    this.context.clip();
    draw();
    this.context.restore();
  }

  /** The row at so many pixels below the first one's top. */
  rowAt(pixels) {
    let low = 0;
    let high = this.rows.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows.top(middle + 1) <= pixels) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  drawAxis() {
    const { context, colours } = this;
    context.strokeStyle = colours.line;
    context.fillStyle = colours.faint;
    context.lineWidth = 1;
    context.textAlign = "center";
    for (const mark of timeMarks(this.from, this.until, (this.width - this.gutter) / 90)) {
      const x = Math.round(this.x(mark)) + 0.5;
      if (x < this.gutter) continue;
      context.beginPath();
      context.moveTo(x, AXIS - 5);
      context.lineTo(x, this.height);
      context.stroke();
      const text = span(Math.round(mark));
      const half = context.measureText(text).width / 2;
      if (x + half < this.width - 2) context.fillText(text, Math.max(x, half + 2), AXIS / 2);
    }
    context.textAlign = "left";
    context.strokeStyle = colours.edge;
    context.beginPath();
    context.moveTo(0, AXIS - 0.5);
    context.lineTo(this.width, AXIS - 0.5);
    context.stroke();
  }

  /** A bar that is seen however short it is. */
  bar(from, until, y, height, colour) {
    const x = Math.max(this.gutter, this.x(from));
    const end = Math.min(this.width, this.x(until));
    if (end < this.gutter || x > this.width) return;
    this.context.fillStyle = colour;
    this.context.fillRect(x, y, Math.max(1, end - x), height);
  }

  /** A label in the gutter, cut where it does not fit. */
  gutterText(text, y, indent, colour) {
    const { context } = this;
    context.fillStyle = colour;
    context.fillText(fitted(context, text, this.gutter - 14 - indent), 8 + indent, y);
  }

  show(from, until) {
    const whole = this.rows.end - this.rows.begin || 1;
    const length = Math.min(Math.max(until - from, 20), whole * 1.02);
    this.from = Math.max(this.rows.begin - length * 0.02, Math.min(from, this.rows.end - length * 0.98));
    this.until = this.from + length;
    this.request();
  }

  zoom(factor, around = (this.from + this.until) / 2) {
    this.show(around - (around - this.from) * factor, around + (this.until - around) * factor);
  }

  move(part) {
    const by = (this.until - this.from) * part;
    this.show(this.from + by, this.until + by);
  }

  /** Brings a row into sight. */
  reveal(row) {
    const top = this.rows.top(row);
    const room = this.height - AXIS - this.rows.head;
    const { scrollTop } = this.scroller;
    if (top < scrollTop || this.rows.top(row + 1) > scrollTop + room) {
      this.scroller.scrollTop = Math.max(0, top - room / 3);
    }
    this.request();
  }

  hit(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const top = AXIS + this.rows.head;
    const row = y < top ? -1 : this.rowAt(y - top + this.scroller.scrollTop);
    return row >= this.rows.count ? null : this.rows.hit(this, x, y, row);
  }

  listen() {
    this.scroller.addEventListener("scroll", () => this.request(), { passive: true });
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => tip.hide());
    listenToPointers(this);
  }

  wheel(event) {
    const zooms = event.ctrlKey || event.metaKey;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (!zooms && Math.abs(sideways) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
    event.preventDefault();
    if (!zooms) this.move(sideways / this.width);
    else this.zoom(2 ** (event.deltaY / 200), this.at(event.clientX - this.canvas.getBoundingClientRect().left));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowLeft: () => this.move(-0.15), ArrowRight: () => this.move(0.15),
      "+": () => this.zoom(0.6), "=": () => this.zoom(0.6), "-": () => this.zoom(1 / 0.6),
      0: () => this.show(this.rows.begin, this.rows.end),
      ArrowUp: () => this.choose(-1), ArrowDown: () => this.choose(1),
      Enter: () => this.chosen && this.options.open?.(this.chosen), Escape: () => tip.hide(),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** Chooses the next thing by keyboard, and shows what pointing at it would show. */
  choose(by) {
    const next = this.rows.next(this.chosen, by);
    if (!next) return;
    this.chosen = next;
    this.reveal(next.row);
    if (next.from !== undefined && (next.until < this.from || next.from > this.until)) {
      const length = this.until - this.from;
      this.show(next.from - length / 2, next.from + length / 2);
    }
    const box = this.canvas.getBoundingClientRect();
    const y = AXIS + this.rows.head + this.rows.top(next.row) - this.scroller.scrollTop;
    tip.show(box.left + this.gutter, box.top + y + 12, next.lines());
  }
}

/** Instants at round numbers of nanoseconds, at most so many. */
function timeMarks(from, until, most) {
  const least = (until - from) / Math.max(2, most);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = Math.max(1, [1, 2, 5, 10].map((n) => n * power).find((size) => size >= least));
  const marks = [];
  for (let mark = Math.ceil(from / step) * step; mark <= until; mark += step) marks.push(mark);
  return marks.filter((mark) => mark >= 0);
}

const widths = new Map();

/** A text cut to a width. */
function fitted(context, text, width) {
  const key = `${width} ${text}`;
  const before = widths.get(key);
  if (before !== undefined) return before;
  let shown = text;
  if (context.measureText(text).width > width) {
    let length = text.length;
    while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > width) length -= 1;
    shown = `${text.slice(0, length)}…`;
  }
  if (widths.size > 20000) widths.clear();
  widths.set(key, shown);
  return shown;
}

/** Pointing, dragging and pinching. */
function listenToPointers(view) {
  const { canvas } = view;
  const down = new Map();
  let moved = 0;
  let apart = 0;
  canvas.addEventListener("pointerdown", (event) => {
    down.set(event.pointerId, event);
    canvas.setPointerCapture(event.pointerId);
    moved = 0;
    apart = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) {
      const found = view.hit(event);
      if (found) tip.show(event.clientX, event.clientY, found.lines());
      else tip.hide();
      return;
    }
    down.set(event.pointerId, event);
    if (down.size === 2) {
      const [one, two] = [...down.values()];
      const now = Math.abs(one.clientX - two.clientX);
      const middle = (one.clientX + two.clientX) / 2 - canvas.getBoundingClientRect().left;
      if (apart > 0 && now > 0) view.zoom(apart / now, view.at(middle));
      apart = now;
      return;
    }
    moved += Math.abs(event.clientX - before.clientX) + Math.abs(event.clientY - before.clientY);
    view.move((before.clientX - event.clientX) / (view.width - view.gutter));
    if (event.pointerType === "mouse") view.scroller.scrollTop += before.clientY - event.clientY;
    tip.hide();
  });
  const up = (event) => {
    down.delete(event.pointerId);
    if (event.type !== "pointerup" || moved > 6) return;
    const found = view.hit(event);
    if (!found) return;
    view.chosen = found;
    view.options.open?.(found);
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => tip.hide());
}
