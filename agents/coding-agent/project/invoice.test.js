import assert from 'node:assert/strict';
import { test } from 'node:test';

import { total } from './invoice.js';

const lines = [
  { count: 2, cents: 999 },
  { count: 1, cents: 501 },
];

test('without a discount an invoice is its lines', () => {
  assert.equal(total(lines, { discountPercent: 0 }), 2499);
});

test('a discount is in percent', () => {
  assert.equal(total([{ count: 1, cents: 1000 }], { discountPercent: 25 }), 750);
});

test('a sum has whole cents', () => {
  assert.equal(total(lines, { discountPercent: 10 }), 2249);
});
