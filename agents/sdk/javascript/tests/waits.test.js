import assert from 'node:assert/strict';
import { test } from 'node:test';

import { after, blocking, started, waitForNext } from '../source/waits.js';

/** A clock that moves by one with every look, as computing moves a session's. */
function movingClock() {
  let time = 0;
  const slept = [];
  return {
    slept,
    now: () => (time += 1),
    sleep(duration) {
      slept.push(duration);
      time += duration;
    },
  };
}

const waitForAll = (now) => {
  while (waitForNext(now)) {
    // Each turn waits for one thing.
  }
};

test('a sleep alone takes its whole duration, whatever was computed before', () => {
  const clock = movingClock();
  after(100, clock);
  waitForAll(clock.now);
  assert.deepEqual(clock.slept, [100]);
});

test('sleeps beside each other take what is left of them', () => {
  const clock = movingClock();
  after(100, clock);
  after(50, clock);
  waitForAll(clock.now);
  assert.equal(clock.slept[0], 50);
  assert.ok(clock.slept[1] > 40 && clock.slept[1] < 50, `${clock.slept[1]}`);
});

test('the user is asked before chats are waited for, and chats in their order', () => {
  const clock = movingClock();
  const order = [];
  after(1000, { ...clock, sleep: () => order.push('long sleep') });
  started(() => order.push('first chat'));
  started(() => order.push('second chat'));
  blocking(() => order.push('question'));
  waitForAll(clock.now);
  assert.deepEqual(order, ['question', 'first chat', 'second chat', 'long sleep']);
});
