/** Text that the host can take, with a message that names the field where it is none. */
export function text(value, field) {
  if (typeof value !== 'string') {
    throw new TypeError(`${field} must be a string, but is ${describe(value)}`);
  }
  return value.toWellFormed();
}

/** A whole number that the host can take. */
export function wholeNumber(value, field, { least = 0, most = Number.MAX_SAFE_INTEGER } = {}) {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new RangeError(
      `${field} must be a whole number from ${least} to ${most}, but is ${describe(value)}`,
    );
  }
  return value;
}

/** A number. */
export function number(value, field) {
  if (typeof value !== 'number') {
    throw new TypeError(`${field} must be a number, but is ${describe(value)}`);
  }
  return value;
}

/** `convert` of a value that may be left out. */
export function optional(value, convert) {
  return value === undefined || value === null ? undefined : convert(value);
}

/** A short text of any value, for messages. */
export function describe(value) {
  if (value === undefined) {
    return 'missing';
  }
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    return `a ${typeof value}`;
  }
  const whole = JSON.stringify(value);
  return whole.length <= 60 ? whole : `${whole.slice(0, 57)}...`;
}

const encodedOne = (point) => {
  if (point < 0x80) {
    return [point];
  }
  const last = 0x80 | (point & 0x3f);
  const third = 0x80 | ((point >> 6) & 0x3f);
  if (point < 0x800) {
    return [0xc0 | (point >> 6), last];
  }
  if (point < 0x10000) {
    return [0xe0 | (point >> 12), third, last];
  }
  return [0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f), third, last];
};

/** The bytes of a text in UTF-8; QuickJS has no TextEncoder. */
export function encodeUtf8(value) {
  const bytes = [];
  for (const character of value.toWellFormed()) {
    bytes.push(...encodedOne(character.codePointAt(0)));
  }
  return Uint8Array.from(bytes);
}

/** The text of bytes in UTF-8; QuickJS has no TextDecoder. Bytes that are none are an error. */
export function decodeUtf8(bytes) {
  let escaped = '';
  for (let start = 0; start < bytes.length; start += 1) {
    const byte = bytes[start];
    escaped +=
      byte < 0x80 && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).padStart(2, '0')}`;
  }
  try {
    return decodeURIComponent(escaped);
  } catch {
    throw new TypeError('the bytes are no text in UTF-8');
  }
}
