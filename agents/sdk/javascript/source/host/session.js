/**
 * The host's session, in the same types whatever the engine: QuickJS gives 64-bit numbers as
 * numbers, StarlingMonkey as BigInts, and takes them as it gives them.
 */

import * as session from 'timeslip:agent/session-blocking@0.1.0';

export const log = session.log;
export const randomBytes = session.randomBytes;
export const config = (key) => session.config(key) ?? undefined;

/** Nanoseconds since the session began. */
export const now = () => Number(session.now());

/** A number as the engine hands it to a 64-bit parameter. */
export const wide = (number) => (typeof session.now() === 'bigint' ? BigInt(number) : number);

export const sleep = (nanoseconds) => session.sleep(wide(nanoseconds));

/** Gives a resource back to the host. */
export const drop = (resource) => resource[Symbol.dispose ?? Symbol.for('dispose')]();

/** Begins a part of the session's work, and gives what ends it. */
export function beginSpan(name) {
  const span = new session.Span(name);
  return () => drop(span);
}

const count = (value) => (value === undefined || value === null ? undefined : Number(value));

export function budgetLeft() {
  const { timeNs, modelCalls, toolCalls, outputTokens } = session.budgetLeft();
  return {
    timeNs: count(timeNs),
    modelCalls: count(modelCalls),
    toolCalls: count(toolCalls),
    outputTokens: count(outputTokens),
  };
}
