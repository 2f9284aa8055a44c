// The gate's answer: what changed, what each change costs, and which budgets hold.

const ANSWERS = { pass: "passes", warn: "passes with warnings", fail: "fails", inconclusive: "inconclusive", no_baseline: "no baseline" };

const UNIT_FORMS = {
  nanoseconds: span, count: (value) => (Number.isInteger(value) ? count(value) : fixed(value, 2)),
  tokens: (value) => (Number.isInteger(value) ? count(value) : rate(value)), tokens_per_second: (value) => `${rate(value)} tokens/s`,
  dollars, joules, share: (value) => `${fixed(value * 100, 1)} %`, bytes, fuel: count,
};

function answerMark(answer) {
  const kind = answer === "pass" ? "good" : answer === "fail" ? "bad" : "";
  return element("span", { class: `mark ${kind}` }, ANSWERS[answer] ?? answer);
}

function signed(value, form) {
  if (value === null || value === undefined) return UNKNOWN;
  if (value === 0) return "";
  return `${value > 0 ? "+" : "−"}${form(Math.abs(value))}`;
}

function verdictSection(verdict) {
  const parts = verdict.runs.map((run) => element("div", {},
    element("h3", {}, plain(run.on), " ", answerMark(run.answer)),
    element("p", { class: "faint" }, againstText(run)),
    changesTable(run), budgetsTable(run), metricsTable(run)));
  const section_ = section("verdict", "Verdict", null, parts);
  section_.querySelector("h2").append(" ", answerMark(verdict.answer));
  return section_;
}

function againstText(run) {
  if (!run.against) return "There is nothing to compare with.";
  const { kind, file, revision, commit } = run.against;
  const what = kind === "revision" ? `revision ${plain(revision)} (${plain(commit).slice(0, 12)})` : `${kind} ${plain(file)}`;
  return `Against ${what}: end-to-end time of all sessions ${signed(run.time_difference_ns, span) || "as before"}.`;
}

function changesTable(run) {
  if (run.changes.length === 0) return run.against ? element("p", {}, "Nothing changed.") : null;
  const columns = [["change", "wide"], ["time", true], ["model calls", true], ["tool calls", true], ["tokens in", true],
    ["tokens out", true], ["cost", true], ["verdict", "wide"]];
  return table(`${run.on}: what changed`, columns, run.changes.map((change) => {
    const { cost } = change;
    const details = change.details.length
      ? element("details", {}, element("summary", {}, "details"), change.details.map((line) => element("div", { class: "faint" }, plain(line))))
      : null;
    return [
      element("div", {}, plain(change.headline), details),
      { text: element("span", { class: cost.time_ns > 0 ? "worse" : "better" }, signed(cost.time_ns, span)), exact: cost.time_ns },
      signed(cost.model_calls, count), signed(cost.tool_calls, count), signed(cost.input_tokens, count),
      signed(cost.output_tokens, count), signed(cost.usd, dollars),
      element("span", { class: change.fails ? "worse" : null }, `${change.fails ? "fails: " : ""}${plain(change.reason)}`),
    ];
  }));
}

function budgetsTable(run) {
  if (run.budgets.length === 0) return null;
  const columns = [["budget", "wide"], ["value", true], ["limit", true], ["answer"], ["what was found", "wide"]];
  return table(`${run.on}: budgets`, columns, run.budgets.map((budget) => {
    const form = UNIT_FORMS[budget.unit];
    const sign = budget.limit_is_most ? "≤ " : "≥ ";
    return [plain(budget.name), cell(budget.value, form), known(budget.limit, (value) => sign + form(value)),
      answerMark(budget.answer), plain(budget.message)];
  }));
}

function metricsTable(run) {
  const columns = [["figure"], ["before", true], ["now", true], ["difference", true]];
  return table(`${run.on}: main figures`, columns, run.metrics.map((metric) => {
    const form = UNIT_FORMS[metric.unit];
    const both = metric.before !== null && metric.now !== null;
    const difference = both ? metric.now - metric.before : null;
    const told = both ? signed(difference, form) : "";
    const small = /^[+−]0(\.0+)? /.test(told);
    const better = both && difference !== 0 && difference < 0 === metric.less_is_better;
    const kind = !both || difference === 0 ? null : better ? "better" : "worse";
    return [plain(metric.metric), cell(metric.before, form), cell(metric.now, form),
      element("span", { class: kind }, small ? told.replace(/^([+−])0(\.0+)?/, "$1<0.1") : told)];
  }));
}
