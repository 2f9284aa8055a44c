/** The host's files. */

import * as files from 'timeslip:tool/files@0.1.0';
import { wide } from './session.js';

export const list = files.list;
export const read = files.read;
export const readRange = (path, offset, length) => files.readRange(path, wide(offset), length);
export const write = files.write;
export const remove = files.remove;
