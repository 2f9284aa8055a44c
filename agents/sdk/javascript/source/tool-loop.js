/** The loop of an agent that chats and calls tools until the model answers. */

import { Failure, ToolError } from './errors.js';
import { system, toolOutput, user } from './messages.js';
import { chat } from './model.js';
import { inSpan } from './session.js';
import { callTool, listTools } from './tools.js';

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

async function takeTurn(messages, options) {
  const reply = await chat({ ...options, messages });
  if (reply.toolCalls.length === 0) {
    return reply.text;
  }
  const outputs = await Promise.all(reply.toolCalls.map(outputOf));
  messages.push(reply.message);
  reply.toolCalls.forEach((call, index) => messages.push(toolOutput(call.id, outputs[index])));
  return undefined;
}

/**
 * Chats with the session's tools until the model asks for none, and gives the text of its last
 * reply. The tools that one reply asks for are called at once.
 */
export async function toolLoop({ system: instructions, input, maxTurns = 12, tools, ...options }) {
  const messages = instructions === undefined ? [] : [system(instructions)];
  messages.push(user(input));
  const offered = { ...options, tools: tools ?? listTools() };
  for (let turn = 1; turn <= maxTurns; turn += 1) {
    const answer = await inSpan(`turn ${turn}`, () => takeTurn(messages, offered));
    if (answer !== undefined) {
      return answer;
    }
  }
  throw new Failure(`the model still asked for tools after ${maxTurns} turns`);
}
