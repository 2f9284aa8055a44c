/** Requests over HTTP to what the bench grants. */

import * as host from '#http';
import { HttpError, asking } from './errors.js';
import { decodeUtf8, encodeUtf8, text } from './text.js';
import { blocking } from './waits.js';

const hostRequest = (url, { method = 'GET', headers = {}, body = '' }) => ({
  method: text(method, 'the method').toUpperCase(),
  url: text(url, 'the address'),
  headers: Object.entries(headers).map(([name, value]) => ({
    name,
    value: text(value, `the header ${name}`),
  })),
  body: typeof body === 'string' ? encodeUtf8(body) : body,
});

const responseOf = ({ status, headers, body }) => ({
  status,
  headers: headers.map(({ name, value }) => [name, value]),
  body,
  ok: status >= 200 && status < 300,
  text: () => decodeUtf8(body),
  json: () => JSON.parse(decodeUtf8(body)),
});

/** Sends a request, and gives a promise of the response, whatever its status says. */
export function fetch(url, options = {}) {
  const request = hostRequest(url, options);
  return blocking(() => responseOf(asking(HttpError, () => host.fetch(request))));
}
