/** Tests of the agent in Node, on words that they give themselves: `npm test`. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import agent from './agent.js';
import { fakeSession } from './sdk/testing.js';

const SECOND = 1e9;

test('it weighs the reasons that it asked for at once', async () => {
  const session = fakeSession({
    replies: ['It is fast.', 'It is dear.', 'Yes, if you can pay.'].map((text) => ({
      text,
      takesNs: SECOND,
    })),
  });

  assert.equal(await session.run(agent, 'Shall we buy it?'), 'Yes, if you can pay.');

  assert.match(session.requests[2].messages[0].content, /It is fast\.\nIt is dear\.$/);
  // Every chat takes a second, and two of the three overlap.
  assert.equal(session.nowNs, 2 * SECOND);
});

test('an empty answer is a failure', async () => {
  const session = fakeSession({ replies: ['It is fast.', 'It is dear.', ''] });

  await assert.rejects(session.run(agent, 'Shall we buy it?'), {
    message: 'the model gave an empty answer',
  });
});
