/** Chatting with models. */

import * as host from '#conversation';
import { ModelError, asking } from './errors.js';
import { hostRequest, replyOf } from './messages.js';
import { giveUp, started } from './waits.js';

/** A chat was cancelled before its reply came. */
export class Cancelled extends Error {
  name = 'Cancelled';
}

/**
 * Asks a model at once, and gives a promise of the reply. Chats that are started before the first
 * is awaited overlap in time. `cancel()` of the promise ends the chat.
 */
export function chat(request) {
  const pending = asking(ModelError, () => host.startChat(hostRequest(request)));
  const wait = () => replyOf(asking(ModelError, pending.wait));
  const cancel = () => {
    if (giveUp(wait, new Cancelled('the chat was cancelled'))) {
      pending.drop();
    }
  };
  return Object.assign(started(wait), { cancel });
}

/** A reply that arrives in pieces: iterate it with `for await`. */
class ChatStream {
  #stream;

  constructor(request) {
    this.#stream = asking(ModelError, () => host.openStream(hostRequest(request)));
  }

  async #next() {
    const stream = this.#stream;
    if (stream === undefined) {
      return { done: true, value: undefined };
    }
    const piece = await started(() => asking(ModelError, stream.next));
    return piece === undefined
      ? { done: true, value: undefined }
      : { done: false, value: { ...piece, outputTokens: Number(piece.outputTokens) } };
  }

  /** Waits for the end and gives the whole reply, pieces already taken included. */
  async finish() {
    const stream = this.#stream;
    if (stream === undefined) {
      throw new Cancelled('the stream was cancelled');
    }
    return replyOf(await started(() => asking(ModelError, stream.finish)));
  }

  /** Ends the chat. Leaving a `for await` loop early does so too. */
  cancel() {
    this.#stream?.drop();
    this.#stream = undefined;
  }

  [Symbol.asyncIterator]() {
    return {
      next: () => this.#next(),
      return: async (value) => {
        this.cancel();
        return { done: true, value };
      },
    };
  }

  [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
    this.cancel();
  }
}

/** Asks a model at once for a reply that arrives in pieces. */
export const stream = (request) => new ChatStream(request);
