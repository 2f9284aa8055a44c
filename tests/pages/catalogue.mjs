// Opens the web catalogue in Chromium and does what a reader does. The first argument is the folder with
// the sites that `cargo run -p timeslip-market --example site` makes; pictures are left in it.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

import { WIDTHS, SCHEMES, check, drawn, finish, open as openAddress, overflowing } from "./checks.mjs";
import { contrasts, oddities, tabStops } from "./access.mjs";

const folder = resolve(process.argv[2]);
/** Plugins that a search shows at first, and adds at each press of the button. */
const SHOWN = 30;
/** The most that a search may take, in milliseconds, from the key to the list on the screen. */
const SEARCH_MS_MAX = 50;

const open = (path, width = 1024, scheme = "light", settings = {}) =>
  openAddress(`file://${join(folder, path)}`, width, scheme, { allowed: /^(file|data):/, ...settings });
const close = (page) => page.context().close();

/** The plugins of a site, as its search index has them. */
function indexOf(site) {
  const scope = {};
  for (const part of readdirSync(join(folder, site, "search")).sort()) {
    new Function("globalThis", readFileSync(join(folder, site, "search", part), "utf8"))(scope);
  }
  return scope.timeslipPlugins.flatMap(({ texts, plugins }) => plugins.map((row) => {
    const [name, , summary, keywords, kind, needs, imports, exports, , status, published, signer, badge] = row;
    const interfaces = { imports: imports.map((at) => texts[at]), exports: exports.map((at) => texts[at]) };
    return { name, all: [name, summary, ...keywords].join("\n").toLowerCase(), kind, needs, status, published, signer, badge, ...interfaces };
  }));
}

async function looks(path) {
  for (const scheme of SCHEMES) {
    for (const width of WIDTHS) {
      const page = await open(path, width, scheme);
      const at = `${path} at ${width} ${scheme}`;
      for (const element of await page.evaluate(overflowing)) check(false, `${at}: ${element} overflows`);
      for (const text of await page.evaluate(contrasts)) check(false, `${at}: ${text}`);
      for (const oddity of await page.evaluate(oddities)) check(false, `${at}: ${oddity}`);
      check((await page.title()).endsWith("· Timeslip plugins"), `${at}: has a title`);
      const picture = `${path.replace(/[/.]/g, "-")}-${width}-${scheme}.png`;
      await page.screenshot({ path: join(folder, picture), fullPage: !path.startsWith("many") });
      await close(page);
    }
  }
}

/** Every link of a page leads to a file of the site, or to the web by a link that says nothing of here. */
async function leads(path) {
  const page = await open(path);
  const links = await page.locator("a").evaluateAll((all) => all.map((a) => [a.href, a.getAttribute("rel") ?? ""]));
  for (const [href, rel] of links) {
    const url = new URL(href);
    if (url.protocol === "file:") check(existsSync(decodeURIComponent(url.pathname)), `${path}: ${href} is there`);
    else check(/^https?:$/.test(url.protocol) && /noopener/.test(rel) && /nofollow/.test(rel), `${path}: ${href} ${rel}`);
  }
  await close(page);
}

const shownNames = (page) => page.locator("#plugins h2 a").allTextContents();

/** The list as it is made without a script is what the script makes of the same plugins. */
async function listsTheSame(site) {
  const page = await open(`${site}/index.html`);
  const html = () => page.locator("#plugins > li").evaluateAll((items) => items.map((item) => item.outerHTML.replaceAll("\n", "")));
  const made = (await html()).slice(0, SHOWN);
  await page.locator("#sort").selectOption("name");
  const scripted = (await html()).slice(0, made.length);
  made.forEach((item, at) => check(item === scripted[at], `${site}: the script makes\n${scripted[at]}\nof\n${item}`));
  await close(page);
}

/** What the keyboard alone does. */
async function isDrivenByKeys() {
  const page = await open("real/index.html");
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
  await page.keyboard.press("/");
  check(await focused() === "words", "a slash goes to the search");
  await page.keyboard.type("JSON quer");
  check(JSON.stringify(await shownNames(page)) === '["timeslip:json-query"]', `a search finds: ${await shownNames(page)}`);
  const told = await page.locator("#found").textContent();
  check(told === "1 of 6 plugins", `a search tells how many: ${told}`);
  await page.keyboard.press("ArrowDown");
  check(await focused() === "timeslip:json-query", "the arrow goes to what was found");
  await page.keyboard.press("ArrowUp");
  check(await focused() === "words", "and back");
  await page.keyboard.press("Escape");
  check((await shownNames(page)).length === 6, "Escape empties the search");
  await page.keyboard.type("search");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(/acme--search\.html$/);
  check((await page.locator("h1").textContent()) === "acme:search 1.2.0", "Enter opens it");
  await drawn(page);
  await page.goBack();
  await drawn(page);
  check(await page.locator("#words").inputValue() === "search", "going back finds the search as it was");
  check((await shownNames(page))[0] === "acme:search", "and what it found");
  await close(page);
  for (const path of ["real/index.html", "real/plugin/acme--search.html"]) {
    const driven = await open(path);
    for (const problem of await tabStops(driven)) check(false, `${path}: ${problem}`);
    await close(driven);
  }
}

