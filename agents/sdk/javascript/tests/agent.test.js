import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  Cancelled,
  Failure,
  ModelError,
  agent,
  askUser,
  callTool,
  chat,
  inSpan,
  log,
  now,
  sleep,
  stream,
  toolLoop,
  user,
} from '../agent.js';
import { fakeSession } from '../testing.js';

const takes = (text, milliseconds) => ({ text, takesNs: milliseconds * 1e6 });

test('chats that are started before the first is awaited overlap', async () => {
  const session = fakeSession({
    replies: [takes('one', 300), takes('two', 100), takes('three', 200)],
  });
  const three = agent(async () => {
    const replies = await Promise.all(
      ['1', '2', '3'].map((question) => chat({ messages: [user(question)] })),
    );
    return `${replies.map((reply) => reply.text).join(' ')} after ${now()} ms`;
  });
  assert.equal(await session.run(three, ''), 'one two three after 300 ms');
});

test('sleeps overlap, and end in the order of their instants', async () => {
  const session = fakeSession();
  const order = [];
  const sleeper = agent(async () => {
    const sleepFor = (milliseconds) => sleep(milliseconds).then(() => order.push(milliseconds));
    await Promise.all([sleepFor(30), sleepFor(10), sleepFor(20)]);
    return `${order.join(' ')} after ${now()} ms`;
  });
  assert.equal(await session.run(sleeper, ''), '10 20 30 after 30 ms');
});

test('an error of a model has its kind and text', async () => {
  const session = fakeSession({ replies: [new ModelError('refused', 'no grant')] });
  const asking = agent(async () => {
    const error = await chat({ messages: [user('Hi.')] }).catch((caught) => caught);
    assert.ok(error instanceof ModelError);
    return `${error.kind}: ${error.message}`;
  });
  assert.equal(await session.run(asking, ''), 'refused: no grant');
});

test('an error of a model that nobody catches is the failure of the agent', async () => {
  const session = fakeSession({ replies: [new ModelError('unavailable', 'try later')] });
  const asking = agent(async () => (await chat({ messages: [user('Hi.')] })).text);
  await assert.rejects(session.run(asking, ''), {
    name: 'Failure',
    message: 'the model gave no reply: try later',
  });
  assert.deepEqual(session.journal, []);
});

test('a defect is in the journal with its trace, and is no failure', async () => {
  const session = fakeSession();
  const broken = agent(() => {
    throw new TypeError('a defect');
  });
  await assert.rejects(session.run(broken, ''), (error) => !(error instanceof Failure));
  assert.match(session.journal[0].message, /TypeError: a defect[^]*agent\.test\.js/);
  assert.equal(session.journal[0].level, 'error');
});

test('an option that a chat does not have is refused by its name', async () => {
  fakeSession();
  assert.throws(() => chat({ messages: [user('Hi.')], max_tokens: 5 }), /no option `max_tokens`/);
  assert.throws(() => chat({ messages: [user(5)] }), /messages\[0\]\.content must be a string/);
  assert.throws(() => chat({ messages: ['Hi.'] }), /messages\[0\] must be made with system\(\)/);
  assert.throws(
    () => chat({ messages: [user('Hi.')], maxOutputTokens: 1.5 }),
    /maxOutputTokens must be a whole number/,
  );
});

test('half of a surrogate pair reaches the host as a replacement character', async () => {
  const session = fakeSession({ replies: ['ok'] });
  await session.run(
    agent(async () => (await chat({ messages: [user('\ud83d!')] })).text),
    '',
  );
  assert.equal(session.requests[0].messages[0].content, '\ufffd!');
});

test('a stream gives pieces and the whole reply', async () => {
  const session = fakeSession({ replies: ['One, two, three.'] });
  const counting = agent(async () => {
    const reply = stream({ messages: [user('Count.')] });
    let pieces = 0;
    let joined = '';
    for await (const piece of reply) {
      pieces += 1;
      joined += piece.content;
    }
    assert.equal(joined, (await reply.finish()).text);
    return `${pieces}`;
  });
  assert.equal(await session.run(counting, ''), '3');
  assert.equal(session.cancelledStreams, 0);
});

