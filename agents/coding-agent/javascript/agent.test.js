import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fakeSession } from '../../sdk/javascript/testing.js';
import agent from './agent.js';

const calls = (name, argumentsOf = {}) => ({
  toolCalls: [{ id: 'call_1', name, arguments: JSON.stringify(argumentsOf) }],
});

/** A project whose test passes once a file was written. */
function project() {
  const files = {};
  const failures = [{ file: 'a.test.js', test: 'adds', message: '1 is not 2' }];
  return {
    write_file(argumentsText) {
      const { path, contents } = JSON.parse(argumentsText);
      files[path] = contents;
      return `Wrote ${path}.`;
    },
    run_tests: () => JSON.stringify({ passed: 0, failures: 'a.js' in files ? [] : failures }),
  };
}

test('an answer is sent back as long as tests fail', async () => {
  const session = fakeSession({
    replies: ['All is well.', calls('write_file', { path: 'a.js', contents: '' }), 'Repaired.'],
    outputs: project(),
  });
  assert.equal(await session.run(agent, 'Repair it.'), 'Repaired.');
  assert.equal(
    session.requests[1].messages.at(-1).content,
    'Tests still fail:\na.test.js, adds: 1 is not 2\nGo on.',
  );
});

test('the error of a tool goes to the model', async () => {
  const session = fakeSession({
    replies: [calls('missing'), calls('write_file', { path: 'a.js', contents: '' }), 'Repaired.'],
    outputs: project(),
  });
  assert.equal(await session.run(agent, 'Repair it.'), 'Repaired.');
  assert.match(session.requests[1].messages.at(-1).content, /^Error: /);
});

test('it gives up when it goes round in circles', async () => {
  const session = fakeSession({
    replies: Array.from({ length: 20 }, () => calls('run_tests')),
    outputs: project(),
  });
  await assert.rejects(session.run(agent, 'Repair it.'), {
    message: 'the tests do not pass after 20 turns',
  });
});
