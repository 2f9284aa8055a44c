/** Responses that a test makes up. */

import { fake } from './state.js';

const hostError = (tag, val) => Object.assign(new Error(val), { payload: { tag, val } });

export function fetch(request) {
  const session = fake();
  session.fetched.push(request);
  const response = session.responses.shift();
  if (response === undefined) {
    throw hostError('failed', `the test has no response left for ${request.url}`);
  }
  return response;
}
