// One session, a line for each step, with the critical path marked.

const LINE = 21;

class StepRows {
  constructor(run, session) {
    this.run = run;
    this.session = session;
    this.first = run.first[session];
    this.count = run.first[session + 1] - this.first;
    this.begin = run.sessions.at[session];
    this.end = this.begin + run.sessions.e2e[session];
    this.head = 0;
    this.label = `Waterfall of ${sessionName(run, session)}, ${counted(this.count, "step")}`;
  }

  top(row) {
    return row * LINE;
  }

  draw(view, row, top) {
    const { run } = this;
    const step = this.first + row;
    const { context, colours } = view;
    if (view.chosen?.step === step) {
      context.fillStyle = colours.line;
      context.fillRect(0, top, view.width, LINE);
    }
    const failed = run.failed.has(step) || run.errors.has(step);
    const name = `${failed ? "✗ " : ""}${stepName(run, step)}`;
    view.gutterText(name, top + LINE / 2, 10 * Math.min(depthOf(run, step), 6), failed ? colours.bad : colours.text);
    stretches(run, step, (stage, from, until) => {
      const thin = THIN.has(stage);
      view.bar(from, until, top + (thin ? 7 : 3), thin ? 5 : LINE - 9, colours[stage]);
    });
    const end = run.at[step] + run.e2e[step];
    if (run.path[step]) view.bar(run.at[step], Math.min(end, this.end), top + LINE - 4, 2, colours.path);
    this.drawTime(view, step, top + LINE / 2 - 1);
  }

  /** The time of a step, behind its bar or, where there is no room, before it. */
  drawTime(view, step, y) {
    const { run } = this;
    const { context, colours } = view;
    const text = span(run.e2e[step]);
    const width = context.measureText(text).width;
    const end = view.x(run.at[step] + run.e2e[step]);
    const begin = view.x(run.at[step]);
    if (end < view.gutter || begin > view.width) return;
    const behind = end + 6 + width < view.width;
    const x = behind ? end + 6 : begin - 6 - width;
    if (x < view.gutter) return;
    context.fillStyle = colours.faint;
    context.fillText(text, x, y);
  }

  hit(view, x, y, row) {
    return row < 0 ? null : this.step(this.first + row);
  }

  step(step) {
    const { run } = this;
    return {
      row: step - this.first, step, session: this.session,
      from: run.at[step], until: run.at[step] + run.e2e[step],
      lines: () => tipLines(stepName(run, step), stepLines(run, step)),
    };
  }

  next(chosen, by) {
    const place = chosen ? chosen.step + by : by > 0 ? this.first : this.first + this.count - 1;
    return place < this.first || place >= this.first + this.count ? null : this.step(place);
  }
}

/** The slowest session, which is shown first. */
function slowest(run) {
  return run.sessions.e2e.reduce((best, time, index) => (time > run.sessions.e2e[best] ? index : best), 0);
}

/** Choosing a session, and its waterfall. */
function waterfallSection(run) {
  const place = element("div");
  const node = section("session", "One session", null, place);
  const show = (session) => place.replaceChildren(...waterfall(run, session, show).filter(Boolean));
  if (run.sessions.task.length > 0) show(slowest(run));
  return { node, show };
}

function waterfall(run, session, show) {
  const rows = new StepRows(run, session);
  const view = new TimeView(rows, { gutter: 200, height: 460 });
  const last = run.sessions.task.length - 1;
  const number = element("input", {
    type: "number", min: 0, max: last, value: session, "aria-label": "number of the session",
    onchange: () => show(Math.max(0, Math.min(last, Math.round(Number(number.value)) || 0))),
  });
  const mark = element("span", { class: "swatch thin" });
  mark.style.background = "var(--path)";
  const used = new Set();
  for (let step = rows.first; step < rows.first + rows.count; step += 1) {
    stretches(run, step, (stage) => used.add(stage));
  }
  const key = legend(STAGES.filter((stage) => used.has(stage)));
  if (run.hasPath) key.append(element("li", { title: "the session would have ended earlier had this been faster; between its steps the agent computes" }, mark, "critical path"));
  return [
    element("div", { class: "tools" },
      button("‹", "session before", () => show(Math.max(0, session - 1))), number,
      button("›", "session after", () => show(Math.min(last, session + 1))),
      button("slowest", "the slowest session", () => show(slowest(run))), view.buttons()),
    element("h3", {}, sessionName(run, session), " ", outcomeMark(run, session)),
    element("p", { class: "faint" }, sessionText(run, session)),
    view.node, key, shareBar(sharesOf(run, session), run.sessions.e2e[session]), stepTable(run, rows),
  ];
}

