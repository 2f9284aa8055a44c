import { Failure, ToolError, askUser, callTool, chat, toolLoop, user } from './sdk/agent.js';

async function parallelCalls() {
  const replies = await Promise.all(
    [1, 2, 3].map((branch) => chat({ messages: [user(`Branch ${branch}.`)] })),
  );
  const outputs = await Promise.all([
    callTool('wait', { milliseconds: 200 }),
    callTool('wait', { milliseconds: 100 }),
  ]);
  return [...replies.map((reply) => reply.text), ...outputs].join(' | ');
}

/** The tool's output, or the kind of the error. */
async function outputOrKind(name, argumentsOf) {
  try {
    return await callTool(name, argumentsOf);
  } catch (error) {
    if (error instanceof ToolError) {
      return error.kind;
    }
    throw error;
  }
}

async function toolError() {
  const results = [
    await outputOrKind('add', { a: 'x', b: 1 }),
    await outputOrKind('add', '{'),
    await outputOrKind('fail', { message: 'no luck' }),
    await outputOrKind('nope', {}),
    await outputOrKind('greet', { name: 'Ada', excited: true }),
  ];
  return results.join(', ');
}

async function deepJson() {
  const text = `{"value":${'['.repeat(100)}1${']'.repeat(100)}}`;
  const output = await callTool('echo', text);
  if (output !== text) {
    throw new Failure(`the tool gave back ${output}`);
  }
  return output;
}

function allocateWithoutEnd() {
  const blocks = [];
  for (;;) {
    blocks.push(new Uint8Array(1 << 20).fill(1));
  }
}

function loopForEver() {
  for (let turns = 0; ; turns += 1) {
    Math.sqrt(turns);
  }
}

export const callingTools = {
  'parallel-calls': parallelCalls,
  'tool-error': toolError,
  'deep-json': deepJson,
  'user-question': async () => `Hello, ${await askUser('What is your name?')}.`,
};

export const loops = {
  'tool-loop': () => toolLoop({ system: 'Use the tools.', input: 'Add 2 and 3, and greet Ada.' }),
  'turn-limit': () => toolLoop({ system: 'Never stop.', input: 'Go on.', maxTurns: 3 }),
};

export const failing = {
  failure() {
    throw new Failure('the task cannot be done');
  },
  panic() {
    throw new TypeError('a defect');
  },
  'out-of-memory': allocateWithoutEnd,
  'out-of-fuel': loopForEver,
};
