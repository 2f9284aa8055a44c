/**
 * An agent that repairs code: it looks at files, edits them and runs the tests, and goes on until
 * the tests pass. It believes no answer: it runs the tests itself before it ends.
 */

import {
  Failure,
  ToolError,
  agent,
  callTool,
  chat,
  inSpan,
  listTools,
  log,
  system,
  toolOutput,
  user,
} from '../../sdk/javascript/agent.js';

const INSTRUCTIONS =
  'You repair a small JavaScript project. Say in one sentence what you think and what you do ' +
  'next, and use the tools: list_files and read_file to look, write_file to write a whole file, ' +
  'and run_tests to see which tests fail. Never change a test. Answer in at most three sentences ' +
  'what was wrong, when all tests pass.';

/** A repair that takes longer than this goes round in circles. */
const TURNS_MAX = 20;

async function outputOf(call) {
  try {
    return await callTool(call.name, call.arguments);
  } catch (error) {
    if (error instanceof ToolError) {
      return `Error: ${error.message}`;
    }
    throw error;
  }
}

async function act(calls) {
  const outputs = await Promise.all(calls.map(outputOf));
  return calls.map((call, index) => toolOutput(call.id, outputs[index]));
}

/** What is wrong with an answer: which tests still fail. */
async function problem() {
  const { failures } = JSON.parse(await callTool('run_tests', {}));
  if (failures.length === 0) {
    return undefined;
  }
  const lines = failures.map(({ file, test, message }) => `${file}, ${test}: ${message}`);
  return `Tests still fail:\n${lines.join('\n')}\nGo on.`;
}

async function takeTurn(messages, tools) {
  const { message, text, toolCalls } = await chat({ messages, tools });
  messages.push(message);
  if (toolCalls.length > 0) {
    log('info', `thought: ${text}`);
    messages.push(...(await act(toolCalls)));
    return undefined;
  }
  const wrong = await inSpan('verify', problem);
  if (wrong === undefined) {
    return text;
  }
  log('warn', wrong);
  messages.push(user(wrong));
  return undefined;
}

export default agent(async (task) => {
  const tools = listTools();
  const messages = [system(INSTRUCTIONS), user(task.input)];
  for (let turn = 1; turn <= TURNS_MAX; turn += 1) {
    const answer = await inSpan(`turn ${turn}`, () => takeTurn(messages, tools));
    if (answer !== undefined) {
      return answer;
    }
  }
  throw new Failure(`the tests do not pass after ${TURNS_MAX} turns`);
});