function outcomeMark(run, session) {
  const failed = run.sessionErrors.has(session);
  return element("span", { class: `mark ${failed ? "bad" : "good"}` }, failed ? "failed" : "answered");
}

function sessionText(run, session) {
  const used = run.used?.[session] ?? [];
  const computing = used.map((one) => `${plain(one.name)} ${count(one.fuel)} units of fuel, ${bytes(one.memory_bytes)}`);
  const error = run.sessionErrors.has(session) ? ` ${errorText(run, session)}.` : "";
  return `${span(run.sessions.e2e[session])} from its start at ${span(run.sessions.at[session])}, ${counted(run.sessions.steps[session], "step")}.${error}${computing.length ? ` Used: ${computing.join("; ")}.` : ""}`;
}

function sharesOf(run, session) {
  if (!run.sessions.shares) return null;
  return Object.fromEntries(STAGES.map((stage) => [stage, run.sessions.shares[stage][session]]));
}

/** What the time was spent on, as a bar and a table. */
function shareBar(shares, whole) {
  if (!shares) return null;
  const parts = STAGES.filter((stage) => shares[stage] > 0);
  const bar = element("div", { class: "shares", role: "img", "aria-label": `where the time went: ${parts.map((stage) => `${stage} ${percent(shares[stage], whole)}`).join(", ")}` },
    parts.map((stage) => {
      const part = element("span", { title: `${stage}: ${span(shares[stage])}, ${percent(shares[stage], whole)}` });
      part.style.background = `var(--${stage})`;
      part.style.flexGrow = shares[stage] / whole;
      return part;
    }));
  const items = element("ul", { class: "legend" }, parts.map((stage) => {
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = `var(--${stage})`;
    return element("li", {}, swatch, `${stage} ${percent(shares[stage], whole)}, `, element("span", { "data-exact": shares[stage] }, span(shares[stage])));
  }));
  return element("div", {}, bar, items);
}

function stepTable(run, rows) {
  const columns = [["step"], ["begins at", true], ["time", true], ["queue", true], ["prefill", true],
    ["transfer", true], ["decode", true], ["to first token", true], ["prompt", true], ["cached", true],
    ["reply", true], ["energy", true], ["cost", true], ["path"], ["machine"], ["error", "wide"]];
  return pagedTable("Steps as a table", columns, rows.count, (row) => {
    const step = rows.first + row;
    const rank = run.rank[step];
    const chat = run.kind[step] === CHAT;
    const of = (column, form) => (chat ? cell(run.chats[column][rank], form) : "");
    return [
      `${"  ".repeat(depthOf(run, step))}${stepName(run, step)}`,
      cell(run.at[step] - rows.begin, span), cell(run.e2e[step], span),
      of("queue", span), of("prefill", span), of("transfer", span), of("decode", span), of("ttft", span),
      of("input", count), of("cached", count), of("output", count),
      chat ? cell(run.energy[rank], joules) : "", chat ? cell(run.cost[rank], dollars) : "",
      run.hasPath ? (run.path[step] ? "yes" : "") : UNKNOWN, chat ? run.names[run.chats.machine[rank]] : "",
      plain(run.errors.get(step) ?? (run.failed.has(step) ? "no result" : "")),
    ];
  });
}
