/** Files that a test makes up. */

import { decodeUtf8, encodeUtf8 } from '../text.js';
import { fake } from './state.js';

const hostError = (tag, val) => Object.assign(new Error(val), { payload: { tag, val } });

const bytesOf = (contents) => (typeof contents === 'string' ? encodeUtf8(contents) : contents);

export const list = (prefix) =>
  Object.entries(fake().files)
    .filter(([path]) => path.startsWith(prefix))
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([path, contents]) => ({ path, length: bytesOf(contents).length }));

export function read(path) {
  const contents = fake().files[path];
  if (contents === undefined) {
    throw hostError('not-found', `there is no file \`${path}\``);
  }
  return bytesOf(contents);
}

export const readRange = (path, offset, length) => read(path).slice(offset, offset + length);

export function write(path, contents) {
  fake().files[path] = decodeUtf8(contents);
}

export function remove(path) {
  read(path);
  delete fake().files[path];
}
