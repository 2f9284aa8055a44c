// What pages owe to readers who do not see them, or who have no pointer.

/** Texts whose contrast to what is behind them is below 4.5. Runs in the page. */
export function contrasts() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].reduce((sum, value, at) => {
    const part = value / 255;
    const linear = part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    return sum + linear * [0.2126, 0.7152, 0.0722][at];
  }, 0);
  const behind = (node) => {
    for (let outer = node; outer; outer = outer.parentElement) {
      const colour = channels(getComputedStyle(outer).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest("script, option")) continue;
    const [one, other] = [light(channels(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < 4.5) found.add(`${node.tagName}.${node.className} has a contrast of ${contrast.toFixed(2)}`);
  }
  return [...found].slice(0, 5);
}

/** Landmarks, headings, labels and identifiers that are missing or wrong. Runs in the page. */
export function oddities() {
  const found = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  for (const one of ["body > header", "main", "body > footer", "h1"]) {
    if (all(one).length !== 1) found.push(`${all(one).length} of ${one}`);
  }
  const levels = all("h1, h2, h3, h4").filter((node) => node.checkVisibility()).map((heading) => Number(heading.tagName[1]));
  levels.forEach((level, at) => {
    if (at > 0 && level > levels[at - 1] + 1) found.push(`a heading of level ${level} under one of ${levels[at - 1]}`);
  });
  for (const field of all("input, select")) {
    if (field.labels.length === 0) found.push(`${field.id} has no label`);
  }
  for (const region of all("nav, section, [role=region], form")) {
    const by = region.getAttribute("aria-labelledby");
    if (!region.getAttribute("aria-label") && !(by && document.getElementById(by))) found.push(`a ${region.tagName} without a name`);
  }
  const ids = all("[id]").map((node) => node.id);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
  if (twice.length > 0) found.push(`twice: ${twice}`);
  // What a text could have brought in: nothing of this is ever written.
  if (all("img, iframe, object, embed, style, base, [style], [onload], [onerror], [onclick], script:not([src])").length > 0) found.push("elements that no page has");
  return found;
}

/** Goes through a page by the tab key: in the order of the page, each stop to be seen. */
export async function tabStops(page) {
  const found = [];
  await page.evaluate(() => { document.activeElement.blur(); globalThis.stops = []; });
  for (let stops = 0; stops < 60; stops += 1) {
    await page.keyboard.press("Tab");
    const problem = await page.evaluate(() => {
      const at = document.activeElement;
      if (at === document.body || globalThis.stops[0] === at) return "end";
      const before = globalThis.stops.at(-1);
      globalThis.stops.push(at);
      const name = `${at.tagName} ${at.id || at.textContent.slice(0, 30)}`;
      if (before && !(before.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING)) return `${name} comes out of order`;
      const { outlineStyle, outlineWidth } = getComputedStyle(at);
      if (outlineStyle === "none" || parseFloat(outlineWidth) < 1) return `${name} does not show that it is focused`;
      const box = at.getBoundingClientRect();
      return box.bottom < 0 || box.top > innerHeight ? `${name} is out of sight` : "";
    });
    if (problem === "end") break;
    if (problem) found.push(problem);
  }
  const count = await page.evaluate(() => globalThis.stops.length);
  return count < 5 ? [...found, `only ${count} stops`] : found;
}
