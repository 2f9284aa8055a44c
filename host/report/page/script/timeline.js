// All sessions and machines of a run on one axis.

const TRACK = 13;
const TRACK_GAP = 5;
const MACHINE_TITLE = 20;

/** Puts steps that overlap on tracks below each other; a delegated step lies below its tool's. */
function tracksOf(run) {
  const track = new Uint8Array(run.kind.length);
  const tracks = new Uint8Array(run.sessions.task.length);
  for (let session = 0; session < tracks.length; session += 1) {
    const ends = [];
    for (let step = run.first[session]; step < run.first[session + 1]; step += 1) {
      let free = 0;
      while (free < ends.length && ends[free] > run.at[step] && free < MOST_TRACKS - 1) free += 1;
      ends[free] = Math.max(ends[free] ?? 0, run.at[step] + run.e2e[step]);
      track[step] = free;
    }
    tracks[session] = Math.max(1, ends.length);
  }
  return { track, tracks };
}

const MOST_TRACKS = 8;

/** The rows of a run's timeline. */
class SessionRows {
  constructor(run) {
    this.run = run;
    this.count = run.sessions.task.length;
    this.begin = 0;
    this.end = run.end;
    this.label = `Timeline of ${counted(this.count, "session")} and their machines`;
    this.machines = machineLanes(run);
    this.head = this.machines.reduce((height, { lanes }) => height + MACHINE_TITLE + lanes.length * LANE, 0) + (this.machines.length ? 8 : 0);
    Object.assign(this, tracksOf(run));
    this.tops = new Float64Array(this.count + 1);
    for (let row = 0; row < this.count; row += 1) {
      this.tops[row + 1] = this.tops[row] + this.tracks[row] * TRACK + TRACK_GAP;
    }
    this.matches = null;
  }

  top(row) {
    return this.tops[row];
  }

  drawHead(view) {
    const { context, colours } = view;
    let y = AXIS;
    for (const { name, lanes } of this.machines) {
      context.font = '600 12px system-ui, "DejaVu Sans", sans-serif';
      view.gutterText(name, y + MACHINE_TITLE / 2 + 2, 0, colours.text);
      context.font = '12px system-ui, "DejaVu Sans", sans-serif';
      y += MACHINE_TITLE;
      for (const lane of lanes) {
        drawLane(view, lane, y);
        y += LANE;
      }
    }
    if (this.head > 0) {
      context.fillStyle = colours.edge;
      context.fillRect(0, AXIS + this.head - 1, view.width, 1);
    }
  }

  draw(view, session, top) {
    const { run } = this;
    const { colours } = view;
    const height = this.tracks[session] * TRACK;
    if (view.chosen?.session === session) {
      view.context.fillStyle = colours.line;
      view.context.fillRect(0, top - 2, view.width, height + TRACK_GAP);
    }
    const ink = run.failedSessions.has(session) ? colours.bad : colours.text;
    const mark = run.failedSessions.has(session) ? "✗ " : "";
    view.gutterText(mark + sessionName(run, session), top + TRACK / 2 + 1, 0, ink);
    const begins = run.sessions.at[session];
    if (run.hasPath) view.bar(begins, begins + run.sessions.e2e[session], top + TRACK - 3, 2, colours.agent);
    this.drawSteps(view, session, top);
  }

  /** Steps that are shorter than a pixel are drawn once for each pixel and stage. */
  drawSteps(view, session, top) {
    const { run } = this;
    const drawn = {};
    const scale = (view.width - view.gutter - 8) / (view.until - view.from);
    for (let step = this.firstInSight(session, view.from); step < run.first[session + 1]; step += 1) {
      if (run.at[step] > view.until) break;
      const faded = this.matches && !this.matches.has(step);
      view.context.globalAlpha = faded ? 0.18 : 1;
      const y = top + this.track[step] * TRACK;
      stretches(run, step, (stage, from, until) => {
        const pixel = Math.floor((until - view.from) * scale);
        const key = faded ? `${stage} faded` : stage;
        if (drawn[key] === pixel && (until - from) * scale < 1) return;
        drawn[key] = pixel;
        const thin = THIN.has(stage);
        view.bar(from, until, y + (thin ? 4 : 0), thin ? 4 : TRACK - 2, view.colours[stage]);
      });
    }
    view.context.globalAlpha = 1;
  }

