/** The session that an agent or a tool plugin runs in; its times are in milliseconds. */

import * as host from '#session';
import { number, text, wholeNumber } from './text.js';
import { after } from './waits.js';

export { log } from './journal.js';

const NANOSECONDS = 1e6;

/** Milliseconds since the session began. */
export const now = () => host.now() / NANOSECONDS;

/** Waits for this many milliseconds of the session's clock. */
export function sleep(milliseconds) {
  const duration = Math.round(number(milliseconds, 'the duration') * NANOSECONDS);
  wholeNumber(duration, 'the duration in nanoseconds');
  return after(duration, host);
}

/** Begins a part of the session's work, for timelines; it ends with `end()` or `using`. */
export function span(name) {
  const endInHost = host.beginSpan(text(name, 'the name'));
  let ended = false;
  const end = () => {
    if (!ended) {
      ended = true;
      endInHost();
    }
  };
  return { end, [Symbol.dispose ?? Symbol.for('Symbol.dispose')]: end };
}

/** Does `work` as a part of the session's work called `name`, and gives what it gives. */
export async function inSpan(name, work) {
  const { end } = span(name);
  try {
    return await work();
  } finally {
    end();
  }
}

/** Random bytes from the session's seed, at most 65,536. */
export const randomBytes = (length) =>
  host.randomBytes(wholeNumber(length, 'the length', { most: 65536 }));

/** A random number of 64 bits from the session's seed. */
export function randomU64() {
  const bytes = randomBytes(8);
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** The value that the bench configures under this key, or `undefined`. */
export const config = (key) => host.config(text(key, 'the key'));

/** What is left of the session's budgets; `undefined` is unlimited. */
export const budgetLeft = () => host.budgetLeft();
