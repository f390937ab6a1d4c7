// Everything works without this file: it adds keys, closes menus, and asks again for what has changed.
"use strict";

(() => {
  const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

  function go(key) {
    const link = document.querySelector(`.pages a[data-key="${CSS.escape(key)}"]`);
    if (link) link.click();
  }

  function move(by) {
    const rows = [...document.querySelectorAll("[data-row] a[data-open]")];
    if (rows.length === 0) return;
    const at = rows.indexOf(document.activeElement);
    rows[at === -1 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)].focus();
  }

  let goes = false;
  function press(event) {
    if (!("shortcuts" in document.body.dataset)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const went = goes;
    goes = false;
    if (went) return go(event.key);
    switch (event.key) {
      case "g": goes = true; return;
      case "j": return move(1);
      case "k": return move(-1);
      case "?": return document.getElementById("shortcuts")?.showModal();
      case "/": {
        const search = document.querySelector("input[type=search]");
        if (!search) return;
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
  }
  document.addEventListener("keydown", press);

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
})();
