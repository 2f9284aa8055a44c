// What every page does where scripts run: ages, buttons that copy, and versions that open.
"use strict";
{
  /** How long ago an instant was, as `timeslip plugin info` says it. */
  function age(instant, now) {
    const seconds = (now - instant) / 1000;
    if (seconds < 0) return "not yet";
    if (seconds < 60) return "less than a minute ago";
    const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"]].find(([size]) => seconds >= size);
    const count = Math.floor(seconds / size);
    return `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"} ago`;
  }

  /** Adds to every date of a part of the page how long ago that is. */
  function tellAges(part) {
    const now = Date.now();
    for (const time of part.querySelectorAll("time[datetime]")) {
      const instant = Date.parse(time.dateTime);
      if (Number.isNaN(instant) || time.nextSibling?.classList?.contains("age")) continue;
      const told = document.createElement("span");
      told.className = "age";
      told.textContent = ` (${age(instant, now)})`;
      time.after(told);
    }
  }

  async function copy(text, selected) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Without leave to write there, what is selected can still be copied.
      getSelection().selectAllChildren(selected);
      return document.execCommand("copy");
    }
  }

  function showCopyButtons() {
    for (const button of document.querySelectorAll("button.copy")) {
      const command = button.parentElement.querySelector("code");
      button.hidden = false;
      button.setAttribute("aria-label", `Copy: ${command.textContent}`);
      button.addEventListener("click", async () => {
        const copied = await copy(command.textContent, command);
        button.textContent = copied ? "Copied" : "Press Ctrl+C";
        setTimeout(() => { button.textContent = "Copy"; }, 2000);
      });
    }
  }

  /** Opens the version that the address leads to. */
  function openTarget() {
    let id = "";
    try {
      id = decodeURIComponent(location.hash.slice(1));
    } catch { /* an address that says nothing */ }
    const target = document.getElementById(id);
    if (target?.matches("details")) target.open = true;
  }

  /** On paper everything is open. */
  function openForPrint() {
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("details:not([open])")];
      for (const details of opened) details.open = true;
    });
    addEventListener("afterprint", () => {
      for (const details of opened) details.open = false;
    });
  }

  tellAges(document);
  showCopyButtons();
  openTarget();
  openForPrint();
  addEventListener("hashchange", openTarget);
  globalThis.timeslipTellAges = tellAges;
}