test('leaving the loop over a stream cancels it', async () => {
  const session = fakeSession({ replies: ['One, two, three.'] });
  const leaving = agent(async () => {
    const reply = stream({ messages: [user('Count.')] });
    for await (const piece of reply) {
      await assert.rejects(Promise.reject(new Error(piece.content)));
      break;
    }
    await assert.rejects(reply.finish(), Cancelled);
    return 'left';
  });
  assert.equal(await session.run(leaving, ''), 'left');
  assert.equal(session.cancelledStreams, 1);
});

test('a cancelled chat is rejected', async () => {
  const session = fakeSession({ replies: [takes('late', 1000)] });
  const cancelling = agent(async () => {
    const pending = chat({ messages: [user('Hi.')] });
    pending.cancel();
    await assert.rejects(pending, Cancelled);
    return `${now()}`;
  });
  assert.equal(await session.run(cancelling, ''), '0');
  assert.equal(session.cancelledChats, 1);
});

test('the user is asked', async () => {
  const session = fakeSession({ answers: ['Ada'] });
  const greeter = agent(async () => `Hello, ${await askUser('Who are you?')}.`);
  assert.equal(await session.run(greeter, ''), 'Hello, Ada.');
  assert.deepEqual(session.questions, ['Who are you?']);
});

test('the arguments of a tool are passed on as they were written', async () => {
  const session = fakeSession({ outputs: { search: 'found' } });
  const searching = agent(async () => {
    await callTool('search', '{"q" : 1.0}');
    return callTool('search', { q: 'x' });
  });
  assert.equal(await session.run(searching, ''), 'found');
  assert.deepEqual(
    session.toolCalls.map((call) => call.arguments),
    ['{"q" : 1.0}', '{"q":"x"}'],
  );
});

const asksFor = (...calls) => ({
  toolCalls: calls.map((name, index) => ({ id: `${index}`, name, arguments: '{}' })),
});

test('the tool loop answers the calls of a turn in order, errors included', async () => {
  const session = fakeSession({
    replies: [asksFor('good', 'missing'), 'Done.'],
    outputs: { good: 'fine' },
  });
  const looping = agent((task) => toolLoop({ system: 'Work.', input: task.input }));
  assert.equal(await session.run(looping, 'Go.'), 'Done.');
  const [, ...said] = session.requests[1].messages.map(({ role, content, toolCallId }) => [
    role,
    content,
    toolCallId,
  ]);
  assert.deepEqual(said, [
    ['user', 'Go.', undefined],
    ['assistant', '', undefined],
    ['tool', 'fine', '0'],
    ['tool', 'Error: the test has no output for the tool `missing`', '1'],
  ]);
  assert.deepEqual(
    session.spans.map((span) => span.name),
    ['turn 1', 'turn 2'],
  );
});

test('the tool loop ends after its turns, and with the error of a model', async () => {
  const endless = fakeSession({
    replies: [asksFor('good'), asksFor('good')],
    outputs: { good: 'fine' },
  });
  const looping = agent((task) => toolLoop({ input: task.input, maxTurns: 2 }));
  await assert.rejects(endless.run(looping, 'Go.'), {
    name: 'Failure',
    message: 'the model still asked for tools after 2 turns',
  });
  const refused = fakeSession({ replies: [new ModelError('over-budget', 'used up')] });
  await assert.rejects(refused.run(looping, 'Go.'), {
    message: 'the model gave no reply: used up',
  });
});

test('a span ends when its work fails, and the journal takes lines', async () => {
  const session = fakeSession();
  const working = agent(async () => {
    log('warn', 'careful');
    await inSpan('work', async () => {
      await sleep(5);
      throw new Failure('no');
    });
    return '';
  });
  await assert.rejects(session.run(working, ''), { message: 'no' });
  assert.deepEqual(session.spans, [{ name: 'work', beginNs: 0, endNs: 5e6 }]);
  assert.deepEqual(session.journal, [{ level: 'warn', message: 'careful' }]);
  assert.throws(() => log('loud', 'x'), /the level must be debug, info, warn or error/);
});
