import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fakeSession } from '../../sdk/javascript/testing.js';
import agent from './agent.js';
import { Citations, cited } from './citations.js';

const calls = (name, argumentsOf) => ({
  toolCalls: [{ id: 'call_1', name, arguments: JSON.stringify(argumentsOf) }],
});

test('an answer that cites what was not read is sent back', async () => {
  const session = fakeSession({
    replies: [
      calls('read_document', { path: 'tea.md' }),
      'Three minutes [coffee.md].',
      'Three minutes [tea.md].',
    ],
    outputs: { read_document: 'Three minutes.' },
  });
  assert.equal(await session.run(agent, 'How long does tea take?'), 'Three minutes [tea.md].');
  assert.equal(
    session.requests[2].messages.at(-1).content,
    'You cite coffee.md, which you have not read. Answer again.',
  );
});

test('a document that could not be read is no source', async () => {
  const session = fakeSession({
    replies: [
      calls('read_document', { path: 'tea.md' }),
      'Three minutes [tea.md].',
      'The documents do not say.',
    ],
  });
  assert.equal(await session.run(agent, 'How long does tea take?'), 'The documents do not say.');
});

test('citations are paths in brackets', () => {
  assert.deepEqual(cited('A [a/b.md] and [1], [see below. Or not]; [c.md].'), ['a/b.md', 'c.md']);
  assert.deepEqual(cited('An open [a.md'), []);
});

test('an answer after reading cites something', () => {
  const citations = new Citations();
  const read = (name) => citations.note({ id: '', name, arguments: '{"path":"tea.md"}' });
  assert.equal(citations.problem('The documents do not say.'), undefined);
  read('search_documents');
  assert.equal(citations.problem('So.'), undefined);
  read('read_document');
  assert.equal(
    citations.problem('So.'),
    'You cite no document. You have read tea.md. Answer again.',
  );
  assert.equal(citations.problem('So [tea.md].'), undefined);
});
