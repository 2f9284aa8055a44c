// The runs of the page, read from its columns. Times are nanoseconds since the run began.

const CHAT = 0, TOOL = 1, USER = 2, SLEEP = 3;
const KINDS = ["chat", "tool", "user", "sleep"];
const FINISHES = ["stop", "length", "tool_calls", "content_filter", "error", "cancelled"];
const PART_KINDS = ["tools", "system", "user", "assistant", "tool"];

/** Values that were written as whole numbers of a small unit; `null` is unknown. */
function scaled({ steps, values }) {
  return values.map((value) => (value === null ? null : value / steps));
}

/** A run with its steps as typed columns. */
function readRun(raw) {
  const names = raw.names.map(plain);
  const { sessions, steps, chats, tools } = raw;
  const total = steps.kind.length;
  const run = {
    ...raw, names,
    kind: Uint8Array.from(steps.kind, (letter) => "ctus".indexOf(letter)),
    at: new Float64Array(total), e2e: new Float64Array(total), session: new Uint32Array(total),
    rank: new Uint32Array(total), path: Uint8Array.from(steps.path, Number),
    within: new Map(steps.within), errors: new Map(steps.errors),
    failed: new Set(steps.failed), energy: scaled(chats.energy_j), cost: scaled(chats.cost_usd),
    observed: new Map(chats.observed), routes: new Map(chats.route), fetches: new Map(tools.fetches),
    first: new Uint32Array(sessions.task.length + 1),
  };
  fillSteps(run);
  run.end = sessions.at.reduce((end, at, index) => Math.max(end, at + sessions.e2e[index]), 0);
  run.sessionErrors = new Map(sessions.errors);
  run.failedSessions = new Set(sessions.failed);
  return run;
}

function fillSteps(run) {
  const ranks = [0, 0, 0, 0];
  const { sessions, steps, chats } = run;
  let step = 0;
  let other = 0;
  for (let session = 0; session < sessions.task.length; session += 1) {
    let at = sessions.at[session];
    run.first[session] = step;
    for (let left = sessions.steps[session]; left > 0; left -= 1, step += 1) {
      at += steps.at[step];
      run.at[step] = at;
      run.session[step] = session;
      const rank = ranks[run.kind[step]]++;
      run.rank[step] = rank;
      run.e2e[step] = run.kind[step] === CHAT
        ? chats.queue[rank] + chats.prefill[rank] + chats.transfer[rank] + chats.decode[rank]
        : steps.e2e[other++];
    }
  }
  run.first[sessions.task.length] = step;
}

function sessionName(run, session) {
  return `#${session} ${run.names[run.sessions.task[session]]}`;
}

function stepName(run, step) {
  const kind = run.kind[step];
  const rank = run.rank[step];
  if (kind === CHAT) return "chat";
  return kind === TOOL ? `tool ${run.names[run.tools.tool[rank]]}` : KINDS[kind];
}

/** How deep a step stands in delegated tasks. */
function depthOf(run, step) {
  let depth = 0;
  for (let outer = run.within.get(step); outer !== undefined && depth < 99; depth += 1) {
    outer = run.within.get(run.first[run.session[step]] + outer);
  }
  return depth;
}

/** Calls back with each stretch of a step: its stage, and when it begins and ends. */
function stretches(run, step, each) {
  const kind = run.kind[step];
  let from = run.at[step];
  if (kind !== CHAT) {
    each(["", "tool", "user", "sleep"][kind], from, from + run.e2e[step]);
    return;
  }
  const rank = run.rank[step];
  for (const stage of ["queue", "prefill", "transfer", "decode"]) {
    const until = from + run.chats[stage][rank];
    if (until > from) each(stage, from, until);
    from = until;
  }
}

/** Of a chat: nanoseconds for each token after the first; `null` where it has no second token. */
function interToken(run, step) {
  const rank = run.rank[step];
  const after = run.e2e[step] - run.chats.ttft[rank];
  const tokens = run.chats.output[rank] - 1;
  return isAnswered(run, step) && after > 0 && tokens > 0 ? after / tokens : null;
}

function isAnswered(run, step) {
  return run.chats.finish[run.rank[step]] < FINISHES.indexOf("error");
}

/** The estimates of a run's machines, by their names. */
function machineOf(run, name) {
  return run.machines.find((machine) => plain(machine.name) === name);
}

