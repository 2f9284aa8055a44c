/**
 * What a session waits for.
 *
 * Chats, tool calls and sleeps begin when they are asked for, and their promises are settled here
 * when nothing else is left to do: so everything that code starts before its first wait overlaps in
 * the session's time. What was started first is waited for first.
 */

import { wake } from '#driver';

/** Questions to the user and fetches, which take their time inside the host's call. */
const BLOCKING = 0;
/** Chats, pieces of streams and tool calls, which are under way. */
const STARTED = 1;

const waits = [];
const sleeps = [];

/** How often something was waited for. */
let waited = 0;

function promiseOf(queue, entry) {
  const promise = new Promise((resolve, reject) => {
    queue.push(Object.assign(entry, { resolve, reject }));
  });
  wake();
  return promise;
}

/** A promise for what `wait` gives, which the host has been asked for already. */
export function started(wait) {
  return promiseOf(waits, { order: STARTED, wait });
}

/** A promise for what `wait` gives, in a call that takes all of its time. */
export function blocking(wait) {
  return promiseOf(waits, { order: BLOCKING, wait });
}

/**
 * A promise that is fulfilled `duration` from now. Where nothing was waited for in between, the
 * whole duration is slept; otherwise what is left of it.
 */
export function after(duration, { now, sleep }) {
  const due = now() + duration;
  const before = waited;
  const wait = () => sleep(waited === before ? duration : Math.max(0, due - now()));
  return promiseOf(sleeps, { due, wait });
}

/** Takes back what `promise` waits for, and rejects it. */
export function giveUp(wait, reason) {
  const index = waits.findIndex((entry) => entry.wait === wait);
  if (index >= 0) {
    waits.splice(index, 1)[0].reject(reason);
  }
  return index >= 0;
}

function earliestSleep() {
  return sleeps.reduce((first, next) => (next.due < first.due ? next : first), sleeps[0]);
}

function take(queue, entry) {
  queue.splice(queue.indexOf(entry), 1);
  return entry;
}

function nextWait(now) {
  const sleep = earliestSleep();
  if (sleep !== undefined && (waits.length === 0 || sleep.due <= now())) {
    return take(sleeps, sleep);
  }
  return waits.length === 0
    ? undefined
    : take(waits, waits.find((entry) => entry.order === BLOCKING) ?? waits[0]);
}

/** Waits for one thing and settles its promise; false if there is nothing to wait for. */
export function waitForNext(now) {
  const entry = nextWait(now);
  if (entry === undefined) {
    return false;
  }
  try {
    entry.resolve(entry.wait());
  } catch (error) {
    entry.reject(error);
  }
  waited += 1;
  return true;
}
