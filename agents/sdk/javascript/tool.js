/** What a tool plugin is written with. */

import { settle } from '#driver';
import { ToolError, isExpected } from './source/errors.js';
import { crash } from './source/journal.js';
import { WrongArgument, fieldOf } from './source/schema.js';
import { text } from './source/text.js';

export { Failure, FileError, HttpError, ToolError } from './source/errors.js';
export {
  listFiles,
  readFile,
  readFileRange,
  readTextFile,
  removeFile,
  writeFile,
} from './source/files.js';
export { fetch } from './source/http.js';
export { boolean, choice, integer, json, list, number, record, string } from './source/schema.js';
export { config, log, now, randomBytes, randomU64, sleep } from './source/session.js';

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * A tool: a declaration, and the function that does the work. The function is called with the
 * checked arguments, and `{ argumentsText }`; it gives a text, or a value that becomes JSON.
 */
export function tool({ name, description, input = {}, output, annotations = {} }, work) {
  if (!NAME.test(name)) {
    throw new TypeError(`a tool's name has 1 to 64 of a-z A-Z 0-9 _ -, but is ${name}`);
  }
  const {
    readOnly = false,
    destructive = false,
    idempotent = false,
    openWorld = false,
  } = annotations;
  return {
    name,
    input: fieldOf(input),
    work,
    definition: {
      name,
      description: text(description, `the description of ${name}`),
      inputSchema: JSON.stringify(fieldOf(input).schema),
      outputSchema: output === undefined ? undefined : JSON.stringify(fieldOf(output).schema),
      annotations: { readOnly, destructive, idempotent, openWorld },
    },
  };
}

function parse(argumentsText) {
  try {
    return JSON.parse(argumentsText);
  } catch {
    throw new ToolError('invalid-arguments', 'the arguments are not JSON');
  }
}

function checked(input, argumentsText) {
  const values = parse(argumentsText);
  try {
    return input.check(values, '');
  } catch (error) {
    throw error instanceof WrongArgument
      ? new ToolError('invalid-arguments', error.message)
      : error;
  }
}

async function outputOf(tools, name, argumentsText) {
  const called = tools.find((tool) => tool.name === name);
  if (called === undefined) {
    throw new ToolError('unknown-tool', `the plugin has no tool \`${name}\``);
  }
  const output = await called.work(checked(called.input, argumentsText), { argumentsText });
  const isText = typeof output === 'string' && called.definition.outputSchema === undefined;
  return text(isText ? output : JSON.stringify(output), `the output of ${name}`);
}

/** The error as the host takes it; whatever is no `ToolError` has no kind, and is `failed`. */
function forHost(error) {
  const kind = error instanceof ToolError ? error.kind : 'failed';
  const toolError = new ToolError(kind, error.message);
  return Object.assign(toolError, { payload: { tag: kind, val: text(error.message, 'the text') } });
}

async function call(tools, name, argumentsText) {
  try {
    return await outputOf(tools, name, argumentsText);
  } catch (error) {
    if (isExpected(error)) {
      throw forHost(error);
    }
    throw crash(error);
  }
}

/**
 * A plugin of these tools. What a tool throws is its error: a `ToolError` of a kind, or `failed`
 * with the text of a `Failure` or of a file's or HTTP's error; anything else is a crash.
 */
export function plugin(tools) {
  const twice = tools.find((tool, index) => tools.findIndex((t) => t.name === tool.name) < index);
  if (twice !== undefined) {
    throw new TypeError(`two tools of the plugin are called ${twice.name}`);
  }
  return {
    definitions: () => tools.map((tool) => tool.definition),
    call: (name, argumentsText) => settle(() => call(tools, name, argumentsText)),
  };
}
