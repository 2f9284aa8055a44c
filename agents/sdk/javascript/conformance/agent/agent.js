/** The conformance agent: its task's first word says what it does. */

import { Failure, agent } from './sdk/agent.js';
import { callingTools, failing, loops } from './calls.js';
import { chatting } from './chats.js';
import { session } from './session.js';

const behaviours = { ...chatting, ...callingTools, ...loops, ...session, ...failing };

export default agent(async (task) => {
  const [name] = task.input.split(' ');
  const behaviour = behaviours[name];
  if (behaviour === undefined) {
    throw new Failure(`no behaviour is called ${name}`);
  }
  return behaviour(task);
});
