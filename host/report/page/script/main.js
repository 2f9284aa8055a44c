// The page: what is in the file, in the order in which it is looked at.

function keyFigures(run) {
  const { summary } = run;
  const estimated = isEstimated(run);
  const figure = (name, value, beside, mark = true) => element("div", { class: "figure" },
    element("dt", {}, name, " ", mark && value !== UNKNOWN ? estimateMark(estimated) : null),
    element("dd", {}, element("div", { class: "value" }, value), element("div", { class: "beside" }, beside)));
  const users = summary.output_token_throughput_per_user;
  const target = summary.target_tokens_per_second;
  const band = (range, form) => (range ? `band ${form(range.low)} to ${form(range.high)}` : "band unknown");
  const p50 = (spread, form) => known(spread?.p50, form);
  return element("section", { class: "figures", id: "figures", "aria-label": "Figures" },
    figure("Session, p50", p50(summary.session_e2e_ns, span), `p95 ${known(summary.session_e2e_ns?.p95, span)}, ${counted(summary.sessions, "session")}${summary.failed ? `, ${count(summary.failed)} failed` : ""}`),
    figure("Tokens/s/user, p50", p50(users, rate), summary.model_calls_at_target === null ? `target ${count(target)}` : `${count(summary.model_calls_at_target)} of ${count(summary.model_calls)} model calls at ${count(target)}`),
    figure("Time to first token, p50", p50(summary.time_to_first_token_ns, span), `p95 ${known(summary.time_to_first_token_ns?.p95, span)}`),
    figure("Calls", count(summary.model_calls + summary.tool_calls), `${counted(summary.model_calls, "model call")}, ${counted(summary.tool_calls, "tool call")}`, false),
    figure("Tokens", `${short(summary.input_tokens)} → ${short(summary.output_tokens)}`, `${count(summary.input_tokens)} in (${count(summary.cached_input_tokens)} cached), ${count(summary.output_tokens)} out`, false),
    figure("Energy", known(summary.energy_j, joules), summary.energy_j === null ? "no source states the power" : band(summary.energy_j_band, joules)),
    figure("Cost", known(summary.cost_usd, dollars), summary.cost_usd === null ? "no source states a price" : band(summary.cost_usd_band, dollars)));
}

function whereSection(run) {
  const shares = run.summary.time_share_ns;
  const whole = STAGES.reduce((sum, stage) => sum + shares[stage], 0);
  const rows = STAGES.filter((stage) => shares[stage] > 0).map((stage) => [stage, STAGE_TEXTS[stage], cell(shares[stage], span), percent(shares[stage], whole)]);
  return section("where", "Where the time went", "The critical paths of all sessions, to the nanosecond.",
    shareBar(shares, whole), table("Where the time went", [["stage"], ["what", "wide"], ["time", true], ["share", true]], rows));
}

function factsSection(run) {
  const fact = (name, ...value) => [element("dt", {}, name), element("dd", {}, ...value)];
  const digest = (text) => element("span", { class: "digest" }, plain(text ?? UNKNOWN));
  const machines = run.machines.flatMap((machine) => fact("machine",
    `${plain(machine.name)} serves ${plain(machine.model)} `, estimateMark(machine.estimated), " ", digest(machine.digest), bandsText(machine)));
  const components = (run.components ?? []).flatMap((one) => fact(one.role, `${plain(one.name)} `, digest(one.digest)));
  const words = run.words ? fact("words", `${run.words.kind} `, digest(run.words.digest)) : [];
  const notes = (run.notes ?? []).flatMap((note) => fact("note", plain(note)));
  return section("facts", "What was run", null, element("dl", { class: "facts" },
    fact("bench", `${plain(run.bench.name)} `, digest(run.bench.digest)), fact("seed", run.seed), machines, components, words, notes,
    fact("written by", `timeslip ${plain(run.timeslip)}`)));
}

/** Where nine of ten measurements would be. */
function bandsText(machine) {
  if (!machine.bands) return machine.endpoint ? element("div", { class: "faint" }, `measured at ${plain(machine.endpoint)}`) : null;
  const one = (band) => `${fixed(band.low, 3)} to ${fixed(band.high, 3)}`;
  const basis = (band) => (band.rows ? `${counted(band.rows, "measured row")} of ${plain(band.class)}` : `no measurements of ${plain(band.class)}`);
  const { first_token: first, output_token: output } = machine.bands;
  return element("div", { class: "faint" },
    `nine of ten measurements within ${one(first)} times the time to first token (${basis(first)}), and ${one(output)} times the inter-token latency (${basis(output)})`);
}

