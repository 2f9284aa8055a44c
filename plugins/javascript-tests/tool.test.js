import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fakeSession } from '../../agents/sdk/javascript/testing.js';
import plugin from './tool.js';

const runTests = async (files, path) =>
  JSON.parse(await fakeSession({ files }).call(plugin, 'run_tests', path ? { path } : {}));

const HEAD = "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\n";

test('tests run, and failures are told with their messages', async () => {
  const files = {
    'sum.js': 'export function sum(a, b) {\n  return a - b;\n}\n',
    'tests/sum.test.js':
      `${HEAD}import { sum as add } from '../sum.js';\n` +
      "test('adds', () => assert.equal(add(2, 3), 5));\n" +
      "test('adds nothing', () => assert.equal(add(2, 0), 2));\n" +
      "test('throws', () => { assert.throws(() => { throw new TypeError('x'); }, TypeError); });\n" +
      "test('compares', () => assert.deepEqual({ a: [1] }, { a: [2] }));\n",
  };
  assert.deepEqual(await runTests(files), {
    passed: 2,
    failures: [
      { file: 'tests/sum.test.js', test: 'adds', message: 'AssertionError: -1 is not 5' },
      {
        file: 'tests/sum.test.js',
        test: 'compares',
        message: 'AssertionError: {"a":[1]} is not {"a":[2]}',
      },
    ],
  });
});

test('what was written is what is run', async () => {
  const session = fakeSession({
    files: {
      'one.js': 'export const one = 2;\n',
      'one.test.js': `${HEAD}import { one } from './one.js';\ntest('one', () => assert.ok(one === 1));`,
    },
  });
  const failures = async () => JSON.parse(await session.call(plugin, 'run_tests', {})).failures;
  assert.equal((await failures()).length, 1);
  const written = { path: 'one.js', contents: 'export const one = 1;\n' };
  assert.equal(await session.call(plugin, 'write_file', written), 'Wrote one.js.');
  assert.deepEqual(await failures(), []);
});

test('a file that cannot be loaded is a failure, and so is an asynchronous test', async () => {
  const messages = async (source) =>
    (await runTests({ 'a.test.js': source })).failures.map(({ message }) => message);
  assert.deepEqual(await messages("import { x } from 'left-pad';"), [
    'Error: a.test.js imports left-pad; there are relative paths, node:test, node:assert/strict',
  ]);
  assert.match((await messages('const = 1;'))[0], /^SyntaxError/);
  assert.match((await messages("export * from './b.js';"))[0], /of a form that is not known here/);
  assert.deepEqual(await messages(`${HEAD}test('later', async () => {});`), [
    'Error: the test is asynchronous, and only synchronous tests are run',
  ]);
});

test('a project without tests says so, and files are listed', async () => {
  const session = fakeSession({ files: { 'b.js': 'ä', 'a.js': '' } });
  await assert.rejects(session.call(plugin, 'run_tests', {}), {
    kind: 'failed',
    message: 'there are no tests in the project',
  });
  assert.deepEqual(JSON.parse(await session.call(plugin, 'list_files', {})).files, [
    { path: 'a.js', bytes: 0 },
    { path: 'b.js', bytes: 2 },
  ]);
  assert.equal(await session.call(plugin, 'read_file', { path: 'b.js' }), 'ä');
});
