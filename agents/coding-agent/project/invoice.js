import { discounted } from './discount.js';

/** The sum of an invoice's lines, in cents, after the customer's discount. */
export function total(lines, customer) {
  const sum = lines.reduce((before, line) => before + line.count * line.cents, 0);
  return discounted(sum, customer.discountPercent);
}