function runParts(run) {
  const parts = [keyFigures(run)];
  if (run.sessions.task.length > 0) {
    const session = waterfallSection(run);
    const timeline = timelineSection(run, (chosen) => {
      session.show(chosen);
      session.node.scrollIntoView({ block: "start", behavior: "smooth" });
    });
    state.timeline = timeline;
    parts.push(whereSection(run), timeline.node, session.node);
  } else parts.push(whereSection(run));
  parts.push(distributionSection(run), factsSection(run));
  return parts;
}

const state = { timeline: null };

/** The parts of one run of several, and which one that is. */
function runChoice(runs, place) {
  const pick = (at) => {
    place.replaceChildren(...runParts(runs[at]));
    [...choice.querySelectorAll("button")].forEach((one, index) => one.setAttribute("aria-pressed", index === at));
  };
  const choice = element("div", { class: "tools", role: "group", "aria-label": "run" },
    runs.map((run, at) => element("button", { type: "button", onclick: () => pick(at) }, run.name)));
  pick(0);
  return choice;
}

function contents(main) {
  const links = [...main.querySelectorAll("section[id]")].filter((one) => one.querySelector("h2"));
  return links.map((one) => element("li", {}, element("a", { href: `#${one.id}` }, one.querySelector("h2").firstChild.textContent)));
}

function helpDialog() {
  const keys = [["← →", "move along the time"], ["+ −", "zoom; with a wheel: Ctrl and wheel"], ["0", "show all of it"],
    ["↑ ↓", "choose a step, and read its figures"], ["Enter", "open the session of the chosen step"], ["/", "search"], ["t", "light or dark"], ["?", "this help"], ["Esc", "close"]];
  const dialog = element("dialog", { "aria-label": "Keyboard" }, element("h2", {}, "Keyboard"),
    element("p", { class: "faint" }, "Keys act on the timeline or waterfall that has the focus, and on the timeline where none has it."),
    table("Keys", [["key"], ["what it does", "wide"]], keys.map(([key, what]) => [element("kbd", {}, key), what])),
    element("p", {}, element("button", { type: "button", onclick: () => dialog.close() }, "close")));
  document.body.append(dialog);
  return dialog;
}

function listenToKeys(help) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const { timeline } = state;
    if (event.key === "?") help.showModal();
    else if (event.key === "t") switchTheme();
    else if (event.key === "/" && timeline) timeline.search.focus();
    else if (event.target === document.body && timeline && /^([-+=0]|ArrowLeft|ArrowRight)$/.test(event.key)) timeline.view.key(event);
    else return;
    event.preventDefault();
  });
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  coloursChanged();
}

/** Canvases are drawn again when the colours are others. */
function coloursChanged() {
  palette.current = undefined;
  for (const view of TimeView.all) view.draw();
}

function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const runs = data.runs.map(readRun);
  const main = document.querySelector("main");
  if (data.verdict) main.append(verdictSection(data.verdict));
  if (data.what_if) main.append(whatIfSection(data.what_if));
  if (data.sweep) main.append(sweepSection(data.sweep));
  if (data.comparison) main.append(comparedPart(data.comparison, runs));
  else if (runs.length > 1) main.append(comparisonSection("Runs side by side", comparedRuns(runs), runs[0].summary.target_tokens_per_second));
  if (runs.length === 1) main.append(...runParts(runs[0]));
  else if (runs.length > 1) {
    const place = element("div");
    main.append(runChoice(runs, place), place);
  }
  document.querySelector("nav ul").append(...contents(main));
  const help = helpDialog();
  document.querySelector(".titles").append(element("div", {},
    button("?", "keyboard", () => help.showModal()), " ", button("◐", "light or dark", switchTheme)));
  listenToKeys(help);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", coloursChanged);
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.printing = "";
    coloursChanged();
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.printing;
    coloursChanged();
  });
}

/** Machines that ran one workload; where their runs are in the file, a band can be taken from them. */
function comparedPart(comparison, runs) {
  const compared = comparison.machines.map((machine, at) =>
    comparedOf(plain(machine.machine), machine.estimated, machine.figures, { ...runs[at], machines: [], bands: machine.bands }));
  return comparisonSection("Machines side by side", compared, comparison.target_tokens_per_second);
}

start();
