// Searches the plugins in the page. Texts become text nodes, never markup.
"use strict";
{
  const KINDS = ["agent", "tool plugin", "cost model", "component"];
  const NEEDS = ["network", "files", "secrets", "models", "tools"];
  const STATUSES = ["", "deprecated", "taken back", "revoked"];
  const STATUS_MARKS = ["", "mark warn", "mark bad", "mark bad"];
  const USED = new Set([0, 1]);
  /** Plugins that are shown at first, and that each press of the button adds. */
  const SHOWN = 30;
  /** Milliseconds without a key until the address says what is asked for; browsers count its changes. */
  const REMEMBER_AFTER = 300;

  const byId = (id) => document.getElementById(id);
  const form = byId("search");
  const list = byId("plugins");
  const found = byId("found");
  const more = byId("more");
  const pager = byId("pager");
  const boxes = ["net", "fs", "secret", "llm", "tools"].map((need) => byId(`no-${need}`));

  /** The plugins of all parts of the index. */
  function readPlugins() {
    const parts = globalThis.timeslipPlugins ?? [];
    return parts.flatMap(({ texts, plugins }) => plugins.map((row) => {
      const [name, version, summary, keywords, kind, needs, imports, exports, world, status, published, signer, badge] = row;
      const named = (numbers) => numbers.map((number) => texts[number]);
      const needWords = needs.map((need) => (need < NEEDS.length ? NEEDS[need] : texts[need - NEEDS.length]));
      return {
        name, version, summary, kind, needs, needWords, status, published, signer, badge,
        imports: named(imports), exports: named(exports), world: world === null ? "" : texts[world],
        ownName: name.slice(name.indexOf(":") + 1),
        keywordText: keywords.join("\n").toLowerCase(), summaryText: summary.toLowerCase(),
      };
    }));
  }

  /** What is asked for, as the form says it. */
  function readQuery() {
    return {
      words: byId("words").value.toLowerCase().split(/\s+/).filter(Boolean),
      kind: byId("kind").value, world: byId("world").value, status: byId("status").value, sort: byId("sort").value,
      imports: byId("imports").value.trim(), exports: byId("exports").value.trim(),
      without: boxes.flatMap((box, need) => (box.checked ? [need] : [])),
      badge: byId("badge").checked, signed: byId("signed").checked,
    };
  }

  const isNothing = (query) => query.words.length === 0 && !query.kind && !query.world && !query.status && !query.sort
    && !query.imports && !query.exports && query.without.length === 0 && !query.badge && !query.signed;

  const filterCount = (query) => [query.kind, query.world, query.status, query.imports, query.exports,
    query.badge, query.signed].filter(Boolean).length + query.without.length;

  /** How well a plugin fits, as `timeslip plugin search` reckons it; 0 if it does not. */
  function rank(plugin, words) {
    let sum = 1;
    for (const word of words) {
      if (plugin.ownName === word) sum += 16;
      else if (plugin.name.includes(word)) sum += 8;
      else if (plugin.keywordText.includes(word)) sum += 4;
      else if (plugin.summaryText.includes(word)) sum += 2;
      else return 0;
    }
    return sum;
  }

  function takes(query, plugin) {
    return (!query.kind || plugin.kind === Number(query.kind))
      && (!query.world || plugin.world === query.world)
      && (!query.status || (query.status === "0" ? USED.has(plugin.status) : plugin.status === Number(query.status)))
      && (!query.badge || plugin.badge !== null)
      && (!query.signed || plugin.signer !== null)
      && !query.without.some((need) => plugin.needs.includes(need))
      && (!query.imports || plugin.imports.some((name) => name.includes(query.imports)))
      && (!query.exports || plugin.exports.some((name) => name.includes(query.exports)));
  }

  const never = (plugin, instead) => plugin.published ?? instead;
  const ORDERS = {
    "": (one, other) => other[0] - one[0],
    name: () => 0,
    newest: ([, one], [, other]) => never(other, -1) - never(one, -1),
    oldest: ([, one], [, other]) => never(one, Infinity) - never(other, Infinity) || 0,
  };

  /** The plugins that a query takes, in order. They come by name, and sorting keeps that among equals. */
  function search(plugins, query) {
    const taken = [];
    for (const plugin of plugins) {
      const fits = takes(query, plugin) ? rank(plugin, query.words) : 0;
      if (fits > 0) taken.push([fits, plugin]);
    }
    if (query.sort !== "name") taken.sort(ORDERS[query.sort] ?? ORDERS[""]);
    return taken.map(([, plugin]) => plugin);
  }

  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  /** A text with what would turn or hide what is around it written out, as pages have it. */
  function plain(text) {
    return text.replace(/[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu, (c) =>
      `\\u{${c.codePointAt(0).toString(16)}}`);
  }

  const levels = ["by keys that nobody here vouches for", "self-reported", "measured by the registry"];
  const levelWord = (level) => levels[level] ?? `reproduced ×${level - levels.length + 1}`;

  /** A plugin in the list: the same element as in the pages that were made without a script. */
  function item(plugin) {
    const link = element("a", "", plugin.name);
    const [namespace, name] = plugin.name.split(":");
    link.href = `plugin/${namespace}--${name}.html`;
    const head = element("h2", "", link, " ", element("span", "version", plugin.version));
    if (plugin.status > 0) head.append(" ", element("strong", STATUS_MARKS[plugin.status], STATUSES[plugin.status]));
    const marks = element("ul", "marks", element("li", "mark kind", KINDS[plugin.kind]),
      ...plugin.needWords.map((need) => element("li", "mark", plain(need))));
    if (plugin.needs.length === 0) marks.append(element("li", "mark good", "needs nothing"));
    if (plugin.badge !== null) marks.append(element("li", "mark accent", `badge: ${levelWord(plugin.badge)}`));
    const date = element("time", "");
    if (plugin.published !== null) {
      const exact = new Date(plugin.published * 1000).toISOString().replace(".000", "");
      date.dateTime = exact;
      date.textContent = exact.slice(0, 10);
    }
    const signed = plugin.signer === null ? " · unsigned" : ` · signed by ${plain(plugin.signer)}`;
    const about = element("p", "faint", plugin.published === null ? "date unknown" : date, signed);
    return element("li", "", head, element("p", "", plain(plugin.summary)), marks, about);
  }

  const plugins = readPlugins();
  const asMade = [...list.childNodes];
  let taken = [];
  let shown = 0;
  let remembering = 0;

  function showMore() {
    const next = taken.slice(shown, shown + SHOWN).map(item);
    list.append(...next);
    shown += next.length;
    more.hidden = shown >= taken.length;
    globalThis.timeslipTellAges(list);
    return next[0];
  }

  function tellFound(query) {
    const count = (number) => number.toLocaleString("en");
    const filters = filterCount(query);
    byId("filters").textContent = filters > 0 ? `Filters (${filters})` : "Filters";
    found.textContent = isNothing(query) ? "" : `${count(taken.length)} of ${count(plugins.length)} plugins`;
    byId("clear").hidden = isNothing(query);
  }

  function show() {
    const query = readQuery();
    const nothing = isNothing(query);
    if (pager) pager.hidden = !nothing;
    if (nothing) {
      taken = [];
      more.hidden = true;
      list.replaceChildren(...asMade);
    } else {
      taken = search(plugins, query);
      shown = 0;
      list.replaceChildren();
      showMore();
    }
    tellFound(query);
    clearTimeout(remembering);
    remembering = setTimeout(remember, REMEMBER_AFTER);
  }

  const fields = [...form.querySelectorAll("input, select")];

  /** Keeps what is asked for in the address, so that it can be handed on. */
  function remember() {
    const asked = new URLSearchParams();
    for (const field of fields) {
      const value = field.type === "checkbox" ? (field.checked ? "1" : "") : field.value;
      if (value) asked.set(field.id, value);
    }
    const hash = asked.toString();
    if (hash !== location.hash.slice(1)) history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  function recall() {
    const asked = new URLSearchParams(location.hash.slice(1));
    for (const field of fields) {
      const value = asked.get(field.id) ?? "";
      if (field.type === "checkbox") field.checked = value === "1";
      else field.value = value;
      // A choice that there is not is none.
      if (field.matches("select") && field.selectedIndex < 0) field.value = "";
    }
  }

  function offerWorlds() {
    const worlds = [...new Set(plugins.map((plugin) => plugin.world))].filter(Boolean).sort();
    byId("world").append(...worlds.map((world) => {
      const option = element("option", "", plain(world));
      option.value = world;
      return option;
    }));
  }

  /** `/` goes to the search, the arrows from there through what was found, and Escape back. */
  function moveByKeys(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const at = document.activeElement;
    const writes = at.matches("input:not([type=checkbox]), select, textarea");
    const links = [...list.querySelectorAll("h2 a")];
    const place = links.indexOf(at);
    if (event.key === "/" && !writes) byId("words").focus();
    else if (event.key === "ArrowDown" && at === byId("words")) links[0]?.focus();
    else if (event.key === "ArrowDown" && place >= 0) links[place + 1]?.focus();
    else if (event.key === "ArrowUp" && place >= 0) (links[place - 1] ?? byId("words")).focus();
    else if (event.key === "Escape" && place >= 0) byId("words").focus();
    else return;
    event.preventDefault();
  }

  offerWorlds();
  form.hidden = false;
  // A phone shows what was found first.
  if (matchMedia("(max-width: 40rem)").matches) form.querySelector("details").open = false;
  recall();
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  // The fields are empty once the event is over.
  form.addEventListener("reset", () => setTimeout(show));
  // Whoever comes back from a plugin finds what was asked for.
  list.addEventListener("click", remember);
  more.addEventListener("click", () => showMore()?.querySelector("a").focus());
  addEventListener("keydown", moveByKeys);
  addEventListener("hashchange", () => { recall(); show(); });
  show();
}
