// Numbers as a person writes them: the same texts as on the terminal.

/** A decimal fraction, rounded to the nearest; of two equally near ones to the even one. */
function fixed(value, decimals) {
  const text = value.toFixed(decimals);
  const exact = value.toFixed(Math.min(decimals + 25, 100));
  const rest = exact.slice(exact.indexOf(".") + 1 + decimals);
  if (!/^50*$/.test(rest)) return text;
  const scale = 10 ** decimals;
  const below = Math.floor(value * scale);
  return ((below % 2 === 0 ? below : below + 1) / scale).toFixed(decimals);
}

function threeDigits(value, unit) {
  const decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${fixed(value, decimals)} ${unit}`;
}

const UNKNOWN = "unknown";

/** Shows a value that may be unknown. */
function known(value, form) {
  return value === null || value === undefined ? UNKNOWN : form(value);
}

/** A time in nanoseconds. */
function span(nanos) {
  if (nanos < 0) return `−${span(-nanos)}`;
  if (nanos === 0) return "0 s";
  if (nanos < 1e3) return `${Math.round(nanos)} ns`;
  if (nanos < 999_500) return threeDigits(nanos / 1e3, "µs");
  if (nanos < 999_500_000) return threeDigits(nanos / 1e6, "ms");
  if (nanos < 119_500_000_000) return threeDigits(nanos / 1e9, "s");
  const seconds = Math.floor(nanos / 1e9) + (nanos % 1e9 >= 5e8 ? 1 : 0);
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  if (hours === 0) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (hours < 48) return `${hours} h ${two(Math.floor((seconds % 3600) / 60))} min`;
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

/** A whole number with its thousands apart. */
function count(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function counted(value, one) {
  return `${count(value)} ${one}${value === 1 ? "" : "s"}`;
}

/** Tokens a second, without their unit. */
function rate(value) {
  return value < 99.95 ? fixed(value, 1) : count(value);
}

function joules(value) {
  if (value <= 0) return "0 J";
  if (value < 0.9995e-3) return threeDigits(value * 1e6, "µJ");
  if (value < 0.9995) return threeDigits(value * 1e3, "mJ");
  if (value < 999.5) return threeDigits(value, "J");
  if (value < 999.5e3) return threeDigits(value / 1e3, "kJ");
  return threeDigits(value / 1e6, "MJ");
}

function watts(value) {
  return joules(value).replace("J", "W");
}

function dollars(value) {
  if (value < 0) return `−${dollars(-value)}`;
  if (value === 0) return "$0";
  if (value >= 0.9995) {
    const cents = Math.round(value * 100);
    return `$${count(Math.floor(cents / 100))}.${String(cents % 100).padStart(2, "0")}`;
  }
  const exponent = Number(value.toExponential(2).split("e-")[1] ?? 0);
  return `$${fixed(value, exponent + 2)}`;
}

function percent(part, whole) {
  if (!(whole > 0)) return UNKNOWN;
  const share = (part / whole) * 100;
  return part > 0 && share < 0.05 ? "<0.1 %" : `${fixed(share, 1)} %`;
}

function bytes(value) {
  if (value < 1023.5) return `${fixed(value, 0)} B`;
  if (value < 1023.5 * 1024) return threeDigits(value / 1024, "KiB");
  if (value < 1023.5 * 1024 ** 2) return threeDigits(value / 1024 ** 2, "MiB");
  return threeDigits(value / 1024 ** 3, "GiB");
}

/** A count on an axis: 12k, 3M. */
function short(value) {
  const parts = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
  const [size, letter] = parts.find(([size]) => Math.abs(value) >= size) ?? [1, ""];
  return `${Number((value / size).toPrecision(3))}${letter}`;
}

/** A text with what would turn or hide what is around it written out. */
function plain(text) {
  return text.replace(/[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu, (c) =>
    c === "\n" ? "\\n" : `\\u{${c.codePointAt(0).toString(16)}}`);
}
