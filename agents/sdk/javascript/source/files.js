/** Files that the bench grants to a tool plugin. */

import * as host from '#files';
import { FileError, asking } from './errors.js';
import { decodeUtf8, describe, encodeUtf8, text, wholeNumber } from './text.js';

const path = (value) => text(value, 'the path');

/** The granted files whose path begins with `prefix`, sorted: `{ path, length }` of each. */
export const listFiles = (prefix = '') =>
  host.list(text(prefix, 'the prefix')).map((info) => ({
    path: info.path,
    length: Number(info.length),
  }));

/** The bytes of a file. */
export const readFile = (name) => asking(FileError, () => host.read(path(name)));

/** The text of a file in UTF-8. */
export const readTextFile = (name) => decodeUtf8(readFile(name));

/** At most `length` bytes of a file from `offset`. */
export const readFileRange = (name, offset, length) =>
  asking(FileError, () =>
    host.readRange(
      path(name),
      wholeNumber(offset, 'the offset'),
      wholeNumber(length, 'the length', { most: 2 ** 31 - 1 }),
    ),
  );

function bytesOf(contents) {
  if (typeof contents === 'string') {
    return encodeUtf8(contents);
  }
  if (contents instanceof Uint8Array) {
    return contents;
  }
  throw new TypeError(
    `the contents must be a string or a Uint8Array, but are ${describe(contents)}`,
  );
}

/** Writes a whole file, a text or bytes, in place of what it held. */
export const writeFile = (name, contents) =>
  asking(FileError, () => host.write(path(name), bytesOf(contents)));

/** Removes a file. */
export const removeFile = (name) => asking(FileError, () => host.remove(path(name)));
