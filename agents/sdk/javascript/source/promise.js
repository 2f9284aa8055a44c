/**
 * Promises with a queue of jobs of our own.
 *
 * A component of the blocking world must return from `run` with its answer, and QuickJS runs the
 * jobs of native promises only after an export has returned. Async functions of a project are
 * lowered to generators when it is built, and this class takes the place of `Promise`, so that
 * `runJobs` can go on with all of them inside one call. It keeps the order of native promises.
 */

const jobs = [];
const unhandled = new Set();

/** Runs jobs, and those that they queue, until none is left. */
export function runJobs() {
  for (let next = 0; next < jobs.length; next += 1) {
    const job = jobs[next];
    jobs[next] = undefined;
    job();
  }
  jobs.length = 0;
}

/** Queues a job behind all others. */
export function queueJob(job) {
  jobs.push(job);
}

/** The reasons of rejected promises that nobody has listened to, each once. */
export function takeUnhandledReasons() {
  const reasons = [...unhandled].map((promise) => promise.outcome.value);
  unhandled.clear();
  return reasons;
}

const isObject = (value) =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** A promise whose reactions run in `runJobs`. */
export class SessionPromise {
  /** `undefined` while the promise is pending, then `{ fulfilled, value }`. */
  #outcome;
  #reactions = [];
  #handled = false;

  constructor(executor) {
    if (typeof executor !== 'function') {
      throw new TypeError('a promise is made with a function of resolve and reject');
    }
    const { resolve, reject } = this.#resolvers();
    try {
      executor(resolve, reject);
    } catch (error) {
      reject(error);
    }
  }

  /** What became of the promise; `undefined` while it is pending. */
  get outcome() {
    return this.#outcome;
  }

  get [Symbol.toStringTag]() {
    return 'Promise';
  }

  #resolvers() {
    let done = false;
    const once = (action) => (value) => {
      if (!done) {
        done = true;
        action(value);
      }
    };
    return {
      resolve: once((value) => this.#resolve(value)),
      reject: once((reason) => this.#settle(false, reason)),
    };
  }

  #resolve(value) {
    if (value === this) {
      this.#settle(false, new TypeError('a promise cannot be resolved with itself'));
      return;
    }
    if (!isObject(value)) {
      this.#settle(true, value);
      return;
    }
    let then;
    try {
      then = value.then;
    } catch (error) {
      this.#settle(false, error);
      return;
    }
    if (typeof then !== 'function') {
      this.#settle(true, value);
      return;
    }
    queueJob(() => {
      const { resolve, reject } = this.#resolvers();
      try {
        then.call(value, resolve, reject);
      } catch (error) {
        reject(error);
      }
    });
  }

  #settle(fulfilled, value) {
    this.#outcome = { fulfilled, value };
    if (!fulfilled && !this.#handled) {
      unhandled.add(this);
    }
    for (const reaction of this.#reactions) {
      queueJob(() => reaction(this.#outcome));
    }
    this.#reactions = [];
  }

  then(onFulfilled, onRejected) {
    const species = this.constructor?.[Symbol.species] ?? SessionPromise;
    return new species((resolve, reject) => {
      this.#react(({ fulfilled, value }) => {
        const handler = fulfilled ? onFulfilled : onRejected;
        if (typeof handler !== 'function') {
          (fulfilled ? resolve : reject)(value);
          return;
        }
        try {
          resolve(handler(value));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #react(reaction) {
    this.#handled = true;
    unhandled.delete(this);
    if (this.#outcome === undefined) {
      this.#reactions.push(reaction);
    } else {
      queueJob(() => reaction(this.#outcome));
    }
  }

  catch(onRejected) {
    return this.then(undefined, onRejected);
  }

  finally(action) {
    if (typeof action !== 'function') {
      return this.then(action, action);
    }
    return this.then(
      (value) => SessionPromise.resolve(action()).then(() => value),
      (reason) =>
        SessionPromise.resolve(action()).then(() => {
          throw reason;
        }),
    );
  }

  static get [Symbol.species]() {
    return this;
  }

  static resolve(value) {
    if (value instanceof SessionPromise && value.constructor === this) {
      return value;
    }
    return new this((resolve) => resolve(value));
  }

  static reject(reason) {
    return new this((_, reject) => reject(reason));
  }

  static withResolvers() {
    let resolvers;
    const promise = new this((resolve, reject) => {
      resolvers = { resolve, reject };
    });
    return { promise, ...resolvers };
  }

  static try(action, ...values) {
    return new this((resolve) => resolve(action(...values)));
  }

  static all(values) {
    return this.#collect(values, (entries, index, entry, { resolveWhenDone, reject }) => {
      entry.then((value) => {
        entries[index] = value;
        resolveWhenDone();
      }, reject);
    });
  }

  static allSettled(values) {
    return this.#collect(values, (entries, index, entry, { resolveWhenDone }) => {
      const keep = (outcome) => {
        entries[index] = outcome;
        resolveWhenDone();
      };
      entry.then(
        (value) => keep({ status: 'fulfilled', value }),
        (reason) => keep({ status: 'rejected', reason }),
      );
    });
  }

  static any(values) {
    const failed = this.#collect(values, (entries, index, entry, { resolveWhenDone, reject }) => {
      entry.then(reject, (reason) => {
        entries[index] = reason;
        resolveWhenDone();
      });
    });
    return failed.then(
      (reasons) => {
        throw new AggregateError(reasons, 'all promises were rejected');
      },
      (value) => value,
    );
  }

  static race(values) {
    return new this((resolve, reject) => {
      for (const value of values) {
        this.resolve(value).then(resolve, reject);
      }
    });
  }

  static #collect(values, listen) {
    return new this((resolve, reject) => {
      const entries = [];
      let waiting = 1;
      const resolveWhenDone = () => {
        waiting -= 1;
        if (waiting === 0) {
          resolve(entries);
        }
      };
      for (const value of values) {
        const index = entries.length;
        entries.push(undefined);
        waiting += 1;
        listen(entries, index, this.resolve(value), { resolveWhenDone, reject });
      }
      resolveWhenDone();
    });
  }
}
