/** The fake session that a test runs in. */

let current;

/** The session that was made last. */
export function fake() {
  if (current === undefined) {
    throw new Error('there is no session: a test makes one with fakeSession() of sdk/testing.js');
  }
  return current;
}

/** Makes `session` the one that the SDK sees. */
export function use(session) {
  current = session;
}
