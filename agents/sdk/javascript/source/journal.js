/** The session's journal. */

import * as host from '#session';
import { describe, text } from './text.js';

/** Writes a line to the session's journal: `debug`, `info`, `warn` or `error`. */
export function log(level, message) {
  if (!['debug', 'info', 'warn', 'error'].includes(level)) {
    throw new TypeError(`the level must be debug, info, warn or error, but is ${describe(level)}`);
  }
  host.log(level, text(message, 'the message'));
}

/** Writes what an error is and where it came from. */
export function logDefect(error) {
  const trace = error instanceof Error ? `${error}\n${error.stack ?? ''}` : describe(error);
  log('error', trace.trimEnd());
}

/**
 * Writes a defect of the program to the journal, and gives an error that ends the component: one
 * without a payload, which is no error of the contract, makes QuickJS and StarlingMonkey trap.
 */
export function crash(error) {
  logDefect(error);
  const crashed = new Error(error instanceof Error ? error.message : describe(error), {
    cause: error,
  });
  return Object.assign(crashed, { payload: undefined });
}
