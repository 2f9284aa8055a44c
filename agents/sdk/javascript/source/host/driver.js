/** Goes on with a component's promises inside one call of the host. */

import { runJobs, takeUnhandledReasons } from '../promise.js';
import { waitForNext } from '../waits.js';
import { crash, logDefect } from '../journal.js';
import { now } from './session.js';

/** Nothing is to be done when something new is waited for: `settle` looks by itself. */
export function wake() {}

/** Does work that gives a promise, and returns what the promise is fulfilled with. */
export function settle(work) {
  const promise = Promise.resolve(work());
  runJobs();
  while (promise.outcome === undefined) {
    if (!waitForNext(now)) {
      throw crash(new Error('the program waits for a promise that nothing settles'));
    }
    runJobs();
  }
  const { fulfilled, value } = promise.outcome;
  promise.catch(() => {});
  for (const reason of takeUnhandledReasons()) {
    logDefect(reason);
  }
  if (fulfilled) {
    return value;
  }
  throw value;
}
