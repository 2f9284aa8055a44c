/** Declares the fields of a tool's arguments and output, and checks arguments against them. */

import { describe } from './text.js';

/** An argument that does not obey its declaration. */
export class WrongArgument extends Error {}

const wrong = (path, must, value) => {
  throw new WrongArgument(`field \`${path}\` must be ${must}, but is ${describe(value)}`);
};

/** The declaration of a field: its JSON Schema and the check of a value. */
class Field {
  constructor(schema, check, { required = true, fallback } = {}) {
    this.schema = schema;
    this.check = check;
    this.required = required;
    this.fallback = fallback;
  }

  #with(keywords, presence = this) {
    return new Field({ ...this.schema, ...keywords }, this.check, presence);
  }

  /** The field may be left out. */
  optional() {
    return this.#with({}, { required: false });
  }

  /** The field may be left out, and is `value` then. */
  default(value) {
    return this.#with({ default: value }, { required: false, fallback: value });
  }

  /** What the field means, for the model to read. */
  describe(description) {
    return this.#with({ description });
  }
}

const simple = (type, must, holds) => () =>
  new Field({ type }, (value, path) => (holds(value) ? value : wrong(path, must, value)));

/** A text. */
export const string = simple('string', 'a string', (value) => typeof value === 'string');

/** A number. */
export const number = simple('number', 'a number', (value) => typeof value === 'number');

/** A whole number. */
export const integer = simple('integer', 'a whole number', Number.isInteger);

/** True or false. */
export const boolean = simple('boolean', 'true or false', (value) => typeof value === 'boolean');

/** Any JSON value. */
export const json = () => new Field({}, (value) => value);

/** One of these texts. */
export const choice = (...texts) =>
  new Field({ type: 'string', enum: texts }, (value, path) =>
    texts.includes(value) ? value : wrong(path, `one of ${texts.join(', ')}`, value),
  );

/** A list of values that all obey `item`. */
export const list = (item) =>
  new Field({ type: 'array', items: item.schema }, (values, path) =>
    Array.isArray(values)
      ? values.map((value, index) => item.check(value, `${path}[${index}]`))
      : wrong(path, 'a list', values),
  );

const isRecord = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

const inside = (path, name) => (path === '' ? name : `${path}.${name}`);

function refuseUnknown(fields, values, path) {
  const unknown = Object.keys(values).find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) {
    const known = Object.keys(fields);
    const has = known.length === 0 ? 'no fields' : `the fields ${known.join(', ')}`;
    throw new WrongArgument(`there is no field \`${inside(path, unknown)}\`; there are ${has}`);
  }
}

function checkField(field, values, name, path) {
  if (Object.hasOwn(values, name)) {
    return field.check(values[name], inside(path, name));
  }
  if (field.required) {
    throw new WrongArgument(`field \`${inside(path, name)}\` is missing`);
  }
  return field.fallback;
}

/** An object with these fields and no others. */
export function record(fields) {
  const entries = Object.entries(fields);
  const schema = {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, field]) => [name, field.schema])),
    required: entries.filter(([, field]) => field.required).map(([name]) => name),
    additionalProperties: false,
  };
  return new Field(schema, (values, path) => {
    if (!isRecord(values)) {
      return path === ''
        ? wrong('arguments', 'an object', values)
        : wrong(path, 'an object', values);
    }
    refuseUnknown(fields, values, path);
    const checked = entries.map(([name, field]) => [name, checkField(field, values, name, path)]);
    return Object.fromEntries(checked.filter(([, value]) => value !== undefined));
  });
}

/** A field, where an object of fields is short for a record of them. */
export const fieldOf = (declared) => (declared instanceof Field ? declared : record(declared));