/** Every filter takes what the index says, and no more. */
async function filters(plugins) {
  const page = await open("many/index.html");
  const cases = [
    ["words=invoices", (one) => one.all.includes("invoices")],
    ["words=searches+team-9", (one) => one.all.includes("searches") && one.all.includes("team-9")],
    ["kind=0", (one) => one.kind === 0],
    ["kind=1&no-net=1&no-fs=1", (one) => one.kind === 1 && !one.needs.includes(0) && !one.needs.includes(1)],
    ["no-secret=1&no-llm=1&no-tools=1", (one) => ![2, 3, 4].some((need) => one.needs.includes(need))],
    ["status=0", (one) => one.status < 2],
    ["status=3", (one) => one.status === 3],
    ["badge=1", (one) => one.badge !== null],
    ["signed=1", (one) => one.signer !== null],
    ["exports=timeslip%3Atool", (one) => one.exports.some((name) => name.includes("timeslip:tool"))],
    ["imports=wasi%3Aio&words=maps&badge=1", (one) => one.all.includes("maps") && one.badge !== null],
    ["words=nothing-has-this", () => false],
  ];
  for (const [hash, takes] of cases) {
    await page.goto(`file://${join(folder, "many/index.html")}#${hash}`);
    await drawn(page);
    const expected = plugins.filter(takes);
    const told = await page.locator("#found").textContent();
    check(told === `${expected.length.toLocaleString("en")} of 10,000 plugins`, `${hash}: ${told}, and not ${expected.length}`);
    const names = new Set(expected.map((one) => one.name));
    const shown = await shownNames(page);
    check(shown.every((name) => names.has(name)), `${hash}: shows what it takes`);
    check(shown.length === Math.min(SHOWN, expected.length), `${hash}: shows ${shown.length}`);
  }
  await page.goto(`file://${join(folder, "many/index.html")}#sort=newest&kind=1`);
  await drawn(page);
  await page.locator("#more").click();
  const dates = await page.locator("#plugins time").evaluateAll((all) => all.map((time) => time.dateTime));
  check(dates.length === 2 * SHOWN && dates.every((date, at) => at === 0 || date <= dates[at - 1]), "the newest come first, and the button shows more");
  await page.locator("#clear").click();
  await page.waitForTimeout(50);
  check(await page.locator("#pager").isVisible() && (await shownNames(page)).length === 100, "clearing shows the list again");
  await close(page);
}

/** How long a search takes at 10,000 plugins, key by key, until the list is laid out. */
async function isFast() {
  const page = await open("many/index.html");
  const times = await page.evaluate(() => {
    const words = document.getElementById("words");
    const texts = ["searches invoices team", "maps", "zzz", "maker-1", "e", "translates web pages 42"];
    const typed = texts.flatMap((text) => [...text].map((_, at) => text.slice(0, at + 1)));
    return typed.map((text) => {
      const began = performance.now();
      words.value = text;
      words.dispatchEvent(new Event("input", { bubbles: true }));
      // The layout is part of what a reader waits for.
      document.getElementById("plugins").getBoundingClientRect();
      return performance.now() - began;
    });
  });
  times.sort((one, other) => one - other);
  const [median, p95, most] = [0.5, 0.95, 1].map((part) => times[Math.ceil(times.length * part) - 1]);
  console.log(`10,000 plugins: ${times.length} searches, median ${median.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, most ${most.toFixed(1)} ms`);
  check(p95 < SEARCH_MS_MAX, `95 of 100 searches take under ${SEARCH_MS_MAX} ms, and these ${p95.toFixed(1)} ms`);
  await close(page);
}

/** Without scripts everything is listed, in pages, and nothing is offered that does not work. */
async function worksWithoutScripts(plugins) {
  const page = await open("many/index.html", 360, "light", { javaScriptEnabled: false });
  check(!(await page.locator("form").isVisible()) && !(await page.locator("#more").isVisible()), "no form without a script");
  const names = [];
  for (;;) {
    names.push(...await shownNames(page));
    const next = page.locator("#pager a[rel=next]");
    if (await next.count() === 0) break;
    const address = await next.evaluate((link) => link.href);
    await next.click();
    await page.waitForURL(address);
  }
  check(JSON.stringify(names) === JSON.stringify(plugins.map((one) => one.name)), `the pages list ${names.length} plugins`);
  await close(page);
  const one = await open("real/plugin/acme--search.html", 360, "light", { javaScriptEnabled: false });
  check(!(await one.locator("button.copy").first().isVisible()), "no button that copies nothing");
  await one.locator("summary", { hasText: "1.3.0" }).click();
  check(await one.locator("details[open] .notice.bad").isVisible(), "a version opens and says that it is revoked");
  await close(one);
}

async function copiesAndPrints() {
  const page = await open("real/plugin/acme--search.html", 1024, "light", { permissions: ["clipboard-read", "clipboard-write"] });
  const button = page.locator("button.copy").first();
  await button.click();
  await page.waitForTimeout(50);
  check(await button.textContent() === "Copied", "the button says that it copied");
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  check(copied === "timeslip plugin install acme:search --registry registry.example.org/plugins", `it copied ${copied}`);
  await page.goto(`${page.url()}#v1.3.0`);
  await drawn(page);
  check(await page.locator("details[id='v1.3.0']").evaluate((details) => details.open), "an address opens its version");
  await page.emulateMedia({ media: "print" });
  check(!(await button.isVisible()), "paper has no buttons");
  check(await page.locator("details[id='v1.0.0'] .facts").isVisible(), "on paper everything is open");
  await page.pdf({ path: join(folder, "print.pdf") });
  await close(page);
}

const hostile = readdirSync(join(folder, "hostile/plugin")).map((name) => `hostile/plugin/${name}`);
const real = readdirSync(join(folder, "real/plugin")).map((name) => `real/plugin/${name}`);
const plugins = indexOf("many");
for (const path of ["real/index.html", "hostile/index.html", "empty/index.html", "many/index.html", "many/list/50.html", ...real, ...hostile]) {
  await looks(path);
  await leads(path);
}
for (const site of ["real", "hostile", "many"]) await listsTheSame(site);
await isDrivenByKeys();
await filters(plugins);
await isFast();
await worksWithoutScripts(plugins);
await copiesAndPrints();
await finish("4 sites");
