import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

/** What a program prints that runs on the SDK's globals, in a process of its own. */
function printed(program) {
  const source = `
    const print = console.log;
    const { beginSession } = await import('./source/globals.js');
    const { fakeSession } = await import('./testing.js');
    ${program}`;
  const options = { cwd: new URL('..', import.meta.url), encoding: 'utf8' };
  return execFileSync(process.execPath, ['--input-type=module', '--eval', source], options);
}

test('time stands still until a session begins, and is the session’s then', () => {
  const dates = printed(`
    const session = fakeSession();
    session.nowNs = 1.5e9;
    print(new Date().toISOString(), performance.now());
    beginSession();
    print(new Date().toISOString(), performance.now(), Date.now() - Date.UTC(2026, 0, 1));
    print(new Date(2020, 1, 3).getMonth(), new Date() instanceof Date, typeof Date());
  `);
  assert.equal(
    dates,
    '2026-01-01T00:00:00.000Z 0\n2026-01-01T00:00:01.500Z 1500 1500\n1 true string\n',
  );
});

test('random numbers come from the session, and nothing is drawn that nobody asks for', () => {
  const program = (seed) => `
    const session = fakeSession();
    session.random = ${seed};
    beginSession();
    print(session.random, Math.random(), Math.random() < 1);
  `;
  const [one, again, other] = [printed(program(1)), printed(program(1)), printed(program(2))];
  assert.equal(one, again);
  assert.match(one, /^1 0\.\d+ true\n$/);
  assert.notEqual(one.split(' ')[1], other.split(' ')[1]);
});

test('the console writes to the journal', () => {
  const journal = printed(`
    const session = fakeSession();
    console.log('before any session');
    beginSession();
    console.log('one', { two: 2 }, undefined);
    console.error('bad');
    print(JSON.stringify(session.journal));
  `);
  assert.deepEqual(JSON.parse(journal), [
    { level: 'info', message: 'one {"two":2} undefined' },
    { level: 'error', message: 'bad' },
  ]);
});
