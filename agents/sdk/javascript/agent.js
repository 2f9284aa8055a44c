/** What an agent is written with. */

import { settle } from '#driver';
import { Failure, failureText, isExpected } from './source/errors.js';
import { crash } from './source/journal.js';
import { text } from './source/text.js';

export { Failure, ModelError, ToolError, UserError } from './source/errors.js';
export { assistant, system, toolOutput, user } from './source/messages.js';
export { Cancelled, chat, stream } from './source/model.js';
export {
  budgetLeft,
  config,
  inSpan,
  log,
  now,
  randomBytes,
  randomU64,
  sleep,
  span,
} from './source/session.js';
export { toolLoop } from './source/tool-loop.js';
export { callTool, listTools } from './source/tools.js';
export { askUser } from './source/user.js';

async function outcomeOf(work, task) {
  try {
    return { answer: text(await work(task), 'the answer') };
  } catch (error) {
    if (isExpected(error)) {
      const message = text(failureText(error), 'the message');
      throw Object.assign(new Failure(message, { cause: error }), { payload: { message } });
    }
    throw crash(error);
  }
}

/**
 * An agent: `work` is called with the task, `{ name, input }`, and gives the answer. What it throws
 * ends the session: a `Failure`, or an error of a model, tool or the user that nobody caught, as
 * the agent's failure; anything else as a crash, with its trace in the journal.
 */
export const agent = (work) => ({ run: (task) => settle(() => outcomeOf(work, task)) });
