/** Messages of a conversation, and what a request looks like to the host. */

import { describe, number, optional, text, wholeNumber } from './text.js';

const message = (role, content, rest = {}) => ({ role, content, toolCalls: [], ...rest });

/** Instructions from the agent's author. */
export const system = (content) => message('system', content);

/** What the person, or program, the agent works for says. */
export const user = (content) => message('user', content);

/** What the model said before; a reply's `message` is one already. */
export const assistant = (content, toolCalls = []) => message('assistant', content, { toolCalls });

/** The output of the tool call that a model asked for. */
export const toolOutput = (toolCallId, content) => message('tool', content, { toolCallId });

const LARGEST_COUNT = 2 ** 31 - 1;

const jsonText = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

function list(value, field) {
  if (!Array.isArray(value)) {
    throw new TypeError(`${field} must be a list, but is ${describe(value)}`);
  }
  return value;
}

const hostToolCall = (field) => (call, index) => ({
  id: text(call.id, `${field}.toolCalls[${index}].id`),
  name: text(call.name, `${field}.toolCalls[${index}].name`),
  arguments: text(call.arguments, `${field}.toolCalls[${index}].arguments`),
});

function hostMessage(given, index) {
  const field = `messages[${index}]`;
  if (!['system', 'user', 'assistant', 'tool'].includes(given?.role)) {
    throw new TypeError(
      `${field} must be made with system(), user(), assistant() or toolOutput(), but is ` +
        describe(given),
    );
  }
  return {
    role: given.role,
    content: text(given.content, `${field}.content`),
    toolCalls: list(given.toolCalls ?? [], `${field}.toolCalls`).map(hostToolCall(field)),
    toolCallId: optional(given.toolCallId, (id) => text(id, `${field}.toolCallId`)),
  };
}

function hostTool(tool, index) {
  const field = `tools[${index}]`;
  const { readOnly, destructive, idempotent, openWorld } = tool.annotations ?? {};
  return {
    name: text(tool.name, `${field}.name`),
    description: text(tool.description, `${field}.description`),
    inputSchema: jsonText(tool.inputSchema),
    outputSchema: optional(tool.outputSchema, jsonText),
    annotations: {
      readOnly: Boolean(readOnly),
      destructive: Boolean(destructive),
      idempotent: Boolean(idempotent),
      openWorld: Boolean(openWorld),
    },
  };
}

function hostToolChoice(choice = 'auto') {
  if (['auto', 'none', 'required'].includes(choice)) {
    return { tag: choice };
  }
  if (typeof choice?.named === 'string') {
    return { tag: 'named', val: choice.named };
  }
  throw new TypeError(
    `toolChoice must be 'auto', 'none', 'required' or { named: 'a tool' }, but is ` +
      describe(choice),
  );
}

const KNOWN = [
  'model',
  'messages',
  'tools',
  'maxOutputTokens',
  'temperature',
  'topP',
  'seed',
  'stop',
  'toolChoice',
  'responseSchema',
];

function refuseUnknown(request) {
  const unknown = Object.keys(request).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(`a chat has no option \`${unknown}\`; it has ${KNOWN.join(', ')}`);
  }
}

/** A request as the host takes it, with an error that names the field that is wrong. */
export function hostRequest(request) {
  refuseUnknown(request);
  const { seed, temperature, topP, maxOutputTokens } = request;
  return {
    model: optional(request.model, (name) => text(name, 'model')),
    messages: list(request.messages, 'messages').map(hostMessage),
    tools: list(request.tools ?? [], 'tools').map(hostTool),
    options: {
      maxOutputTokens: optional(maxOutputTokens, (count) =>
        wholeNumber(count, 'maxOutputTokens', { most: LARGEST_COUNT }),
      ),
      temperature: optional(temperature, (value) => number(value, 'temperature')),
      topP: optional(topP, (value) => number(value, 'topP')),
      seed: optional(seed, (value) => wholeNumber(value, 'seed')),
      stop: list(request.stop ?? [], 'stop').map((end, index) => text(end, `stop[${index}]`)),
      toolChoice: hostToolChoice(request.toolChoice),
      responseSchema: optional(request.responseSchema, jsonText),
    },
  };
}

const numbers = (record) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, Number(value)]));

/** A reply as an agent sees it. */
export function replyOf(host) {
  const { message: said, finishReason, usage, timing, model, machine } = host;
  return {
    message: { role: said.role, content: said.content, toolCalls: [...said.toolCalls] },
    text: said.content,
    toolCalls: [...said.toolCalls],
    finishReason,
    usage: numbers(usage),
    timing: numbers(timing),
    model,
    machine,
  };
}
