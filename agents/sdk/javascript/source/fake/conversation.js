/** Models, tools and a user that a test makes up. */

import { fake } from './state.js';

const NO_TIME = {
  queueNs: 0,
  prefillNs: 0,
  transferNs: 0,
  decodeNs: 0,
  timeToFirstTokenNs: 0,
  endToEndNs: 0,
};

const hostError = (tag, val) => Object.assign(new Error(val), { payload: { tag, val } });

function nextReply(request) {
  const session = fake();
  session.requests.push(request);
  const reply = session.replies.shift();
  if (reply === undefined) {
    const last = request.messages.at(-1)?.content;
    throw new Error(`the test has no reply left for ${JSON.stringify(last)}`);
  }
  return typeof reply === 'function' ? reply(request) : reply;
}

function hostReply(reply) {
  if (reply instanceof Error) {
    throw reply.kind === undefined ? reply : hostError(reply.kind, reply.message);
  }
  const {
    text = '',
    toolCalls = [],
    takesNs = 0,
    ...rest
  } = typeof reply === 'string' ? { text: reply } : reply;
  return {
    message: { role: 'assistant', content: text, toolCalls },
    finishReason: toolCalls.length > 0 ? 'tool-calls' : 'stop',
    usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
    timing: { ...NO_TIME, decodeNs: takesNs, endToEndNs: takesNs },
    model: 'fake-model',
    machine: 'fake-machine',
    ...rest,
  };
}

const passUntil = (instant) => {
  fake().nowNs = Math.max(fake().nowNs, instant);
};

export function startChat(request) {
  const reply = nextReply(request);
  const done = fake().nowNs + (reply.takesNs ?? 0);
  return {
    wait() {
      passUntil(done);
      return hostReply(reply);
    },
    drop() {
      fake().cancelledChats += 1;
    },
  };
}

/** Gives the reply word by word. */
export function openStream(request) {
  const whole = hostReply(nextReply(request));
  const pieces = whole.message.content.match(/\s*\S+\s*$|\s*\S+/g) ?? [];
  let taken = 0;
  return {
    next() {
      const content = pieces[taken];
      taken += 1;
      return content === undefined ? undefined : { content, outputTokens: taken };
    },
    finish: () => whole,
    drop() {
      fake().cancelledStreams += 1;
    },
  };
}

export const listTools = () => fake().tools.flatMap((plugin) => plugin.definitions());

export function startTool(name, argumentsText) {
  const session = fake();
  session.toolCalls.push({ name, arguments: argumentsText });
  const scripted = session.outputs[name];
  return {
    wait() {
      if (scripted === undefined) {
        throw hostError('unknown-tool', `the test has no output for the tool \`${name}\``);
      }
      const output = typeof scripted === 'function' ? scripted(argumentsText) : scripted;
      const { text, takesNs = 0 } = typeof output === 'string' ? { text: output } : output;
      passUntil(session.nowNs + takesNs);
      return text;
    },
  };
}

export function ask(message) {
  const session = fake();
  session.questions.push(message);
  if (session.answers.length === 0) {
    throw hostError('nobody', 'the test has no answer left');
  }
  return session.answers.shift();
}
