// What machines did over time, taken from the chats of the run: how many they read and write at
// once, the tokens that these hold, and the power that these draw.

/** Instants and values of a machine's lanes; a value holds from its instant until the next one. */
function machineLanes(run) {
  const used = [...new Set(run.chats.machine)].filter((name) => run.names[name] !== "");
  const steps = new Map(used.map((name) => [name, []]));
  run.kind.forEach((kind, step) => {
    if (kind === CHAT) steps.get(run.chats.machine[run.rank[step]])?.push(step);
  });
  return used.map((name) => ({ name: run.names[name], lanes: lanesOf(run, steps.get(name)) }));
}

function lanesOf(run, steps) {
  const { chats } = run;
  const reading = [], writing = [], tokens = [], power = [];
  let powerKnown = true;
  for (const step of steps) {
    const rank = run.rank[step];
    if (!isAnswered(run, step)) continue;
    const read = run.at[step] + chats.queue[rank];
    const write = read + chats.prefill[rank] + chats.transfer[rank];
    const end = write + chats.decode[rank];
    reading.push([read, 1, 0], [read + chats.prefill[rank], -1, 0]);
    writing.push([write, 1, 0], [end, -1, 0]);
    const slope = chats.decode[rank] > 0 ? chats.output[rank] / chats.decode[rank] : 0;
    const atEnd = chats.input[rank] + slope * chats.decode[rank];
    tokens.push([read, chats.input[rank], 0], [write, 0, slope], [end, -atEnd, -slope]);
    if (run.energy[rank] === null) powerKnown = false;
    else if (end > read) {
      const watt = run.energy[rank] / ((end - read) / 1e9);
      power.push([read, watt, 0], [end, -watt, 0]);
    }
  }
  return [
    { title: "batch read", stage: "prefill", form: (value) => counted(Math.round(value), "chat"), ...summed(reading) },
    { title: "batch written", stage: "decode", form: (value) => counted(Math.round(value), "chat"), ...summed(writing) },
    { title: "KV tokens", stage: "agent", form: (value) => counted(Math.round(value), "token"), ...summed(tokens) },
    powerKnown && power.length > 0
      ? { title: "power", stage: "tool", form: watts, ...summed(power) }
      : { title: "power", stage: "tool", unknown: true },
  ];
}

/** Changes of a value and of its slope, summed up in the order of time. */
function summed(changes) {
  changes.sort((one, other) => one[0] - other[0]);
  const at = [], value = [], slope = [];
  let now = 0, rise = 0, most = 0;
  for (const [instant, by, bySlope] of changes) {
    const last = at.length - 1;
    if (last >= 0) now = Math.max(0, value[last] + slope[last] * (instant - at[last]));
    most = Math.max(most, now);
    now += by;
    rise += bySlope;
    if (Math.abs(now) < 1e-9) now = 0;
    if (Math.abs(rise) < 1e-18) rise = 0;
    most = Math.max(most, now);
    if (last >= 0 && at[last] === instant) {
      value[last] = now;
      slope[last] = rise;
    } else {
      at.push(instant);
      value.push(now);
      slope.push(rise);
    }
  }
  const columns = [at, value, slope].map((column) => Float64Array.from(column));
  return { at: columns[0], value: columns[1], slope: columns[2], most };
}

/** The place of the last change at or before an instant; -1 before the first. */
function changeBefore(lane, instant) {
  let low = 0;
  let high = lane.at.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lane.at[middle] <= instant) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function valueAt(lane, instant) {
  const place = changeBefore(lane, instant);
  return place < 0 ? 0 : Math.max(0, lane.value[place] + lane.slope[place] * (instant - lane.at[place]));
}

const LANE = 30;

/** Draws a lane as an area: the most that its value is within each pixel. */
function drawLane(view, lane, top) {
  const { context, colours } = view;
  view.gutterText(lane.title, top + LANE / 2 - 5, 12, colours.faint);
  const most = lane.unknown ? UNKNOWN : `≤ ${lane.form(lane.most)}`;
  context.globalAlpha = 0.85;
  view.gutterText(most, top + LANE / 2 + 8, 12, colours.text);
  context.globalAlpha = 1;
  context.fillStyle = colours.line;
  context.fillRect(view.gutter, top + LANE - 1, view.width - view.gutter, 1);
  if (lane.unknown || lane.most === 0) return;
  context.fillStyle = colours[lane.stage];
  context.globalAlpha = 0.75;
  context.beginPath();
  context.moveTo(view.gutter, top + LANE - 1);
  let place = changeBefore(lane, view.at(view.gutter));
  for (let x = view.gutter; x < view.width; x += 1) {
    const until = view.at(x + 1);
    let most = valueAt(lane, view.at(x));
    while (place + 1 < lane.at.length && lane.at[place + 1] <= until) {
      place += 1;
      if (lane.value[place] > most) most = lane.value[place];
    }
    const y = top + LANE - 1 - (most / lane.most) * (LANE - 4);
    context.lineTo(x, y);
    context.lineTo(x + 1, y);
  }
  context.lineTo(view.width, top + LANE - 1);
  context.fill();
  context.globalAlpha = 1;
}
