/** The person, or program, that the agent works for. */

import * as host from '#conversation';
import { UserError, asking } from './errors.js';
import { text } from './text.js';
import { blocking } from './waits.js';

/** Says something to the user and gives a promise of the answer. */
export function askUser(message) {
  const said = text(message, 'the message');
  return blocking(() => asking(UserError, () => host.ask(said)));
}
