/**
 * Runs a file of tests: its modules are made functions, which are called with what they import.
 *
 * Modules may import each other by relative paths, and `node:test` and `node:assert/strict`, of
 * which `test` and the assertions that tests mostly use are there. A test must not be asynchronous.
 */

import { assertions } from './assertions.js';
import { functionOf } from './module.js';

/** The path that `./x.js` means in the module at `from`. */
function resolve(from, specifier) {
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') {
      parts.pop();
    } else if (part !== '.') {
      parts.push(part);
    }
  }
  return parts.join('/');
}

const messageOf = (error) =>
  error instanceof Error ? `${error.name}: ${error.message}` : `threw ${String(error)}`;

/** The modules of one run, each evaluated once. */
class Modules {
  #exports = new Map();

  constructor(sourceOf, builtIn) {
    this.sourceOf = sourceOf;
    this.builtIn = builtIn;
  }

  load(path) {
    if (!this.#exports.has(path)) {
      const exported = {};
      this.#exports.set(path, exported);
      const evaluate = functionOf(this.sourceOf(path), path);
      evaluate((specifier) => this.#import(path, specifier), exported);
    }
    return this.#exports.get(path);
  }

  #import(from, specifier) {
    if (specifier.startsWith('.')) {
      return this.load(resolve(from, specifier));
    }
    if (Object.hasOwn(this.builtIn, specifier)) {
      return this.builtIn[specifier];
    }
    const known = Object.keys(this.builtIn).join(', ');
    throw new Error(`${from} imports ${specifier}; there are relative paths, ${known}`);
  }
}

function runOne({ name, body }) {
  const result = body();
  if (typeof result?.then === 'function') {
    throw new Error('the test is asynchronous, and only synchronous tests are run');
  }
  return name;
}

/** Runs the tests of the file at `path`: how many passed, and each failure with its message. */
export function runTestFile(path, sourceOf) {
  const tests = [];
  const test = (name, body) => void tests.push({ name, body });
  const modules = new Modules(sourceOf, {
    'node:test': { test, default: test },
    'node:assert/strict': { ...assertions, default: assertions },
  });
  const failures = [];
  const attempt = (name, run) => {
    try {
      run();
      return 1;
    } catch (error) {
      failures.push({ file: path, test: name, message: messageOf(error) });
      return 0;
    }
  };
  attempt('(loading)', () => modules.load(path));
  const passed = tests.reduce((sum, one) => sum + attempt(one.name, () => runOne(one)), 0);
  return { passed, failures };
}
