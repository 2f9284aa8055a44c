// Machines, or runs, side by side: each figure with its band, and held against the target.

/** What is compared: for each one a name and figures of a value and, where it is known, a band. */
function comparedRuns(runs) {
  return runs.map((run) => comparedOf(run.name, isEstimated(run), figuresOfSummary(run.summary), run));
}

function figuresOfSummary(summary) {
  return {
    session_p50_ns: summary.session_e2e_ns?.p50, ttft_p50_ns: summary.time_to_first_token_ns?.p50,
    tokens_per_second_per_user: summary.output_token_throughput_per_user?.p50,
    makespan_ns: summary.makespan_ns, energy_j: summary.energy_j, cost_usd: summary.cost_usd,
    energy_j_band: summary.energy_j_band, cost_usd_band: summary.cost_usd_band,
    sessions: summary.sessions, failed: summary.failed, model_calls: summary.model_calls, output_tokens: summary.output_tokens,
  };
}

function comparedOf(name, estimated, figures, run) {
  const bands = run?.machines.length === 1 ? run.machines[0].bands : run?.bands;
  return { name, estimated, figures, bands, run: run?.sessions ? run : null };
}

function scaledBand(value, low, high) {
  return value === null || value === undefined || !(low > 0) ? null : { low: value * low, high: value * high };
}

const FIGURES = [
  { key: "session_p50_ns", title: "Session, end to end, p50", form: span, band: sessionBand,
    note: "queue, prefill and transfer by the band of the first token, and decode by that of output tokens, of the session in the middle" },
  { key: "ttft_p50_ns", title: "Time to first token, p50", form: span,
    band: (one) => one.bands && scaledBand(one.figures.ttft_p50_ns, one.bands.first_token.low, one.bands.first_token.high) },
  { key: "tokens_per_second_per_user", title: "Tokens/s/user, p50", form: rate, target: true,
    band: (one) => one.bands && scaledBand(one.figures.tokens_per_second_per_user, 1 / one.bands.output_token.high, 1 / one.bands.output_token.low) },
  { key: "energy_j", title: "Energy", form: joules, band: (one) => one.figures.energy_j_band },
  { key: "cost_usd", title: "Cost", form: dollars, band: (one) => one.figures.cost_usd_band },
  { key: "tokens_per_second_per_megawatt", title: "Tokens/s/MW", form: rate, band: () => null, optional: true },
  { key: "usd_per_million_output_tokens", title: "$/M tokens", form: dollars, band: () => null, optional: true },
];

/** The band of a session's time, from the shares of the session in the middle. */
function sessionBand(one) {
  const { run, bands } = one;
  const value = one.figures.session_p50_ns;
  if (!bands || !run?.sessions.shares || value === undefined || value === null) return null;
  const session = run.sessions.e2e.indexOf(value);
  if (session < 0) return null;
  const share = (stage) => run.sessions.shares[stage][session];
  const read = share("prefill") + share("transfer") + share("queue");
  const rest = value - read - share("decode");
  const at = (end) => rest + read * bands.first_token[end] + share("decode") * bands.output_token[end];
  return { low: at("low"), high: at("high") };
}

function comparisonSection(title, compared, target) {
  const figures = FIGURES.filter((figure) => !figure.optional || compared.some((one) => figure.key in one.figures));
  const note = "Lines through the bars: where nine of ten measurements would be, as far as a band is known; an arrow reaches beyond the chart. Factors are against the first machine.";
  return section("comparison", title, note,
    element("div", { class: "cards" }, figures.map((figure) => comparedFigure(figure, compared, target))),
    comparedTable(figures, compared));
}

function comparedFigure(figure, compared, target) {
  const values = compared.map((one) => one.figures[figure.key] ?? null);
  const bands = compared.map((one) => figure.band(one) ?? null);
  return element("div", { class: "card" }, element("h3", {}, figure.title),
    barChart(figure, compared, values, bands, figure.target ? target : null));
}