  /** The first step that may reach into sight: steps are in the order of their beginnings. */
  firstInSight(session, from) {
    const { run } = this;
    const longest = this.longest ??= longestSteps(run);
    let low = run.first[session];
    let high = run.first[session + 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (run.at[middle] + longest[session] < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  hit(view, x, y, row) {
    if (row < 0) return this.hitHead(view, x, y);
    const at = view.at(x);
    const near = ((view.until - view.from) / view.width) * 2;
    const track = Math.floor((y - AXIS - this.head + view.scroller.scrollTop - this.tops[row]) / TRACK);
    const { run } = this;
    let best = -1;
    for (let step = this.firstInSight(row, at - near); step < run.first[row + 1] && run.at[step] <= at + near; step += 1) {
      if (run.at[step] + run.e2e[step] >= at - near && this.track[step] === track) best = step;
    }
    return best < 0 || x < view.gutter ? this.session(row) : this.step(best);
  }

  hitHead(view, x, y) {
    const at = view.at(x);
    if (y < AXIS || x < view.gutter || at < this.begin || at > this.end) return null;
    let top = AXIS;
    for (const { name, lanes } of this.machines) {
      top += MACHINE_TITLE + lanes.length * LANE;
      if (y >= top) continue;
      const lines = () => tipLines(`${name} at ${span(Math.round(at))}`, lanes.map((lane) =>
        [lane.title, lane.unknown ? UNKNOWN : lane.form(valueAt(lane, at))]));
      return { row: 0, lines, session: null };
    }
    return null;
  }

  session(session) {
    const { run } = this;
    const shares = STAGES.map((stage) => [stage, run.sessions.shares?.[stage][session]]);
    return {
      row: session, session,
      lines: () => tipLines(sessionName(run, session), [
        ["started at", span(run.sessions.at[session])],
        ["end to end", span(run.sessions.e2e[session])],
        ["steps", count(run.sessions.steps[session])],
        ...shares.filter(([, share]) => share > 0).map(([stage, share]) => [stage, span(share)]),
        run.sessionErrors.has(session) && ["failed", errorText(run, session)],
      ]),
    };
  }

  step(step) {
    const { run } = this;
    return {
      row: run.session[step], session: run.session[step], step,
      from: run.at[step], until: run.at[step] + run.e2e[step],
      lines: () => tipLines(stepName(run, step), stepLines(run, step)),
    };
  }

  next(chosen, by) {
    const place = chosen?.step ?? (by > 0 ? -1 : this.run.kind.length);
    const wanted = (step) => !this.matches || this.matches.has(step);
    for (let step = place + by; step >= 0 && step < this.run.kind.length; step += by) {
      if (wanted(step)) return this.step(step);
    }
    return null;
  }
}

function errorText(run, session) {
  const { kind, message } = run.sessionErrors.get(session);
  return `${plain(kind)}: ${plain(message)}`;
}

function longestSteps(run) {
  const longest = new Float64Array(run.sessions.task.length);
  run.e2e.forEach((length, step) => {
    const session = run.session[step];
    if (length > longest[session]) longest[session] = length;
  });
  return longest;
}

/** The steps that a search finds, by all that is said of them. */
function found(run, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return null;
  const matches = new Set();
  for (let step = 0; step < run.kind.length; step += 1) {
    const said = searchable(run, step);
    if (words.every((word) => said.includes(word))) matches.add(step);
  }
  return matches;
}

function searchable(run, step) {
  const rank = run.rank[step];
  const machine = run.kind[step] === CHAT
    ? ` ${run.names[run.chats.machine[rank]]} ${run.names[run.chats.model[rank]]} ${FINISHES[run.chats.finish[rank]]}`
    : "";
  const failed = run.failed.has(step) || run.errors.has(step) ? ` failed ${run.errors.get(step) ?? ""}` : "";
  return `${stepName(run, step)} ${sessionName(run, run.session[step])}${machine}${failed}`.toLowerCase();
}

/** The timeline with its tools, its legend and its table. */
function timelineSection(run, open) {
  const rows = new SessionRows(run);
  const view = new TimeView(rows, { gutter: 190, height: Math.max(320, rows.head + 330), open: (hit) => hit.session !== null && open(hit.session) });
  const told = element("span", { class: "faint", role: "status" });
  const search = element("input", {
    type: "search", placeholder: "search steps: tool, task, error …", "aria-label": "search steps",
    oninput: () => {
      rows.matches = found(run, search.value);
      told.textContent = rows.matches ? `${counted(rows.matches.size, "step")} found` : "";
      const first = rows.matches && [...rows.matches][0];
      if (first !== undefined && first !== null) view.reveal(run.session[first]);
      view.request();
    },
    onkeydown: (event) => {
      if (event.key === "Enter") view.canvas.focus();
      if (event.key === "Enter") view.choose(1);
    },
  });
  const used = new Set(run.hasPath ? ["agent"] : []);
  for (let step = 0; step < run.kind.length; step += 1) stretches(run, step, (stage) => used.add(stage));
  const lead = rows.machines.length
    ? "Machines above, sessions below. Batch, tokens and power are of the chats under way; a chat's joules are spread evenly over its reading and writing."
    : null;
  const node = section("timeline", "Timeline", lead,
    element("div", { class: "tools" }, search, told, view.buttons()),
    view.node, legend(STAGES.filter((stage) => used.has(stage))), sessionTable(run));
  return { node, view, search };
}

function sessionTable(run) {
  const stages = run.sessions.shares ? STAGES : [];
  const columns = [["session"], ["outcome"], ["started at", true], ["end to end", true], ["steps", true],
    ...stages.map((stage) => [stage, true])];
  return pagedTable("Sessions as a table", columns, run.sessions.task.length, (session) => [
    sessionName(run, session),
    run.sessionErrors.has(session) ? errorText(run, session) : "answered",
    cell(run.sessions.at[session], span), cell(run.sessions.e2e[session], span),
    cell(run.sessions.steps[session], count),
    ...stages.map((stage) => cell(run.sessions.shares[stage][session], span)),
  ]);
}
