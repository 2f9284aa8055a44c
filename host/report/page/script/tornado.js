// What changing one stage does, end to end: each bar is the run in virtual time once more.

function whatIfSection(whatIf) {
  const parts = [];
  if (whatIf.asked) parts.push(askedPart(whatIf));
  if (whatIf.stages.length > 0) parts.push(tornado(whatIf), stagesTable(whatIf));
  if (whatIf.others.length > 0) parts.push(othersTable(whatIf));
  const notes = whatIf.notes.map((note) => element("li", {}, plain(note)));
  return section("what-if", "What if", "The run, once more in virtual time, with one thing faster or slower. Nothing here is scaled by hand: what waits for what decides.",
    ...parts, notes.length ? element("ul", { class: "faint" }, notes) : null);
}

function askedPart(whatIf) {
  const { asked, base } = whatIf;
  const rows = [["time of all sessions", "sessions_ns", span], ["session p50", "session_p50_ns", span], ["whole run", "makespan_ns", span],
    ["energy", "energy_j", joules], ["cost", "cost_usd", dollars]].map(([name, key, form]) => {
    const [before, now] = [base[key], asked.figures[key]];
    const both = before !== null && now !== null;
    return [name, cell(before, form), cell(now, form), both ? signed(now - before, form) : UNKNOWN,
      both && before > 0 ? `×${fixed(now / before, 3)}` : ""];
  });
  return element("div", {}, element("h3", {}, plain(asked.what)),
    table("What was asked", [["figure"], ["as it is", true], ["then", true], ["difference", true], ["factor", true]], rows));
}

function tornado(whatIf) {
  // Where there is little room, names stand above their bars.
  const narrow = innerWidth < 640;
  const [width, line, left] = narrow ? [340, 38, 0] : [760, 26, 140];
  const base = whatIf.base.sessions_ns;
  const ends = whatIf.stages.map((stage) => [stage.faster, stage.slower].map((one) => one.figures.sessions_ns - base));
  const reach = Math.max(1, ...ends.flat().map(Math.abs));
  const middle = left + (width - left) / 2;
  const x = (value) => middle + (value / reach) * ((width - left) / 2 - 66);
  const bars = whatIf.stages.map((stage, at) => {
    const y = at * line + (narrow ? 38 : 24);
    const bar = (value, kind) => {
      const [from, until] = [Math.min(x(0), x(value)), Math.max(x(0), x(value))];
      const before = value < 0 || (value === 0 && kind === "faster");
      const ink = kind === "faster" ? "decode" : "prefill";
      return [
        svgElement("rect", { x: from, y, width: Math.max(1, until - from), height: 14, fill: `var(--${ink})`, rx: 2 },
          svgElement("title", {}, `${stage.name} ${stage[kind].what}: ${signed(value, span) || "no difference"}`)),
        svgElement("text", { x: before ? from - 5 : until + 5, y: y + 11, "text-anchor": before ? "end" : "start" }, signed(value, span) || "0 s"),
      ];
    };
    const name = narrow ? { x: 0, y: y - 4 } : { x: left - 10, y: y + 11, "text-anchor": "end" };
    return [svgElement("text", { class: "strong", ...name }, plain(stage.name)), bar(ends[at][0], "faster"), bar(ends[at][1], "slower")];
  });
  const told = whatIf.stages.map((stage, at) => `${stage.name}: ${signed(ends[at][0], span) || "0 s"} at twice the speed, ${signed(ends[at][1], span) || "0 s"} at half`).join("; ");
  const height = whatIf.stages.length * line + (narrow ? 20 : 34);
  return svgElement("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Tornado chart. ${told}` },
    svgElement("text", { x: middle - 10, y: 12, "text-anchor": "end" }, "← twice as fast"),
    svgElement("text", { x: middle + 10, y: 12 }, "half as fast →"),
    svgElement("line", { class: "axis", x1: middle, x2: middle, y1: 16, y2: height - 4 }), bars);
}

function stagesTable(whatIf) {
  const base = whatIf.base;
  const difference = (one, key, form) => {
    const [before, now] = [base[key], one.figures[key]];
    return before === null || now === null ? UNKNOWN : { text: signed(now - before, form) || "0", exact: now - before };
  };
  const columns = [["stage"], ["twice as fast: time", true], ["cost", true], ["half as fast: time", true], ["cost", true]];
  return table("What each stage does to the time of all sessions", columns, whatIf.stages.map((stage) => [
    plain(stage.name), difference(stage.faster, "sessions_ns", span), difference(stage.faster, "cost_usd", dollars),
    difference(stage.slower, "sessions_ns", span), difference(stage.slower, "cost_usd", dollars),
  ]));
}

/** Other changes: what they do, and what they cost. */
function othersTable(whatIf) {
  const { base } = whatIf;
  const columns = [["change"], ["time of all sessions", true], ["cost of all chips", true]];
  return table("Other changes", columns, whatIf.others.map((other) => {
    const nanos = other.figures.sessions_ns - base.sessions_ns;
    const both = base.machines_usd !== null && other.figures.machines_usd !== null;
    const more = both ? other.figures.machines_usd - base.machines_usd : null;
    return [plain(other.what), { text: signed(nanos, span) || "0 s", exact: nanos }, more === null ? UNKNOWN : signed(more, dollars) || "$0"];
  }));
}
