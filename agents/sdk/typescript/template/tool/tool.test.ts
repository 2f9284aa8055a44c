/** Tests of the tools in Node: `npm test`. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fakeSession } from './sdk/testing.js';
import plugin from './tool.js';

const count = async (input: object) =>
  JSON.parse(await fakeSession().call(plugin, 'count_words', input));

test('it counts words and finds the longest', async () => {
  assert.deepEqual(await count({ text: 'one three\nseven' }), { words: 3, longest: 'three' });
  assert.deepEqual(await count({ text: 'one three seven', order: 'last' }), {
    words: 3,
    longest: 'seven',
  });
});

test('it says what is wrong', async () => {
  await assert.rejects(count({ text: ' ' }), { kind: 'failed', message: 'the text has no words' });
  await assert.rejects(count({ text: 5 }), {
    kind: 'invalid-arguments',
    message: 'field `text` must be a string, but is 5',
  });
});
