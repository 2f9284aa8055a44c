/**
 * Makes JavaScript's own clock, randomness, console and promises those of the session, in whatever
 * engine: otherwise they would be frozen when the component is built, or trap.
 */

import * as host from '#session';
import { log } from './journal.js';
import { SessionPromise, queueJob } from './promise.js';
import { describe } from './text.js';
import { after } from './waits.js';

/** While a component is built nothing may be asked of the host: time stands still at zero. */
let begun = false;

/** From here on the globals are the session's. */
export function beginSession() {
  begun = true;
}

const milliseconds = () => (begun ? host.now() / 1e6 : 0);

/** What a calendar shows when a session begins, as in every language. */
const ORIGIN = Date.UTC(2026, 0, 1);

const NativeDate = Date;

function SessionDate(...parts) {
  if (new.target === undefined) {
    return new SessionDate().toString();
  }
  const given = parts.length === 0 ? [SessionDate.now()] : parts;
  return Reflect.construct(NativeDate, given, new.target);
}
Object.defineProperties(SessionDate, {
  name: { value: 'Date' },
  length: { value: 7 },
  prototype: { value: NativeDate.prototype, writable: false },
  now: { value: () => Math.floor(ORIGIN + milliseconds()) },
  parse: { value: NativeDate.parse },
  UTC: { value: NativeDate.UTC },
});
NativeDate.prototype.constructor = SessionDate;

/** sfc32, seeded from the session when the first number is drawn. */
function generator(seed) {
  let [a, b, c, counter] = seed;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let round = 0; round < 12; round += 1) {
    next();
  }
  return next;
}

const drawBeforeSession = generator([1, 2, 3, 4]);
let draw;

function random() {
  if (!begun) {
    return drawBeforeSession();
  }
  if (draw === undefined) {
    const bytes = host.randomBytes(16);
    draw = generator([0, 4, 8, 12].map((at) => new DataView(bytes.slice().buffer).getInt32(at)));
  }
  return draw();
}

const shown = (value) => {
  if (typeof value === 'string') {
    return value;
  }
  if (value instanceof Error) {
    return `${value}\n${value.stack ?? ''}`.trimEnd();
  }
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
};

const line =
  (level) =>
  (...values) => {
    if (begun) {
      log(level, values.map(shown).join(' '));
    }
  };

const timers = new Map();
let lastTimer = 0;

function setTimeout(action, delay = 0, ...values) {
  if (typeof action !== 'function') {
    throw new TypeError(`setTimeout takes a function, but was given ${describe(action)}`);
  }
  const timer = (lastTimer += 1);
  timers.set(timer, () => action(...values));
  const duration = Math.max(0, Math.round(delay * 1e6) || 0);
  const sleep = (nanoseconds) => timers.has(timer) && host.sleep(nanoseconds);
  after(duration, { now: host.now, sleep }).then(() => {
    const run = timers.get(timer);
    timers.delete(timer);
    run?.();
  });
  return timer;
}

/** Puts the session's clock, randomness, console and promises in place of the engine's. */
function install() {
  const replacements = {
    Promise: SessionPromise,
    queueMicrotask: queueJob,
    Date: SessionDate,
    performance: { now: milliseconds, timeOrigin: ORIGIN },
    console: {
      debug: line('debug'),
      log: line('info'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
    },
    setTimeout,
    clearTimeout: (timer) => void timers.delete(timer),
  };
  for (const [name, value] of Object.entries(replacements)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
  Math.random = random;
}

install();
