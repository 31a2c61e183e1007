// Keeps an open page true: hears of changes, fetches the page anew, swaps <main>. Without it the page still works.
"use strict";

(() => {
  const EVERY_MS = 60000; // ages grow old too
  const live = document.getElementById("live");
  let busy = false;
  let again = false;
  let later = 0;

  function say(state, text) {
    live.dataset.state = state;
    const place = live.querySelector(".live-text");
    if (place.textContent !== text) place.textContent = text;
  }

  function lost() {
    if (live.dataset.state === "lost") return;
    const at = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    say("lost", "not live since " + at + " on your clock; trying again");
  }

  function reading(main) {
    const chosen = document.getSelection();
    return chosen && !chosen.isCollapsed && main.contains(chosen.anchorNode);
  }

  function changed(control) {
    if (control.type === "checkbox") return control.checked !== control.defaultChecked;
    if (control.options) {
      const first = [...control.options].findIndex((option) => option.defaultSelected);
      return control.selectedIndex !== Math.max(first, 0);
    }
    return control.value !== control.defaultValue;
  }

  function writing(main) {
    const controls = [...main.querySelectorAll("input, select, textarea")];
    return controls.some((control) => control === document.activeElement || changed(control));
  }

  async function refresh() {
    if (busy) { again = true; return; }
    const main = document.getElementById("main");
    clearTimeout(later);
    if (reading(main) || writing(main)) { // somebody is copying from it, or filling in a form
      if (live.dataset.state === "live") say("paused", "waits while you write");
      later = setTimeout(refresh, 5000);
      return;
    }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (!answer.ok || answer.redirected) throw new Error("no page");
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      swap(main, fresh);
      if (live.dataset.state !== "live" && source.readyState === EventSource.OPEN) say("live", "live");
    } catch {
      lost();
    } finally {
      busy = false;
      if (again) { again = false; refresh(); }
    }
  }

  function swap(main, fresh) {
    const next = fresh.getElementById("main");
    if (!next) throw new Error("no page");
    const open = new Set([...main.querySelectorAll("details[open]")].map((d) => d.dataset.key));
    for (const d of next.querySelectorAll("details")) d.open = open.has(d.dataset.key);
    const focused = main.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    document.title = fresh.title;
    main.replaceWith(document.adoptNode(next));
    if (focused) {
      const link = [...next.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused);
      if (link) link.focus({ preventScroll: true });
    }
  }

  const source = new EventSource("/events");
  source.addEventListener("changed", (event) => {
    if (live.dataset.state !== "paused") say("live", "live");
    if (event.data !== document.getElementById("main").dataset.version) refresh();
  });
  source.addEventListener("error", lost);
  setInterval(refresh, EVERY_MS);
})();
