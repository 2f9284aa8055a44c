/**
 * An agent that answers a question from documents: it thinks, acts with tools, looks at what they
 * gave, and goes on until it can answer. An answer must cite documents that it has read; one that
 * does not is sent back with what is wrong.
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
import { Citations } from './citations.js';

const INSTRUCTIONS =
  'You answer questions from documents. In every turn say in one sentence what you think and ' +
  'what you look for next, and use the tools: find documents with search_documents and read them ' +
  'with read_document. Answer when you have read enough, in at most three sentences. After every ' +
  'statement cite the document that it rests on by its path in brackets, such as [guide/tea.md]. ' +
  'When the documents do not say, answer that they do not, and cite none.';

/** A question that takes longer than this is one the model goes round in circles about. */
const TURNS_MAX = 12;

/** Calls the tools together and notes which documents were read. */
async function act(calls, citations) {
  const observe = async (call) => {
    try {
      const output = await callTool(call.name, call.arguments);
      citations.note(call);
      return toolOutput(call.id, output);
    } catch (error) {
      if (error instanceof ToolError) {
        return toolOutput(call.id, `Error: ${error.message}`);
      }
      throw error;
    }
  };
  return Promise.all(calls.map(observe));
}

async function takeTurn(messages, tools, citations) {
  const { message, text, toolCalls } = await chat({ messages, tools });
  messages.push(message);
  if (toolCalls.length > 0) {
    log('info', `thought: ${text}`);
    messages.push(...(await act(toolCalls, citations)));
    return undefined;
  }
  const problem = citations.problem(text);
  if (problem === undefined) {
    return text;
  }
  log('warn', problem);
  messages.push(user(problem));
  return undefined;
}

export default agent(async (task) => {
  const tools = listTools();
  const messages = [system(INSTRUCTIONS), user(task.input)];
  const citations = new Citations();
  for (let turn = 1; turn <= TURNS_MAX; turn += 1) {
    const answer = await inSpan(`turn ${turn}`, () => takeTurn(messages, tools, citations));
    if (answer !== undefined) {
      return answer;
    }
  }
  throw new Failure(`no answer with sources after ${TURNS_MAX} turns`);
});
