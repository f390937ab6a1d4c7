// Everything works without this file: it adds keys, closes menus, and asks again for what has changed.
"use strict";

(() => {
  // Keys. All of them can be switched off, in the menu under one's name.

  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

  function move(by) {
    const rows = [...document.querySelectorAll("[data-row] a[data-open]")];
    if (rows.length === 0) return;
    const at = rows.indexOf(document.activeElement);
    const next = at === -1 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
    rows[next].focus();
  }

  function search(event) {
    const field = document.querySelector("input[type=search]");
    event.preventDefault();
    if (field === null) return location.assign("/");
    field.focus();
    field.select();
  }

  let isGoing = false;

  document.addEventListener("keydown", (event) => {
    if (!("shortcuts" in document.body.dataset) || document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
    if (isGoing) {
      isGoing = false;
      document.querySelector(`.pages a[data-key="${CSS.escape(event.key)}"]`)?.click();
      return;
    }
    if (event.key === "g") isGoing = true;
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "/") search(event);
    else if (event.key === "?") document.getElementById("shortcuts")?.showModal();
  });

  // Menus close by Escape, and by a click elsewhere.

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // The slider says where it stands.

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-slider]")) event.target.form.querySelector("output").value = event.target.value;
  });

  // Parts that are live: where something happens that they are about, they are told `desk-changed`, and htmx asks
  // again. `data-live` names the case that a part is about; empty, it is about all of them.

  const WAIT_MS = 1500;
  const MINUTE_MS = 60_000;
  const KINDS = ["case", "reminder", "breach", "escalation"];
  let source = null;
  let isPaused = false;
  let waiting = null;

  const parts = () => [...document.querySelectorAll("[data-live]")];

  function tell() {
    waiting = null;
    if (!isPaused && !document.hidden) document.body.dispatchEvent(new CustomEvent("desk-changed"));
  }

  // Much may happen at once: it is shown once.
  function tellSoon() {
    waiting ??= setTimeout(tell, WAIT_MS);
  }

  // A breach is announced wherever one is: politely, and until it is closed. Three stay, the latest; where many come at
  // once, as after an outage, the others are only in the list of alerts.

  const ANNOUNCED_MAX = 3;
  let breaches = [];

  async function announce() {
    const latest = breaches.slice(-ANNOUNCED_MAX);
    breaches = [];
    for (const position of latest) {
      const answer = await fetch(`/alerts/${position}`).catch(() => null);
      const place = document.querySelector("[data-announcements]");
      if (place === null || !answer?.ok) continue;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const said = page.querySelector("[data-announced]");
      if (said === null) continue;
      said.querySelector("[data-dismiss]").addEventListener("click", () => said.remove());
      place.append(said);
      while (place.children.length > ANNOUNCED_MAX) place.firstElementChild.remove();
    }
  }

  function announceSoon(event) {
    if (breaches.length === 0) setTimeout(announce, WAIT_MS);
    breaches.push(JSON.parse(event.data).position);
  }

  function onHappening(event) {
    document.body.dataset.liveAfter = event.lastEventId;
    const { reference } = JSON.parse(event.data);
    if (parts().some((part) => part.dataset.live === "" || part.dataset.live === reference)) tellSoon();
  }

  // Closed while nobody looks: a browser lends one site only so many connections.
  function listen() {
    const announces = document.querySelector("[data-announcements]") !== null;
    const isWanted = !document.hidden && (announces || (!isPaused && parts().length > 0));
    if (isWanted && source === null) {
      // From what the page shows on: what happens while it loads is not missed.
      const after = document.body.dataset.liveAfter;
      source = new EventSource(after === undefined ? "/live" : `/live?after=${encodeURIComponent(after)}`);
      for (const kind of KINDS) source.addEventListener(kind, onHappening);
      source.addEventListener("breach", announceSoon);
      source.addEventListener("reset", (event) => {
        document.body.dataset.liveAfter = event.lastEventId;
        tellSoon();
      });
    } else if (!isWanted && source !== null) {
      source.close();
      source = null;
    }
  }

  // Who is signed out meanwhile is told, and the page stays: something may have been typed into it.
  function showSignedOut(event) {
    const notice = document.querySelector("[data-signed-out]");
    if (notice !== null) notice.hidden = event.detail.ctx.response.status !== 401;
  }

  function showMovedOn() {
    const history = document.getElementById("history");
    const looked = document.querySelector("#do input[name=version]");
    const notice = document.querySelector("[data-moved-on]");
    if (history && looked && notice) notice.hidden = Number(history.dataset.version) <= Number(looked.value);
  }

  function focusFirst() {
    document.querySelector("#do [data-first]")?.focus();
  }

  document.addEventListener("DOMContentLoaded", () => {
    focusFirst();
    for (const button of document.querySelectorAll("[data-live-switch]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        isPaused = !isPaused;
        button.setAttribute("aria-pressed", String(!isPaused));
        listen();
        tell();
      });
    }
    listen();
  });
  document.addEventListener("visibilitychange", () => {
    listen();
    tell();
  });
  window.addEventListener("pagehide", () => source?.close());
  document.addEventListener("htmx:after:request", showSignedOut);
  document.addEventListener("htmx:after:swap", showMovedOn);
  // The form that was asked for is there: the keys go to it.
  document.addEventListener("htmx:after:process", (event) => {
    if (event.target.id === "do") focusFirst();
  });
  // What is due comes nearer, though nothing happens.
  setInterval(tell, MINUTE_MS);
})();
