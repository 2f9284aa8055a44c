// The points of a sweep: which machine, in which size, gives what to one user and for a megawatt.

const SHAPES = ["circle", "square", "triangle", "diamond"];
const INKS = ["decode", "prefill", "tool", "transfer", "agent", "user"];

function sweepSection(sweep) {
  const points = sweep.points.map((one) => ({ ...one, name: pointName(one.point), load: pointLoad(one.point) }));
  const machines = [...new Set(points.map((one) => one.name))];
  const charts = [
    { title: "Tokens/s/MW against tokens/s/user", key: "tokens_per_second_per_megawatt", on: "on_power_frontier", unit: "tokens/s/MW", form: rate, more: true },
    { title: "$/M tokens against tokens/s/user", key: "usd_per_million_output_tokens", on: "on_cost_frontier", unit: "$/M tokens", form: dollars, more: false },
    { title: "Tokens/s against tokens/s/user", key: "output_tokens_per_second", on: "on_chip_frontier", unit: "tokens/s", form: rate, more: true },
  ];
  return section("sweep", "Sweep",
    "Filled: on the frontier, so no other point gives every user more without losing in the other figure. Lines join the loads of one machine in one size.",
    markLegend(machines), element("div", { class: "cards" }, charts.map((chart) => sweepCard(chart, points, machines))),
    sweepTable(points));
}

function pointName(point) {
  return plain(`${point.machine}:${point.model}`);
}

function pointLoad(point) {
  if (point.at_once !== null) return `${point.at_once} at once`;
  return point.rate_per_second !== null ? `${point.rate_per_second} a second` : "as it is";
}

function markLegend(machines) {
  return element("ul", { class: "legend" }, machines.map((name, at) =>
    element("li", {}, svgElement("svg", { viewBox: "0 0 12 12", width: 12, height: 12, style: null, class: "swatch" }, pointShape(at, 6, 6, 4.5, true)), name)));
}

function pointShape(at, x, y, size, filled, attributes) {
  const ink = `var(--${INKS[at % INKS.length]})`;
  const shape = SHAPES[at % SHAPES.length];
  const paths = {
    circle: `M${x - size} ${y}a${size} ${size} 0 1 0 ${2 * size} 0a${size} ${size} 0 1 0 ${-2 * size} 0Z`,
    square: `M${x - size} ${y - size}h${2 * size}v${2 * size}h${-2 * size}Z`,
    triangle: `M${x} ${y - size}L${x + size} ${y + size}H${x - size}Z`,
    diamond: `M${x} ${y - size * 1.2}L${x + size * 1.2} ${y}L${x} ${y + size * 1.2}L${x - size * 1.2} ${y}Z`,
  };
  return svgElement("path", { d: paths[shape], fill: filled ? ink : "var(--card)", stroke: ink, "stroke-width": 1.6, ...attributes });
}

/** A scale over values: logarithmic where they span more than a power of ten. */
function scaleOf(values, from, until) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const logarithmic = least > 0 && most / least > 12;
  const to = logarithmic ? Math.log10 : (value) => value;
  const low = logarithmic ? to(least) - 0.08 : 0;
  const high = logarithmic ? to(most) + 0.08 : most * 1.08 || 1;
  const place = (value) => from + ((to(value) - low) / (high - low)) * (until - from);
  return { place, marks: logarithmic ? logMarks(low, high) : valueMarks(high), logarithmic };
}

function valueMarks(most) {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 2, 5, 10].map((n) => n * power).find((size) => size >= most / 5) ?? most;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, at) => at * step);
}

function logMarks(low, high) {
  const marks = [];
  const steps = high - low > 2.2 ? [1] : high - low > 1.2 ? [1, 3] : [1, 2, 5];
  for (let power = Math.floor(low); power <= high; power += 1) {
    for (const step of steps) {
      const mark = step * 10 ** power;
      if (Math.log10(mark) >= low && Math.log10(mark) <= high) marks.push(mark);
    }
  }
  return marks;
}

function sweepCard(chart, points, machines) {
  const shown = points.filter((one) => one.figures.tokens_per_second_per_user !== null && one.figures[chart.key] !== null);
  const head = element("h3", {}, chart.title);
  if (shown.length === 0) return element("div", { class: "card" }, head, element("p", { class: "faint" }, UNKNOWN));
  const left = points.length - shown.length;
  const note = left > 0 ? element("p", { class: "faint" }, `${counted(left, "point")} of unknown ${chart.unit} or tokens/s/user not drawn.`) : null;
  return element("div", { class: "card" }, head, scatter(chart, shown, machines), note);
}

