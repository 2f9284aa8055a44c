// Holds the numbers that reports write against the list that the terminal's are held against.

import { readFileSync } from "node:fs";

const page = new URL("../../host/report/page/", import.meta.url);
const script = readFileSync(new URL("script/format.js", page), "utf8");
const forms = new Function(`${script}; return { span, count, rate, joules, dollars, bytes, percent, plain };`)();
const cases = JSON.parse(readFileSync(new URL("units.json", page), "utf8"));
let failures = 0;
let checks = 0;
for (const [form, all] of Object.entries(cases)) {
  for (const [value, expected] of all) {
    const written = Array.isArray(value) ? forms[form](...value) : forms[form](value);
    checks += 1;
    if (written === expected) continue;
    failures += 1;
    console.log(`✗ ${form} of ${JSON.stringify(value)} is "${written}", and on the terminal "${expected}"`);
  }
}
console.log(`${checks} numbers, ${failures} differ from the terminal's`);
process.exit(failures > 0 ? 1 : 0);
