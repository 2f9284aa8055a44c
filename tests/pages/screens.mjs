// Takes the README's pictures of the reports in the first folder, into the second.

import { join, resolve } from "node:path";

const { chromium } = await import(process.env.PLAYWRIGHT);
const [reports, pictures] = process.argv.slice(2).map((folder) => resolve(folder));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });

/** A part of a report, from the top of one element to the bottom of another. */
async function picture(report, name, scheme, from, until) {
  const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  await page.goto(`file://${join(reports, report)}`);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const top = (await page.locator(from).first().boundingBox()).y;
  const last = await page.locator(until).first().boundingBox();
  const clip = { x: 0, y: Math.max(0, top - 8), width: 1180, height: last.y + last.height - top + 16 };
  await page.screenshot({ path: join(pictures, `${name}-${scheme}.png`), fullPage: true, clip });
  await context.close();
}

for (const scheme of ["light", "dark"]) {
  await picture("run.html", "run", scheme, "#timeline", "#session");
  await picture("sweep.html", "sweep", scheme, "#sweep", "#sweep .cards");
}
await browser.close();
