// What a page does by itself. Without this file every link still leads to a page of its own.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, place = document) => [...place.querySelectorAll(selector)];

  // theme: system, light, dark; pictures with a dark twin follow it
  const themes = ["", "light", "dark"];
  const twins = all("picture source[media*='prefers-color-scheme']").map((source) => [
    source, source.media, source.media.includes("dark") ? "dark" : "light",
  ]);
  const button = document.querySelector("[data-theme-button]");
  const dress = () => {
    const theme = root.dataset.theme || "";
    if (button) button.textContent = `Theme: ${theme || "system"}`;
    for (const [source, media, kind] of twins) source.media = !theme ? media : theme === kind ? "all" : "not all";
  };
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = themes[(themes.indexOf(root.dataset.theme || "") + 1) % themes.length];
      if (next) root.dataset.theme = next; else delete root.dataset.theme;
      try { localStorage.setItem("hubq-theme", next); } catch { /* private windows keep nothing */ }
      dress();
    });
  }
  dress();

  // where the page was before it was loaded again
  const spots = () => [["", root], ...all("[data-scroll]").map((part) => [part.dataset.scroll, part])];
  const key = `hubq-scroll ${location.pathname}${location.search}`;
  try {
    const kept = JSON.parse(sessionStorage.getItem(key) || "null");
    sessionStorage.removeItem(key);
    if (kept) for (const [name, part] of spots()) part.scrollTop = kept[name] || 0;
  } catch { /* it begins at the top */ }
  const again = () => {
    try {
      sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(spots().map(([name, part]) => [name, part.scrollTop]))));
    } catch { /* as above */ }
    location.reload();
  };

  // live reload
  const live = document.querySelector("[data-live]");
  let events = null;
  const deaf = () => { if (events) events.close(); events = null; };
  const listen = () => {
    // a browser keeps few connections to one host, so pages that nobody sees keep none
    if (events || document.hidden) return;
    events = new EventSource("/_events");
    events.onmessage = (event) => {
      if (live) live.textContent = "Live.";
      if (event.data !== document.body.dataset.state) { deaf(); again(); }
    };
    events.onerror = () => { if (live) live.textContent = "The preview is not running."; };
  };
  document.addEventListener("visibilitychange", () => { if (document.hidden) deaf(); else listen(); });
  addEventListener("pagehide", deaf);
  addEventListener("pageshow", listen);
  listen();

  // claims
  const panel = document.getElementById("claim-panel");
  const content = panel.querySelector("[data-content]");
  const article = document.querySelector("[data-claims]");
  let opener = null;
  let asked = 0;
  const clear = () => all("a.claim[aria-expanded]").forEach((link) => link.removeAttribute("aria-expanded"));
  const close = () => { if (panel.open) panel.close(); };
  const open = async (address, link) => {
    const number = ++asked;
    const answer = await fetch(`${address}?part=panel`).catch(() => null);
    if (!answer || !answer.ok) {
      if (link) location.assign(address);
      return;
    }
    const html = await answer.text();
    if (number !== asked) return;
    content.innerHTML = html;
    clear();
    opener = link;
    if (link) link.setAttribute("aria-expanded", "true");
    if (!panel.open) {
      if (matchMedia("(max-width: 56rem)").matches) panel.showModal(); else panel.show();
    }
    panel.scrollTop = 0;
    panel.querySelector("[data-close]").focus();
  };
  panel.addEventListener("close", () => {
    clear();
    if (article && location.hash.startsWith("#claim=")) history.replaceState(null, "", location.pathname + location.search);
    if (opener && opener.isConnected) opener.focus();
    opener = null;
  });
  panel.querySelector("[data-close]").addEventListener("click", close);
  panel.addEventListener("click", (event) => { if (event.target === panel) close(); });
  addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.claim");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (article) history.replaceState(null, "", `#claim=${encodeURIComponent(link.dataset.claim)}`);
    open(link.getAttribute("href"), link);
  });
  const fromHash = () => {
    if (!article || !location.hash.startsWith("#claim=")) return;
    let claim = "";
    try { claim = decodeURIComponent(location.hash.slice(7)); } catch { return; }
    const link = all("a.claim", article).find((found) => found.dataset.claim === claim) || null;
    open(article.dataset.claims + encodeURIComponent(claim), link);
    if (link && !panel.open) link.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", fromHash);
  fromHash();

  // side by side: the same section at the same height
  const bodies = all("[data-beside] [data-scroll]");
  const sync = document.querySelector("[data-sync]");
  if (bodies.length > 1 && sync) {
    document.querySelector("[data-sync-label]").hidden = false;
    let leader = null;
    const headings = (body) => all("h1, h2, h3", body).map((found) => found.offsetTop - body.offsetTop);
    const where = (body) => {
      const tops = headings(body);
      let index = -1;
      while (index + 1 < tops.length && tops[index + 1] <= body.scrollTop + 8) index += 1;
      const start = index < 0 ? 0 : tops[index];
      const end = tops[index + 1] ?? body.scrollHeight;
      return [index, (body.scrollTop - start) / Math.max(1, end - start)];
    };
    const follow = (body, [index, share]) => {
      const tops = headings(body);
      const start = index < 0 ? 0 : tops[Math.min(index, tops.length - 1)] ?? 0;
      const end = tops[index + 1] ?? body.scrollHeight;
      body.scrollTop = start + share * (end - start);
    };
    for (const body of bodies) {
      for (const kind of ["pointerenter", "focusin", "wheel", "touchstart", "keydown"]) {
        body.addEventListener(kind, () => { leader = body; }, { passive: true });
      }
      body.addEventListener("scroll", () => {
        if (!sync.checked || leader !== body) return;
        const spot = where(body);
        for (const other of bodies) if (other !== body) follow(other, spot);
      }, { passive: true });
    }
  }
  const chooser = document.querySelector("[data-chooser]");
  if (chooser) {
    chooser.addEventListener("change", (event) => { if (event.target.name === "card") chooser.requestSubmit(); });
  }
  if (bodies.length && matchMedia("(max-width: 56rem)").matches) {
    all("details.beside-card").forEach((part, index) => { part.open = index === 0; });
  }
})();