/** A line for each figure and a column for each machine, with band and factor below the value. */
function comparedTable(figures, compared) {
  const columns = [["figure"], ...compared.map((one) => [`${one.estimated ? "≈ " : ""}${one.name}`, true])];
  const rows = figures.map((figure) => [figure.title, ...compared.map((one, at) => {
    const value = one.figures[figure.key] ?? null;
    const first = compared[0].figures[figure.key];
    const band = figure.band(one);
    const factor = at > 0 && first > 0 && value !== null ? `×${fixed(value / first, 2)}, ` : "";
    const text = band ? `${figure.form(band.low)} to ${figure.form(band.high)}` : "band unknown";
    const shown = [known(value, figure.form), element("div", { class: "faint" }, value === null ? "" : factor + text)];
    return { text: element("div", {}, shown), exact: value ?? "" };
  })]);
  const counts = [["sessions", "sessions"], ["failed", "failed"], ["model calls", "model_calls"], ["output tokens", "output_tokens"]];
  rows.push(...counts.map(([name, key]) => [name, ...compared.map((one) => cell(one.figures[key], count))]));
  rows.push(["whole run", ...compared.map((one) => cell(one.figures.makespan_ns, span))]);
  const notes = figures.filter((figure) => figure.note && compared.some((one) => figure.band(one)));
  return element("div", {}, table("All figures side by side", columns, rows),
    notes.map((figure) => element("p", { class: "faint" }, `≈ rests on an estimate. The band of “${figure.title}” takes ${figure.note}.`)));
}

const NAME_MOST = 34;

function barChart(figure, compared, values, bands, target) {
  const [width, line, left] = [370, 36, 2];
  const largest = Math.max(...values.map((value) => value ?? 0), target ?? 0);
  if (!(largest > 0)) return element("p", { class: "faint" }, UNKNOWN);
  const reach = Math.max(largest, ...bands.map((band) => Math.min(band?.high ?? 0, largest * 1.6)));
  const x = (value) => left + (Math.min(value, reach) / reach) * (width - left - 4);
  const bars = values.map((value, at) => {
    const y = at * line + 18;
    const band = bands[at];
    const { name, estimated } = compared[at];
    const cut = name.length > NAME_MOST ? `${name.slice(0, NAME_MOST - 1)}…` : name;
    return [
      value === null ? null : svgElement("rect", { class: `bar${at > 0 ? " other" : ""}`, x: left, y, width: Math.max(1, x(value) - left), height: 11, rx: 2 },
        svgElement("title", {}, `${name}: ${figure.form(value)}`)),
      band ? svgElement("path", { class: "band", d: bandPath(x(band.low), x(band.high), y + 5.5, band.high > reach) }) : null,
      svgElement("text", { class: "strong", x: left, y: y - 5 }, cut),
      svgElement("text", { class: "strong", x: width - 4, y: y - 5, "text-anchor": "end" }, `${estimated && value !== null ? "≈ " : ""}${known(value, figure.form)}`),
    ];
  });
  const height = values.length * line + (target ? 16 : 2);
  const goal = target ? [
    svgElement("line", { class: "target", x1: x(target), x2: x(target), y1: 14, y2: height - 14 }),
    svgElement("text", { class: "strong", x: x(target), y: height - 2, "text-anchor": x(target) > width / 2 ? "end" : "start" }, `target ${count(target)}`),
  ] : null;
  const told = values.map((value, at) => `${compared[at].name} ${known(value, figure.form)}`).join(", ");
  return svgElement("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${figure.title}: ${told}` }, goal, bars);
}

/** A whisker; an arrow where it reaches beyond the chart. */
function bandPath(from, until, y, beyond) {
  const end = beyond ? `M${until - 5} ${y - 4}L${until} ${y}L${until - 5} ${y + 4}` : `M${until} ${y - 4}V${y + 4}`;
  return `M${from} ${y - 4}V${y + 4}M${from} ${y}H${until}${end}`;
}
