/** The conformance tool plugin. */

import {
  Failure,
  boolean,
  integer,
  json,
  plugin,
  readTextFile,
  sleep,
  string,
  tool,
} from './sdk/tool.js';

const annotations = { readOnly: true, destructive: false, idempotent: true, openWorld: false };

const add = tool(
  {
    name: 'add',
    description: 'Adds two whole numbers.',
    input: { a: integer(), b: integer() },
    output: { sum: integer() },
    annotations,
  },
  ({ a, b }) => ({ sum: a + b }),
);

const greet = tool(
  {
    name: 'greet',
    description: 'Greets somebody.',
    input: { name: string(), excited: boolean().default(false) },
    annotations,
  },
  ({ name, excited }) => `Hello, ${name}${excited ? '!' : '.'}`,
);

const fail = tool(
  {
    name: 'fail',
    description: 'Fails with a message.',
    input: { message: string() },
    annotations,
  },
  ({ message }) => {
    throw new Failure(message);
  },
);

const wait = tool(
  {
    name: 'wait',
    description: 'Waits.',
    input: { milliseconds: integer() },
    output: { waited: integer() },
    annotations,
  },
  async ({ milliseconds }) => {
    await sleep(milliseconds);
    return { waited: milliseconds };
  },
);

const echo = tool(
  {
    name: 'echo',
    description: 'Gives its value back.',
    input: { value: json() },
    annotations,
  },
  (_, { argumentsText }) => argumentsText,
);

const crash = tool({ name: 'crash', description: 'Crashes.', annotations }, () => {
  throw new TypeError('a defect');
});

const badOutput = tool(
  {
    name: 'bad_output',
    description: 'Gives an output that breaks its schema.',
    output: { sum: integer() },
    annotations,
  },
  () => ({ sum: 'x' }),
);

const read = tool(
  {
    name: 'read',
    description: 'Reads a granted file.',
    input: { path: string() },
    annotations,
  },
  ({ path }) => readTextFile(path),
);

export default plugin([add, greet, fail, wait, echo, crash, badOutput, read]);
