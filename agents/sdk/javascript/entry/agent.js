/** The module that an agent's component is built from: the project's default export, as `run`. */

import { beginSession } from '../source/globals.js';
import agent from 'timeslip-project';

export function run(task) {
  beginSession();
  return agent.run(task);
}
