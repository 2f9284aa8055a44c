/**
 * Tools for work on JavaScript: they list, read and write the granted files, and run their tests.
 * The tests really run, in the engine that this plugin runs in.
 */

import {
  FileError,
  ToolError,
  integer,
  list,
  listFiles,
  plugin,
  readTextFile,
  record,
  string,
  tool,
  writeFile,
} from '../../agents/sdk/javascript/tool.js';
import { runTestFile } from './run.js';

const reading = { readOnly: true, idempotent: true };

const listing = tool(
  {
    name: 'list_files',
    description: 'Lists the files of the project with their lengths in bytes.',
    output: { files: list(record({ path: string(), bytes: integer() })) },
    annotations: reading,
  },
  () => ({ files: listFiles().map(({ path, length }) => ({ path, bytes: length })) }),
);

const reader = tool(
  {
    name: 'read_file',
    description: 'Reads a file of the project.',
    input: { path: string().describe('The path, as list_files gives it.') },
    annotations: reading,
  },
  ({ path }) => readTextFile(path),
);

const writer = tool(
  {
    name: 'write_file',
    description: 'Writes a whole file of the project, in place of what it held.',
    input: { path: string(), contents: string() },
    annotations: { destructive: true, idempotent: true },
  },
  ({ path, contents }) => {
    writeFile(path, contents);
    return `Wrote ${path}.`;
  },
);

/** The source of a file, for a test that imports it. */
function sourceOf(path) {
  try {
    return readTextFile(path);
  } catch (error) {
    throw error instanceof FileError ? new ToolError('failed', error.message) : error;
  }
}

const TEST_FILE = /\.test\.js$/;

const runner = tool(
  {
    name: 'run_tests',
    description:
      'Runs the tests of the project, or of one file: what passed, and what failed and why.',
    input: { path: string().optional().describe('A file that ends in .test.js.') },
    output: {
      passed: integer(),
      failures: list(record({ file: string(), test: string(), message: string() })),
    },
    annotations: reading,
  },
  ({ path }) => {
    const files = listFiles()
      .map((file) => file.path)
      .filter((file) => (path === undefined ? TEST_FILE.test(file) : file === path));
    if (files.length === 0) {
      throw new ToolError('failed', `there are no tests in ${path ?? 'the project'}`);
    }
    const results = files.map((file) => runTestFile(file, sourceOf));
    return {
      passed: results.reduce((sum, result) => sum + result.passed, 0),
      failures: results.flatMap((result) => result.failures),
    };
  },
);

export default plugin([listing, reader, writer, runner]);
