import { Failure, ModelError, chat, sleep, stream, system, user } from './sdk/agent.js';

/** The reply's text, or the kind of the error. */
async function textOrKind(request) {
  try {
    return (await chat(request)).text;
  } catch (error) {
    if (error instanceof ModelError) {
      return error.kind;
    }
    throw error;
  }
}

async function plainReply() {
  const reply = await chat({ messages: [user('Say hello.')] });
  return reply.text;
}

async function options() {
  const { text, finishReason, usage } = await chat({
    messages: [system('Be brief.'), user('Name a colour.')],
    maxOutputTokens: 16,
    temperature: 0.5,
    topP: 0.9,
    seed: 7,
    stop: ['\n'],
    toolChoice: 'none',
  });
  return `${text} ${finishReason} ${usage.inputTokens}/${usage.outputTokens}`;
}

async function streaming() {
  const counting = stream({ messages: [user('Count to five.')] });
  const pieces = [];
  for await (const piece of counting) {
    pieces.push(piece.content);
  }
  const joined = pieces.join('');
  const { text } = await counting.finish();
  if (joined !== text) {
    throw new Failure(`the pieces say ${joined}, and the whole reply says ${text}`);
  }
  return `${pieces.length} pieces: ${text}`;
}

async function cancellation() {
  let taken = 0;
  for await (const _ of stream({ messages: [user('Write a long poem.')] })) {
    taken += 1;
    if (taken === 2) {
      break;
    }
  }
  await sleep(10);
  return 'cancelled';
}

async function modelError() {
  const kinds = [
    await textOrKind({ messages: [] }),
    await textOrKind({ messages: [user('Hi.')], topP: 2.0 }),
    await textOrKind({ messages: [user('Hi.')], toolChoice: { named: 'missing' } }),
  ];
  return kinds.join(', ');
}

async function budgetExhausted() {
  for (let replies = 0; ; replies += 1) {
    try {
      await chat({ messages: [user('Again.')] });
    } catch (error) {
      return `${replies} replies, then ${error.kind}`;
    }
  }
}

async function unicode() {
  const reply = await chat({ messages: [user('żółć 🦀 👩‍👧 𝕏 ﷽ \0 end')] });
  return reply.text;
}

export const chatting = {
  'plain-reply': plainReply,
  options,
  streaming,
  cancellation,
  'model-error': modelError,
  'refused-grant': () => textOrKind({ model: 'another-model', messages: [user('Hi.')] }),
  'budget-exhausted': budgetExhausted,
  unicode,
  'large-prompt': () => textOrKind({ messages: [user('0123456789abcde '.repeat(65536))] }),
};