function scatter(chart, points, machines) {
  const { width, left, right, top } = { ...CHART, width: 400, left: 58, top: 18 };
  const [height, bottom] = [280, 36];
  const value = (one) => one.figures[chart.key];
  const user = (one) => one.figures.tokens_per_second_per_user;
  const xs = scaleOf(points.map(user), left, width - right);
  const ys = scaleOf(points.map(value), height - bottom, top);
  const grid = [
    ...ys.marks.map((mark) => [svgElement("line", { class: "grid", x1: left, x2: width - right, y1: ys.place(mark), y2: ys.place(mark) }),
      svgElement("text", { x: left - 6, y: ys.place(mark) + 4, "text-anchor": "end" }, chart.form === dollars ? `$${short(mark)}` : short(mark))]),
    ...xs.marks.map((mark) => [svgElement("line", { class: "grid", x1: xs.place(mark), x2: xs.place(mark), y1: top, y2: height - bottom }),
      svgElement("text", { x: xs.place(mark), y: height - bottom + 15, "text-anchor": "middle" }, short(mark))]),
  ];
  const series = Object.values(Object.groupBy(points, (one) => `${one.name} ${one.point.size}`)).map((line) =>
    svgElement("path", { class: "series", stroke: `var(--${INKS[machines.indexOf(line[0].name) % INKS.length]})`,
      d: line.map((one, at) => `${at ? "L" : "M"}${xs.place(user(one))} ${ys.place(value(one))}`).join("") }));
  const marks = points.map((one) => pointShape(machines.indexOf(one.name), xs.place(user(one)), ys.place(value(one)), 5, one[chart.on] === true, {
    class: "point", tabindex: 0, role: "img", "aria-label": pointText(one, chart),
  }));
  marks.forEach((mark, at) => mark.append(svgElement("title", {}, pointText(points[at], chart))));
  const best = points.filter((one) => one[chart.on] === true).sort((one, other) => user(one) - user(other));
  const frontier = svgElement("path", { class: "frontier", d: best.map((one, at) => `${at ? "L" : "M"}${xs.place(user(one))} ${ys.place(value(one))}`).join("") });
  return svgElement("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `${chart.title}, ${counted(points.length, "point")}, ${best.length} on the frontier` },
    grid, series, frontier, marks,
    svgElement("text", { x: left - 50, y: 10 }, `${chart.unit}${ys.logarithmic ? ", logarithmic" : ""}`),
    svgElement("text", { x: width - right, y: height - 5, "text-anchor": "end" }, `tokens/s/user${xs.logarithmic ? ", logarithmic" : ""}`));
}

function pointText(one, chart) {
  const sign = one.point.estimated ? "≈ " : "";
  return `${one.name}, size ${one.point.size}, ${one.load}: ${sign}${rate(one.figures.tokens_per_second_per_user)} tokens/s/user, ${sign}${chart.form(one.figures[chart.key])} ${chart.unit}`;
}

function sweepTable(points) {
  const columns = [["machine"], ["size"], ["load"], ["tokens/s/user", true], ["TTFT p50", true], ["TTFT p95", true],
    ["tokens/s", true], ["tokens/s/MW", true], ["$/M tokens", true], ["energy", true], ["cost", true], ["failed", true], ["frontier"]];
  const details = pagedTable("All points as a table", columns, points.length, (at) => {
    const { point, figures, name, load } = points[at];
    const on = [["on_chip_frontier", "chip"], ["on_power_frontier", "power"], ["on_cost_frontier", "cost"]];
    return [
      element("span", {}, name, " ", estimateMark(point.estimated)), point.size, load,
      cell(figures.tokens_per_second_per_user, rate), cell(figures.ttft_p50_ns, span), cell(figures.ttft_p95_ns, span),
      cell(figures.output_tokens_per_second, rate), cell(figures.tokens_per_second_per_megawatt, rate),
      cell(figures.usd_per_million_output_tokens, dollars), cell(figures.energy_j, joules), cell(figures.cost_usd, dollars),
      cell(figures.failed, count), on.filter(([key]) => points[at][key] === true).map(([, word]) => word).join(", "),
    ];
  });
  details.open = points.length <= 40;
  return details;
}