/** Whether any machine of the run rests on estimates. */
function isEstimated(run) {
  return run.machines.some((machine) => machine.estimated);
}

/** What a prompt is made of, as a slip says it: `0-3,7-8`. */
function promptText(run, step) {
  const ranges = run.chats.prompt[run.rank[step]];
  const parts = run.sessions.parts[run.session[step]];
  if (!ranges || !parts) return null;
  const tokens = new Map();
  for (const range of ranges.split(",")) {
    const [from, until] = range.split("-").map(Number);
    for (let part = from; part < until && part * 2 < parts.length; part += 1) {
      const kind = PART_KINDS[parts[part * 2]];
      tokens.set(kind, (tokens.get(kind) ?? 0) + parts[part * 2 + 1]);
    }
  }
  return [...tokens].map(([kind, number]) => `${kind} ${count(number)}`).join(", ");
}

/** Every figure of a step, as lines of a name and a value. */
function stepLines(run, step) {
  const session = run.session[step];
  const lines = [
    ["session", sessionName(run, session)],
    ["begins at", span(run.at[step] - run.sessions.at[session])],
    ["time", span(run.e2e[step])],
  ];
  const kind = run.kind[step];
  if (kind === CHAT) lines.push(...chatLines(run, step));
  if (kind === TOOL) lines.push(...toolLines(run, step));
  if (run.within.has(step)) {
    lines.push(["within", `step ${run.within.get(step)}, ${stepName(run, run.first[session] + run.within.get(step))}`]);
  }
  if (run.failed.has(step)) lines.push(["outcome", "no result"]);
  if (run.errors.has(step)) lines.push(["error", plain(run.errors.get(step))]);
  lines.push(["critical path", run.hasPath ? (run.path[step] ? "yes" : "no") : UNKNOWN]);
  return lines;
}

function chatLines(run, step) {
  const { chats, names } = run;
  const rank = run.rank[step];
  const each = interToken(run, step);
  const sign = machineOf(run, names[chats.machine[rank]])?.estimated ? "≈ " : "";
  const route = run.routes.get(step);
  return [
    ["machine", names[chats.machine[rank]] || "none was chosen"],
    ["model", names[chats.model[rank]]],
    ["prompt", `${counted(chats.input[rank], "token")}, ${count(chats.cached[rank])} cached`],
    promptText(run, step) && ["made of", promptText(run, step)],
    ["reply", `${counted(chats.output[rank], "token")}, ${FINISHES[chats.finish[rank]]}`],
    ["queue", span(chats.queue[rank])],
    ["prefill", sign + span(chats.prefill[rank])],
    ["transfer", sign + span(chats.transfer[rank])],
    ["decode", sign + span(chats.decode[rank])],
    ["to first token", sign + span(chats.ttft[rank])],
    ["inter-token", each === null ? "no second token" : sign + span(each)],
    each !== null && ["tokens/s/user", sign + rate(1e9 / each)],
    ["energy", known(run.energy[rank], (value) => sign + joules(value))],
    ["cost", known(run.cost[rank], (value) => sign + dollars(value))],
    route && ["route", routeText(route)],
    run.observed.has(step) && ["measured", observedText(run.observed.get(step))],
  ];
}

function routeText(route) {
  const others = (route.considered ?? []).map((one) =>
    `${plain(one.machine)}: ${known(one.expected_ns, span)}, ${known(one.expected_cost_usd, dollars)}`);
  const tier = route.tier ? `tier ${plain(route.tier)}, ` : "";
  return `${tier}${route.reason.replaceAll("_", " ")}${others.length ? `; expected ${others.join("; ")}` : ""}`;
}

function observedText(observed) {
  const from = observed.origin === "server" ? "a server, in this run" : "a recording";
  const reasoning = known(observed.reasoning_output_tokens, count);
  return `${from}; tokens counted by the ${observed.counted_by}; of reasoning ${reasoning}`;
}

function toolLines(run, step) {
  const rank = run.rank[step];
  const fetches = (run.fetches.get(step) ?? []).map((fetch) =>
    [`${plain(fetch.method)}`, `${plain(fetch.url)}: ${fetch.status ?? plain(fetch.error ?? UNKNOWN)}, ${span(fetch.took_ns)}`]);
  return [["computing", span(run.tools.compute[rank])], ["waiting", span(run.tools.wait[rank])], ...fetches];
}
