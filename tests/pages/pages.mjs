// Opens reports in Chromium and does what a reader does. The first argument is a folder with reports
// and, under the same names, the slips that they show; pictures are left beside them.

import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

import { WIDTHS, SCHEMES, browser, check, drawn, finish, open as openAddress, overflowing } from "./checks.mjs";

const folder = resolve(process.argv[2]);
const LARGE = "large.html";

const open = (name, width, scheme) => openAddress(`file://${join(folder, name)}`, width, scheme);

/** Texts of charts that are cut or lie on each other. */
function crowded() {
  const found = [];
  for (const svg of document.querySelectorAll("main svg")) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
    texts.forEach(([text, box], at) => {
      if (box.left < frame.left - 2 || box.right > frame.right + 2) found.push(`"${text}" reaches out of its chart`);
      for (const [other, its] of texts.slice(at + 1)) {
        const wide = Math.min(box.right, its.right) - Math.max(box.left, its.left);
        const high = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
        if (wide > 1.5 && high > 4) found.push(`"${text}" lies on "${other}"`);
      }
    });
  }
  return found.slice(0, 5);
}

async function looks(name) {
  for (const scheme of SCHEMES) {
    for (const width of WIDTHS) {
      const page = await open(name, width, scheme);
      check((await page.title()).includes("timeslip report"), `${name}: has a title`);
      for (const element of await page.evaluate(overflowing)) check(false, `${name} at ${width}: ${element} overflows`);
      for (const text of await page.evaluate(crowded)) check(false, `${name} at ${width}: ${text}`);
      check(await page.locator("main section").count() > 0, `${name}: has parts`);
      await page.screenshot({ path: join(folder, `${name.replace(".html", "")}-${width}-${scheme}.png`), fullPage: true });
      await page.context().close();
    }
  }
}

const range = (page) => page.locator("#timeline .range").textContent();

/** What a hand does: keys, wheel, dragging, search, and choosing a session. */
async function drives(name, slip) {
  const page = await open(name, 1024, "light");
  const canvas = page.locator("#timeline canvas");
  await canvas.scrollIntoViewIfNeeded();
  const all = await range(page);
  check(all.endsWith("(all)"), `${name}: shows all at first, and says ${all}`);
  const changes = async (what, act, expected = true) => {
    const before = await range(page);
    await act();
    await page.waitForTimeout(60);
    check(((await range(page)) !== before) === expected, `${name}: ${what}`);
  };
  await page.locator("h1").click();
  await changes("plus zooms without any focus", () => page.keyboard.press("+"));
  await canvas.focus();
  await changes("plus zooms", () => page.keyboard.press("+"));
  await changes("the right arrow moves", () => page.keyboard.press("ArrowRight"));
  await changes("minus zooms out", () => page.keyboard.press("-"));
  await page.keyboard.press("0");
  await page.waitForTimeout(60);
  check((await range(page)) === all, `${name}: 0 shows all again`);
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height - 40);
  await page.keyboard.down("Control");
  await changes("the wheel zooms with Ctrl", () => page.mouse.wheel(0, -240));
  await page.keyboard.up("Control");
  await changes("dragging moves", async () => {
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height - 40, { steps: 5 });
    await page.mouse.up();
  });
  await page.locator("#timeline button", { hasText: "all" }).click();
  await searches(page, name, slip);
  await page.keyboard.press("Escape");
  await page.locator("h1").click();
  await page.keyboard.press("?");
  check(await page.locator("dialog[open]").count() === 1, `${name}: ? opens the help`);
  await page.keyboard.press("Escape");
  await page.keyboard.press("t");
  check(await page.evaluate(() => document.documentElement.dataset.theme) === "dark", `${name}: t switches to dark`);
  await page.context().close();
}

