// How the figures of a run spread.

const CHART = { width: 370, height: 170, left: 44, right: 14, top: 26, bottom: 30 };

function distributionSection(run) {
  const { summary } = run;
  const chats = [...run.kind.keys()].filter((step) => run.kind[step] === CHAT);
  const answered = chats.filter((step) => isAnswered(run, step));
  const each = chats.map((step) => interToken(run, step)).filter((value) => value !== null);
  const target = summary.target_tokens_per_second;
  const cards = [
    ["Session, end to end", "sessions", run.sessions.e2e, summary.session_e2e_ns, span],
    ["Time to first token", "chats", answered.map((step) => run.chats.ttft[run.rank[step]]), summary.time_to_first_token_ns, span],
    ["Inter-token latency", "chats", each, summary.inter_token_latency_ns, span],
    ["Tokens/s/user", "chats", each.map((nanos) => 1e9 / nanos), summary.output_token_throughput_per_user, rate, target],
  ];
  return section("distributions", "Distributions",
    "Percentiles are by nearest rank, so each is a value that occurred. Dashed lines: p50, p95 and p99.",
    element("div", { class: "cards" }, cards.map((card) => distributionCard(run, ...card))));
}

function distributionCard(run, title, things, values, spread, form, target) {
  const head = element("h3", {}, title, " ", estimateMark(isEstimated(run)));
  if (!spread) return element("div", { class: "card" }, head, element("p", { class: "faint" }, UNKNOWN));
  const keys = ["min", "p50", "p90", "p95", "p99", "max", "mean"];
  const numbers = element("dl", { class: "spread", "aria-label": `${title}: percentiles` }, keys.map((key) =>
    element("div", {}, element("dt", {}, key), element("dd", { "data-exact": spread[key] }, form(spread[key])))));
  const chart = run.complete
    ? histogram(title, things, values, spread, form, target)
    : element("p", { class: "faint" }, "The figures below are of all; a chart would show only the part that this file holds.");
  return element("div", { class: "card" }, head, chart, numbers);
}

/** Bins at equal distances, or at equal ratios where the values span more than two powers of ten. */
function binsOf(values, number) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const logarithmic = least > 0 && most / least > 100;
  const [to, back] = logarithmic ? [Math.log, Math.exp] : [(v) => v, (v) => v];
  const [from, until] = [to(least), to(most)];
  const width = (until - from) / number || 1;
  const counts = new Array(number).fill(0);
  for (const value of values) counts[Math.min(number - 1, Math.floor((to(value) - from) / width))] += 1;
  const edge = (bin) => back(from + bin * width);
  const place = (value) => (until > from ? (to(value) - from) / (until - from) : 0.5);
  return { counts, edge, place, logarithmic, least, most };
}

function histogram(title, things, values, spread, form, target) {
  if (spread.min === spread.max) {
    return element("p", { class: "faint" }, values.length === 1 ? `One alone: ${form(spread.min)}.` : `All ${count(values.length)} ${things}: ${form(spread.min)}.`);
  }
  const bins = binsOf(values, Math.max(1, Math.min(36, Math.ceil(Math.sqrt(values.length) * 2))));
  const { width, height, left, right, top, bottom } = CHART;
  const room = width - left - right;
  const highest = Math.max(...bins.counts);
  const x = (value) => left + Math.max(0, Math.min(1, bins.place(value))) * room;
  const y = (number) => height - bottom - (number / highest) * (height - top - bottom);
  const each = room / bins.counts.length;
  const bars = bins.counts.map((number, bin) => number === 0 ? null : svgElement("rect", {
    class: "bar", x: left + bin * each + 0.5, y: y(number), width: Math.max(1, each - 1), height: height - bottom - y(number), rx: 1,
  }, svgElement("title", {}, `${form(bins.edge(bin))} to ${form(bins.edge(bin + 1))}: ${count(number)} ${things}`)));
  const label = `${title} of ${count(values.length)} ${things}: median ${form(spread.p50)}, p95 ${form(spread.p95)}, from ${form(spread.min)} to ${form(spread.max)}`;
  const marks = percentileMarks(x, spread, top, height - bottom);
  const inside = target >= bins.least && target <= bins.most;
  const goal = inside ? [
    svgElement("line", { class: "target", x1: x(target), x2: x(target), y1: top - 4, y2: height - bottom }),
    svgElement("text", { class: "strong", x: x(target), y: height - bottom - 4, "text-anchor": x(target) > width / 2 ? "end" : "start", dx: x(target) > width / 2 ? -4 : 4 }, `target ${count(target)}`),
  ] : [];
  const axis = [[left, "start", bins.least], [width - right, "end", bins.most]];
  return svgElement("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    svgElement("line", { class: "axis", x1: left, x2: width - right, y1: height - bottom + 0.5, y2: height - bottom + 0.5 }),
    svgElement("text", { x: left - 6, y: y(highest) + 4, "text-anchor": "end" }, short(highest)),
    svgElement("text", { x: left - 6, y: height - bottom, "text-anchor": "end" }, "0"),
    bars, marks, goal,
    axis.map(([at, anchor, value]) => svgElement("text", { x: at, y: height - bottom + 14, "text-anchor": anchor }, form(value))),
    svgElement("text", { x: left + room / 2, y: height - 4, "text-anchor": "middle" }, `${count(values.length)} ${things}${bins.logarithmic ? ", logarithmic" : ""}`));
}

/** Lines at percentiles; a label that would lie on another one is left out. */
function percentileMarks(x, spread, top, bottom) {
  let taken = -Infinity;
  return ["p50", "p95", "p99"].flatMap((name) => {
    const at = x(spread[name]);
    const line = svgElement("line", { class: "percentile", x1: at, x2: at, y1: top - 6, y2: bottom });
    if (at - 12 < taken) return [line];
    taken = at + 14;
    return [line, svgElement("text", { class: "strong", x: at, y: top - 10, "text-anchor": "middle" }, name)];
  });
}
