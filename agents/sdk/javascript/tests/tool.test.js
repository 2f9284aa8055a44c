import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  Failure,
  boolean,
  choice,
  fetch,
  integer,
  json,
  list,
  listFiles,
  number,
  plugin,
  readTextFile,
  record,
  removeFile,
  sleep,
  string,
  tool,
  writeFile,
} from '../tool.js';
import { fakeSession } from '../testing.js';

const order = tool(
  {
    name: 'order',
    description: 'Orders things.',
    input: {
      items: list(record({ name: string(), count: integer().default(1) })).describe('What.'),
      speed: choice('slow', 'fast'),
      limit: number().optional(),
      gift: boolean().default(false),
      note: json().optional(),
    },
  },
  (order) => order,
);
const shop = plugin([order]);

const rejects = (given, message) =>
  assert.rejects(fakeSession().call(shop, 'order', given), {
    name: 'ToolError',
    kind: 'invalid-arguments',
    message,
  });

test('a declaration becomes a JSON Schema', () => {
  const [definition] = shop.definitions();
  assert.deepEqual(JSON.parse(definition.inputSchema), {
    type: 'object',
    properties: {
      items: {
        type: 'array',
        items: {
          type: 'object',
          properties: { name: { type: 'string' }, count: { type: 'integer', default: 1 } },
          required: ['name'],
          additionalProperties: false,
        },
        description: 'What.',
      },
      speed: { type: 'string', enum: ['slow', 'fast'] },
      limit: { type: 'number' },
      gift: { type: 'boolean', default: false },
      note: {},
    },
    required: ['items', 'speed'],
    additionalProperties: false,
  });
  assert.equal(definition.outputSchema, undefined);
});

test('arguments are checked, and defaults filled in', async () => {
  const output = await fakeSession().call(shop, 'order', {
    items: [{ name: 'tea' }, { name: 'milk', count: 2 }],
    speed: 'fast',
    note: null,
  });
  assert.deepEqual(JSON.parse(output), {
    items: [
      { name: 'tea', count: 1 },
      { name: 'milk', count: 2 },
    ],
    speed: 'fast',
    gift: false,
    note: null,
  });
});

test('wrong arguments are refused by the name of the field', async () => {
  await rejects('{', 'the arguments are not JSON');
  await rejects([], 'field `arguments` must be an object, but is []');
  await rejects({ items: [] }, 'field `speed` is missing');
  await rejects(
    { items: [{ name: 'tea', count: 1.5 }], speed: 'fast' },
    'field `items[0].count` must be a whole number, but is 1.5',
  );
  await rejects(
    { items: [], speed: 'quick' },
    'field `speed` must be one of slow, fast, but is "quick"',
  );
  await rejects(
    { items: [], speed: 'fast', colour: 'red' },
    'there is no field `colour`; there are the fields items, speed, limit, gift, note',
  );
});

test('a tool fails with the text of what it throws, and crashes of a defect', async () => {
  const failing = plugin([
    tool({ name: 'fail', description: 'Fails.', input: {} }, () => {
      throw new Failure('no luck');
    }),
    tool({ name: 'read', description: 'Reads.' }, () => readTextFile('missing')),
    tool({ name: 'crash', description: 'Crashes.' }, () => {
      throw new TypeError('a defect');
    }),
  ]);
  const session = fakeSession();
  await assert.rejects(session.call(failing, 'fail', {}), { kind: 'failed', message: 'no luck' });
  await assert.rejects(session.call(failing, 'read', {}), {
    kind: 'failed',
    message: 'there is no file `missing`',
  });
  await assert.rejects(session.call(failing, 'nope', {}), { kind: 'unknown-tool' });
  await assert.rejects(session.call(failing, 'crash', {}), { name: 'Error' });
  assert.match(session.journal[0].message, /a defect/);
});

test('a declared output is JSON, and any other text is left as it is', async () => {
  const texts = plugin([
    tool({ name: 'plain', description: 'Text.' }, () => 'Hello.'),
    tool({ name: 'typed', description: 'JSON.', output: string() }, () => 'Hello.'),
    tool({ name: 'raw', description: 'Echo.', input: { value: json() } }, (_, call) => {
      return call.argumentsText;
    }),
    tool({ name: 'slow', description: 'Waits.', output: { waited: integer() } }, async () => {
      await sleep(20);
      return { waited: 20 };
    }),
  ]);
  const session = fakeSession();
  assert.equal(await session.call(texts, 'plain', {}), 'Hello.');
  assert.equal(await session.call(texts, 'typed', {}), '"Hello."');
  assert.equal(await session.call(texts, 'raw', '{"value":  1.0}'), '{"value":  1.0}');
  assert.equal(await session.call(texts, 'slow', {}), '{"waited":20}');
  assert.equal(session.nowNs, 20e6);
});

test('a plugin has each tool once, under a name that models can say', () => {
  assert.throws(() => plugin([order, order]), /two tools of the plugin are called order/);
  assert.throws(() => tool({ name: 'a b', description: '' }, () => ''), /a tool's name/);
});

test('files are listed, read, written and removed', () => {
  const session = fakeSession({ files: { 'a/one.txt': 'żółć 🦀' } });
  writeFile('a/two.txt', 'two 100 %');
  assert.deepEqual(listFiles('a/'), [
    { path: 'a/one.txt', length: 13 },
    { path: 'a/two.txt', length: 9 },
  ]);
  assert.equal(readTextFile('a/one.txt'), 'żółć 🦀');
  removeFile('a/one.txt');
  assert.deepEqual(session.files, { 'a/two.txt': 'two 100 %' });
  assert.throws(() => readTextFile('a/one.txt'), { kind: 'not-found' });
});

test('a fetch sends its body and gives the response', async () => {
  const body = new TextEncoder().encode('{"ok":true}');
  const session = fakeSession({ responses: [{ status: 200, headers: [], body }] });
  const caller = plugin([
    tool({ name: 'post', description: 'Posts.' }, async () => {
      const response = await fetch('https://example.com/', { method: 'post', body: 'x' });
      return `${response.ok} ${response.text()}`;
    }),
  ]);
  assert.equal(await session.call(caller, 'post', {}), 'true {"ok":true}');
  assert.equal(session.fetched[0].method, 'POST');
});
