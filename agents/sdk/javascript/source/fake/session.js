/** A session that a test makes up, in place of the host's. */

import { fake } from './state.js';

export const log = (level, message) => void fake().journal.push({ level, message });
export const now = () => fake().nowNs;
export const sleep = (nanoseconds) => void (fake().nowNs += nanoseconds);
export const config = (key) => fake().config[key];
export const budgetLeft = () => ({ ...fake().budget });

export function beginSpan(name) {
  const span = { name, beginNs: fake().nowNs };
  fake().spans.push(span);
  return () => {
    span.endNs = fake().nowNs;
  };
}

/** Bytes of a small generator, the same in every test. */
export function randomBytes(length) {
  return Uint8Array.from({ length }, () => {
    fake().random = (Math.imul(fake().random, 1664525) + 1013904223) >>> 0;
    return fake().random >>> 24;
  });
}
