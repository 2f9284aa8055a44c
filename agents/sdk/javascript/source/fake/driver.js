/** Goes on with waits in tests: Node runs the promises' jobs before it comes back to the loop. */

import { waitForNext } from '../waits.js';
import { fake } from './state.js';

let awake = false;

function waitOn() {
  if (waitForNext(() => fake().nowNs)) {
    setImmediate(waitOn);
  } else {
    awake = false;
  }
}

/** Waits for what is new once nothing else is left to do. */
export function wake() {
  if (!awake) {
    awake = true;
    setImmediate(waitOn);
  }
}

/** Does work that gives a promise, and gives that promise. */
export const settle = async (work) => work();