async function searches(page, name, slip) {
  const tools = slip.sessions.flatMap((session) => session.steps).filter((step) => step.kind === "tool");
  await page.locator("h1").click();
  await page.keyboard.press("/");
  const wanted = tools[0]?.tool ?? "chat";
  await page.keyboard.type(wanted);
  const told = await page.locator("#timeline [role=status]").textContent();
  check(/^[\d,]+ steps? found$/.test(told), `${name}: a search tells what it finds: ${told}`);
  await page.keyboard.press("Enter");
  await page.waitForTimeout(60);
  const tip = await page.locator(".tip").textContent();
  check(tip.includes(wanted) && tip.includes("critical path"), `${name}: Enter shows the figures of what was found: ${tip}`);
  const session = tip.match(/#(\d+)/)?.[1];
  await page.keyboard.press("Enter");
  await page.waitForTimeout(100);
  const shown = await page.locator("#session h3").textContent();
  check(shown.includes(`#${session}`), `${name}: Enter opens session ${session}: ${shown}`);
}

/** Every number of the tables and figures is the slip's. */
async function holdsNumbers(name, slip) {
  const page = await open(name, 1024, "light");
  const exact = (locator) => locator.evaluateAll((cells) => cells.map((cell) => cell.dataset.exact));
  await page.locator("summary", { hasText: "Sessions as a table" }).click();
  const rows = page.locator("#timeline tbody tr");
  await rows.first().waitFor();
  const count = Math.min(100, slip.sessions.length);
  check(await rows.count() === count, `${name}: the table has ${count} sessions`);
  for (let at = 0; at < count; at += 1) {
    const session = slip.sessions[at];
    const shares = Object.values(session.time_share_ns);
    const expected = [session.at_ns, session.e2e_ns, session.steps.length, ...shares].map(String);
    const found = await exact(rows.nth(at).locator("[data-exact]"));
    check(JSON.stringify(found) === JSON.stringify(expected), `${name}: session ${at} has ${found}, the slip ${expected}`);
  }
  const keys = ["min", "p50", "p90", "p95", "p99", "max", "mean"];
  const { summary } = slip;
  const spreads = [summary.session_e2e_ns, summary.time_to_first_token_ns, summary.inter_token_latency_ns, summary.output_token_throughput_per_user];
  const expected = spreads.flatMap((spread) => (spread ? keys.map((key) => String(spread[key])) : []));
  const found = await exact(page.locator("#distributions [data-exact]"));
  check(JSON.stringify(found) === JSON.stringify(expected), `${name}: the percentiles are ${found}`);
  const figures = await page.locator("#figures").innerText();
  for (const [key, word] of [["energy_j", "Energy"], ["cost_usd", "Cost"]]) {
    if (summary[key] === null) check(new RegExp(`${word}[^]{0,20}unknown`).test(figures), `${name}: ${word} reads unknown`);
  }
  if (slip.machines.some((machine) => machine.estimated)) check(figures.includes("estimate"), `${name}: estimates are marked`);
  await holdsSteps(page, name, slip);
  await page.context().close();
}

async function holdsSteps(page, name, slip) {
  const slowest = slip.sessions.reduce((best, one, at) => (one.e2e_ns > slip.sessions[best].e2e_ns ? at : best), 0);
  const session = slip.sessions[slowest];
  await page.locator("summary", { hasText: "Steps as a table" }).click();
  const rows = page.locator("#session tbody tr");
  if (session.steps.length > 0) await rows.first().waitFor();
  for (const [at, step] of session.steps.slice(0, 100).entries()) {
    const times = [step.at_ns - session.at_ns, step.e2e_ns];
    const chat = step.kind === "chat" ? [step.queue_ns, step.prefill_ns, step.transfer_ns, step.decode_ns, step.ttft_ns,
      step.input_tokens, step.cached_input_tokens, step.output_tokens, step.energy_j ?? "", step.cost_usd ?? ""] : [];
    const expected = [...times, ...chat].map(String);
    const found = await rows.nth(at).locator("[data-exact]").evaluateAll((cells) => cells.map((cell) => cell.dataset.exact));
    check(JSON.stringify(found) === JSON.stringify(expected), `${name}: step ${at} has ${found}, the slip ${expected}`);
  }
}

/** A run of 100,000 steps: how large, how soon, how fluent. */
async function isFluent(name) {
  const megabytes = statSync(join(folder, name)).size / 1e6;
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.on("pageerror", (error) => check(false, `${name}: ${error.stack}`));
  const began = performance.now();
  await page.goto(`file://${join(folder, name)}`);
  await drawn(page);
  const opened = (performance.now() - began) / 1000;
  const steps = await page.evaluate(() => JSON.parse(document.getElementById("data").textContent).runs[0].steps.kind.length);
  await page.locator("#timeline canvas").focus();
  const frames = {};
  for (const zooms of [0, 4, 10]) {
    await page.keyboard.press("0");
    for (let times = 0; times < zooms; times += 1) await page.keyboard.press("+");
    frames[zooms] = await page.evaluate(pans);
  }
  const least = Math.min(...Object.values(frames));
  console.log(`${name}: ${steps} steps, ${megabytes.toFixed(1)} MB, opens in ${opened.toFixed(2)} s, pans at ${Object.values(frames).map((rate) => rate.toFixed(0)).join(", ")} frames/s when zoomed by 1, 8, 165`);
  check(steps >= 100_000, `${name}: has 100,000 steps`);
  check(megabytes < 15, `${name}: has less than 15 MB`);
  // A computer that does other things too is given three times as long.
  check(opened < 6, `${name}: opens in time`);
  check(least >= 12, `${name}: pans fluently`);
  await context.close();
}

/** Frames a second while the timeline is panned and scrolled by the wheel. */
function pans() {
  const canvas = document.querySelector("#timeline canvas");
  const scroller = canvas.closest(".scroller");
  return new Promise((done) => {
    let frames = 0;
    const began = performance.now();
    const frame = () => {
      frames += 1;
      const elapsed = performance.now() - began;
      if (elapsed > 1500) return done(frames / (elapsed / 1000));
      const deltaX = frames % 40 < 20 ? 30 : -30;
      canvas.dispatchEvent(new WheelEvent("wheel", { deltaX, cancelable: true, bubbles: true }));
      scroller.scrollTop += 37;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
}

const names = readdirSync(folder).filter((name) => name.endsWith(".html")).sort();
for (const name of names.filter((name) => name !== LARGE)) {
  await looks(name);
  let slip = null;
  try {
    slip = JSON.parse(readFileSync(join(folder, name.replace(".html", ".json"))));
  } catch { /* a report on something else than one slip */ }
  if (slip) {
    await drives(name, slip);
    await holdsNumbers(name, slip);
  }
}
if (names.includes(LARGE)) await isFluent(LARGE);
await finish(`${names.length} reports`);
