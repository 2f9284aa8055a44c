// What every script here needs that opens pages in Chromium: the browser, windows in which whatever
// the browser says is a fault, and the count of checks.

const { chromium } = await import(process.env.PLAYWRIGHT);

export const WIDTHS = [360, 1024, 1920];
export const SCHEMES = ["light", "dark"];

let failures = 0;
let checks = 0;

/** Counts a check, and says what does not hold. */
export function check(holds, what) {
  checks += 1;
  if (holds) return;
  failures += 1;
  console.log(`✗ ${what}`);
}

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--force-device-scale-factor=1"],
});

/** Waits until what is due has been drawn. */
export const drawn = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/**
 * A page in a window of its own; whatever the browser says of it, a dialog, and what it asks of
 * elsewhere than `allowed` says is a fault.
 */
export async function open(address, width, scheme, { allowed = /^(file|data|blob):/, ...settings } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, ...settings });
  const page = await context.newPage();
  const name = address.replace(/.*\//, "");
  page.on("console", (message) => check(false, `${name} at ${width}: the console says ${message.text()}`));
  page.on("pageerror", (error) => check(false, `${name} at ${width}: ${error.stack}`));
  page.on("request", (request) => check(allowed.test(request.url()), `${name} asks for ${request.url()}`));
  page.on("dialog", async (dialog) => {
    check(false, `${name} at ${width}: a dialog says ${dialog.message()}`);
    await dialog.dismiss();
  });
  await page.goto(address);
  if (settings.javaScriptEnabled !== false) await drawn(page);
  return page;
}

/** Elements that reach out of the window, unless something scrolls around them. */
export function overflowing() {
  const scrolls = (node) => {
    for (let outer = node; outer && outer !== document.body; outer = outer.parentElement) {
      const { overflowX } = getComputedStyle(outer);
      if (outer.matches("svg, .sr") || /auto|scroll|hidden/.test(overflowX)) return true;
    }
    return false;
  };
  const out = [...document.body.querySelectorAll("*")].filter((node) =>
    node.getBoundingClientRect().right > innerWidth + 1 && !scrolls(node));
  const named = out.slice(0, 3).map((node) => `${node.tagName}.${node.className} ${node.textContent.slice(0, 30)}`);
  return document.documentElement.scrollWidth > innerWidth ? ["the page", ...named] : named;
}

/** Ends: closes the browser, says what was done, and exits with 1 if a check failed. */
export async function finish(what) {
  await browser.close();
  console.log(`${what}, ${checks - failures} checks passed, ${failures} failed`);
  process.exit(failures > 0 ? 1 : 0);
}
