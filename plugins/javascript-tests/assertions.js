/** The assertions of `node:assert/strict` that tests mostly use. */

class AssertionError extends Error {
  name = 'AssertionError';
}

const shown = (value) => {
  if (typeof value === 'string') {
    return JSON.stringify(value);
  }
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
};

function hold(holds, message, fallback) {
  if (!holds) {
    throw message instanceof Error ? message : new AssertionError(message ?? fallback);
  }
}

const isObject = (value) => typeof value === 'object' && value !== null;

function isDeepEqual(left, right) {
  if (Object.is(left, right)) {
    return true;
  }
  if (!isObject(left) || !isObject(right)) {
    return false;
  }
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) {
    return false;
  }
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isDeepEqual(left[name], right[name]))
  );
}

function thrownBy(action) {
  try {
    action();
  } catch (error) {
    return { error };
  }
  return undefined;
}

function isExpected(error, expected) {
  if (expected instanceof RegExp) {
    return expected.test(String(error));
  }
  if (typeof expected === 'function') {
    return error instanceof expected;
  }
  return Object.entries(expected).every(([name, value]) => isDeepEqual(error[name], value));
}

function throws(action, expected, message) {
  const thrown = thrownBy(action);
  hold(thrown !== undefined, message, 'nothing was thrown');
  if (expected !== undefined && !isExpected(thrown.error, expected)) {
    throw thrown.error;
  }
}

const ok = (value, message) => hold(value, message, `${shown(value)} is not true`);

export const assertions = Object.assign((value, message) => ok(value, message), {
  AssertionError,
  ok,
  throws,
  equal: (actual, expected, message) =>
    hold(Object.is(actual, expected), message, `${shown(actual)} is not ${shown(expected)}`),
  notEqual: (actual, expected, message) =>
    hold(!Object.is(actual, expected), message, `${shown(actual)} should be another value`),
  deepEqual: (actual, expected, message) =>
    hold(isDeepEqual(actual, expected), message, `${shown(actual)} is not ${shown(expected)}`),
  match: (text, expected, message) =>
    hold(expected.test(text), message, `${shown(text)} does not match ${expected}`),
});
