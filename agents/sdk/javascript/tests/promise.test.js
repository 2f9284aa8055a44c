import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SessionPromise, runJobs, takeUnhandledReasons } from '../source/promise.js';

const failed = (reason) => SessionPromise.reject(new Error(reason));

/** What a promise came to when all jobs are done. */
function outcome(promise) {
  runJobs();
  promise.catch(() => {});
  const { fulfilled, value } = promise.outcome;
  return fulfilled ? value : `rejected: ${value.message}`;
}

/** The same code on both kinds of promises, so that their order can be compared. */
function story(PromiseClass, said) {
  const say = (text) => () => void said.push(text);
  const thenable = { then: (resolve) => (said.push('adopted'), resolve('x')) };
  PromiseClass.resolve().then(say('a')).then(say('b')).then(say('c'));
  PromiseClass.resolve(thenable).then(say('thenable'));
  new PromiseClass((resolve) => resolve(PromiseClass.resolve())).then(say('nested'));
  PromiseClass.reject(new Error('x')).catch(say('caught')).finally(say('finally')).then(say('end'));
  PromiseClass.all([1, PromiseClass.resolve(2)]).then(say('all'));
  PromiseClass.race([PromiseClass.resolve(), 2]).then(say('race'));
}

test('jobs run in the order of native promises', async () => {
  const native = [];
  story(Promise, native);
  await new Promise((resolve) => setImmediate(resolve));
  const ours = [];
  story(SessionPromise, ours);
  assert.deepEqual(ours, []);
  runJobs();
  assert.deepEqual(ours, native);
});

test('promises are put together', () => {
  const one = SessionPromise.resolve(1);
  assert.deepEqual(outcome(SessionPromise.all([one, 2])), [1, 2]);
  assert.deepEqual(outcome(SessionPromise.all([])), []);
  assert.equal(outcome(SessionPromise.all([one, failed('no')])), 'rejected: no');
  assert.equal(outcome(SessionPromise.any([failed('no'), one])), 1);
  assert.equal(outcome(SessionPromise.any([failed('a')])), 'rejected: all promises were rejected');
  assert.deepEqual(
    outcome(SessionPromise.allSettled([one, failed('no')])).map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  assert.equal(outcome(SessionPromise.try(() => 5)), 5);
  const later = SessionPromise.withResolvers();
  later.resolve('late');
  assert.equal(outcome(later.promise), 'late');
});

test('finally passes on what came before, unless it throws', () => {
  const throwing = () => {
    throw new Error('from finally');
  };
  assert.equal(outcome(SessionPromise.resolve(1).finally(() => 2)), 1);
  assert.equal(outcome(failed('no').finally(() => 2)), 'rejected: no');
  assert.equal(outcome(SessionPromise.resolve(1).finally(throwing)), 'rejected: from finally');
});

test('a rejection that nobody listened to is known', () => {
  takeUnhandledReasons();
  failed('forgotten');
  failed('handled').catch(() => {});
  runJobs();
  assert.deepEqual(
    takeUnhandledReasons().map((reason) => reason.message),
    ['forgotten'],
  );
});

test('a promise of itself is rejected', () => {
  const { promise, resolve } = SessionPromise.withResolvers();
  resolve(promise);
  assert.equal(outcome(promise), 'rejected: a promise cannot be resolved with itself');
});
