(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const KINDS = ["error", "warning", "info"];
  const CHUNK = 150;
  const root = document.documentElement;
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const form = one("[data-filters]");
  const list = one("[data-list]");
  const body = one("tbody", list);
  const more = one("[data-more]");
  const [head, foot] = all("[data-repo-panel]");
  const single = data.repos.length === 1;
  const collator = new Intl.Collator("en", { numeric: true });

  const el = (tag, values = {}, ...children) => {
    const found = document.createElement(tag);
    for (const [name, value] of Object.entries(values)) {
      if (value === false || value === null || value === undefined || value === "") continue;
      if (name === "class") found.className = value;
      else found.setAttribute(name, value === true ? "" : String(value));
    }
    found.append(...children.filter((child) => child !== "" && child !== null && child !== undefined));
    return found;
  };
  const link = (address, ...children) =>
    /^https?:\/\//i.test(address) ? el("a", { href: address, rel: "noreferrer" }, ...children) : el("span", {}, ...children);
  /* What stands between backticks is code. */
  const prose = (text) => text.split(/`([^`\n]+)`/).map((part, index) => (index % 2 ? el("code", {}, part) : part));

  /* Every finding as an object, with what it is searched and sorted by. */
  const findings = data.findings.map((row, index) => {
    const [repo, kind, rule, path, line, column, said, found, remedy, quote, sources, address, key, accepted] = row;
    return { index, repo, kind, rule, path, line, column, said, found, remedy, quote, sources, address, key, accepted };
  });
  const byKey = new Map(findings.map((finding) => [finding.key, finding]));
  const repoOf = (finding) => data.repos[finding.repo].name;
  const lineOf = (finding) => (finding.line ? `line ${finding.line}` : "");
  const placeOf = (finding) => finding.path === repoOf(finding) ? lineOf(finding) : finding.line ? `${finding.path}:${finding.line}` : finding.path;
  const ruleOf = (finding) => data.rules[finding.rule].id;
  const textOf = (finding) => {
    finding.text ??= [repoOf(finding), ruleOf(finding), data.rules[finding.rule].title, placeOf(finding), finding.said, finding.found, finding.remedy, finding.quote.join("")]
      .join("\n").toLowerCase();
    return finding.text;
  };
  const ORDERS = {
    severity: (a, b) => a.kind - b.kind,
    repo: (a, b) => a.repo === b.repo ? 0 : collator.compare(repoOf(a), repoOf(b)),
    rule: (a, b) => a.rule === b.rule ? 0 : collator.compare(ruleOf(a), ruleOf(b)),
    place: (a, b) => collator.compare(a.path, b.path) || a.line - b.line || a.column - b.column,
    found: (a, b) => collator.compare(a.found, b.found),
  };

  /* What is shown: kept in the fragment, so that an address says all of it. */
  const fresh = () => ({ view: "findings", q: "", kinds: new Set(KINDS), accepted: false, rule: "", repo: "", sort: "severity", down: false, open: "" });
  let state = fresh();
  let shown = [];
  let limit = CHUNK;

  const read = () => {
    const said = new URLSearchParams(location.hash.slice(1));
    const next = fresh();
    next.view = said.get("view") === "repos" ? "repos" : "findings";
    next.q = said.get("q") ?? "";
    if (said.has("severity")) next.kinds = new Set(said.get("severity").split(",").filter((kind) => KINDS.includes(kind)));
    next.accepted = said.get("accepted") === "1";
    next.rule = data.rules.some((rule) => rule.id === said.get("rule")) ? said.get("rule") : "";
    next.repo = data.repos.some((repo) => repo.name === said.get("repo")) ? said.get("repo") : "";
    const [sort, way] = (said.get("sort") ?? "severity").split(" ");
    if (Object.hasOwn(ORDERS, sort)) [next.sort, next.down] = [sort, way === "down"];
    next.open = byKey.has(said.get("finding")) ? said.get("finding") : "";
    return next;
  };
  const write = (some = state) => {
    const said = new URLSearchParams();
    if (some.view === "repos") said.set("view", "repos");
    if (some.q) said.set("q", some.q);
    if (some.kinds.size < KINDS.length) said.set("severity", KINDS.filter((kind) => some.kinds.has(kind)).join(","));
    if (some.accepted) said.set("accepted", "1");
    if (some.rule) said.set("rule", some.rule);
    if (some.repo) said.set("repo", some.repo);
    if (some.sort !== "severity" || some.down) said.set("sort", some.down ? `${some.sort} down` : some.sort);
    if (some.open) said.set("finding", some.open);
    return `#${said}`;
  };
  const remember = () => history.replaceState(null, "", write() === "#" ? location.pathname + location.search : write());

  const fits = () => {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    return (finding) =>
      (state.accepted || !finding.accepted) && state.kinds.has(KINDS[finding.kind]) &&
      (!state.rule || ruleOf(finding) === state.rule) && (!state.repo || repoOf(finding) === state.repo) &&
      words.every((word) => textOf(finding).includes(word));
  };

  /* One finding, opened. */
  const quoteOf = (finding) => {
    const [before, piece, after] = finding.quote;
    if (!before && !piece && !after) return "";
    const number = finding.line ? el("span", { class: "number" }, String(finding.line)) : "";
    return el("pre", { class: "quote", tabindex: 0, "aria-label": "The line" }, number, before, piece ? el("mark", {}, piece) : "", after);
  };
  const fact = (name, ...value) => [el("dt", {}, name), el("dd", {}, ...value)];
  const detailOf = (finding) => {
    const rule = data.rules[finding.rule];
    const repo = data.repos[finding.repo];
    const facts = el("dl", { class: "facts" });
    if (finding.said) facts.append(...fact("Says", el("code", {}, finding.said)));
    if (finding.remedy) facts.append(...fact("How to fix it", ...prose(finding.remedy)));
    if (finding.sources.length) facts.append(...fact("Sources", ...finding.sources.flatMap((source) => [link(source, source), "\n"])));
    const links = el("p", { class: "links" });
    if (finding.address) links.append(link(finding.address, finding.line ? `Line ${finding.line} at ${repo.commit.slice(0, 7) || "the repo"}` : "The file"));
    links.append(link(rule.page, `About ${rule.id}`));
    links.append(el("a", { href: write({ ...fresh(), open: finding.key }) }, "Link to this finding"));
    if (!single && state.repo !== repo.name) links.append(el("a", { href: write({ ...fresh(), repo: repo.name }) }, "All of this repo"));
    const about = el("p", {}, el("b", {}, ...prose(rule.title || rule.id)), finding.accepted ? " (accepted by the baseline)" : "");
    return el("tr", { class: "detail", id: `detail-${finding.key}` },
      el("td", { colspan: single ? 4 : 5 }, el("div", { class: `detail-body ${KINDS[finding.kind]}` }, about, quoteOf(finding), facts, links)));
  };
  const rowOf = (finding) => {
    const open = state.open === finding.key;
    const kind = KINDS[finding.kind];
    const opener = el("button", { class: "opener", type: "button", "aria-expanded": String(open), "aria-controls": `detail-${finding.key}` }, ...prose(finding.found || data.rules[finding.rule].title));
    const row = el("tr", { class: `finding${open ? " open" : ""}${finding.accepted ? " accepted" : ""}`, "data-key": finding.key },
      el("td", {}, el("span", { class: `kind kind-${kind}` }, kind)),
      el("td", { class: "repo" }, repoOf(finding)),
      el("td", { class: "rule" }, ruleOf(finding)),
      el("td", { class: "place" }, placeOf(finding)),
      el("td", { class: "cell-found" }, opener));
    return open ? [row, detailOf(finding)] : [row];
  };
  const rowFor = (key) => all("tr.finding", body).find((row) => row.dataset.key === key);
  const close = () => {
    const row = rowFor(state.open);
    one("tr.detail", body)?.remove();
    row?.classList.remove("open");
    row && one(".opener", row).setAttribute("aria-expanded", "false");
    state.open = "";
  };
  const toggle = (key) => {
    const opening = state.open !== key;
    close();
    if (opening) {
      const row = rowFor(key);
      state.open = key;
      row.classList.add("open");
      one(".opener", row).setAttribute("aria-expanded", "true");
      row.after(detailOf(byKey.get(key)));
    }
    remember();
  };

  /* The list. */
  const fill = () => {
    const rows = document.createDocumentFragment();
    const have = all("tr.finding", body).length;
    shown.slice(have, limit).forEach((finding) => rows.append(...rowOf(finding)));
    body.append(rows);
    more.hidden = shown.length <= limit;
    more.textContent = `Show more (${(shown.length - limit).toLocaleString("en")} left)`;
  };
  const draw = () => {
    shown = findings.filter(fits());
    const order = ORDERS[state.sort];
    shown.sort((a, b) => (state.down ? -1 : 1) * order(a, b) || a.kind - b.kind || a.index - b.index);
    limit = Math.max(CHUNK, shown.findIndex((finding) => finding.key === state.open) + 1);
    body.replaceChildren();
    fill();
    const total = findings.filter((finding) => state.accepted || !finding.accepted).length;
    one(".shown").textContent = `${shown.length.toLocaleString("en")} of ${total.toLocaleString("en")}`;
    one("[data-empty]").hidden = shown.length > 0;
    list.hidden = !shown.length;
    for (const head of all("th[data-column]", list)) {
      if (head.dataset.column === state.sort) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  };

  /* One repo: what its scores still tell, its statements, what was not applied. */
  const scoresOf = (repo) => {
    const heads = ["Variant", "Task", "Score", "Right answers", "95 % interval", "Finds differences of", "Delta", "Is that more than chance?", "Line"];
    const rows = repo.scores.map((row) => {
      const cells = row.slice(0, 7).map((text, index) => el(index ? "td" : "th", { class: index > 1 ? "num" : "", scope: index ? "" : "row" }, text));
      return el("tr", {}, ...cells, el("td", { class: `told-${row[8]}` }, row[7]), el("td", { class: "num" }, row[9] ? String(row[9]) : ""));
    });
    const head = el("tr", {}, ...heads.map((text, index) => el("th", { scope: "col", class: (index > 1 && index < 7) || index === 8 ? "num" : "" }, text)));
    return el("div", { class: "scroll" }, el("table", { class: "scores" }, el("thead", {}, head), el("tbody", {}, ...rows)));
  };
  const headOf = (repo) => {
    const found = el("section", { class: "panel", "aria-label": "The repo" });
    if (!single) found.append(el("h2", {}, link(repo.url, repo.name)));
    const where = repo.page ? link(repo.page, repo.commit.slice(0, 7) || repo.page) : "";
    found.append(el("p", { class: "soft" }, ...(where ? [where, ": "] : []), repo.summary));
    repo.problems.forEach((problem) => found.append(el("p", { class: "missed" }, `could not be read: ${problem}`)));
    return found;
  };
  const footOf = (repo) => {
    const found = el("section", { class: "panel told", "aria-label": "What its scores and its prose tell" });
    if (repo.scores.length) {
      const title = el("summary", {}, repo.told);
      found.append(el("details", { open: repo.scores.length <= 60 }, title, scoresOf(repo)));
    }
    if (repo.statements.length) {
      const items = repo.statements.map(([line, text, told, verdict, why]) => el("li", {}, `Line ${line}: “${text}” `, el("b", { class: `told-${told}` }, verdict), `: ${why}`));
      found.append(el("h3", {}, "What its prose says, held against its numbers"), el("ul", { class: "statements" }, ...items));
    }
    if (repo.skipped) found.append(el("details", {}, el("summary", {}, repo.skipped[0]), el("p", { class: "soft" }, repo.skipped[1])));
    return found.childElementCount ? found : "";
  };

  /* All of it, as the state says. */
  const show = () => {
    root.dataset.view = state.view;
    all("[data-section]").forEach((section) => { section.hidden = section.dataset.section !== state.view; });
    all("[data-view]", one(".places")).forEach((place) => {
      if (place.dataset.view === state.view) place.setAttribute("aria-current", "page");
      else place.removeAttribute("aria-current");
    });
    form.elements.q.value = state.q;
    form.elements.repo.value = state.repo;
    form.elements.rule.value = state.rule;
    form.elements.sort.value = state.sort;
    form.elements.accepted.checked = state.accepted;
    all("[name=kind]", form).forEach((box) => { box.checked = state.kinds.has(box.value); });
    const name = state.repo || (single ? data.repos[0].name : "");
    const repo = data.repos.find((found) => found.name === name);
    head.replaceChildren(repo && (!single || repo.page || repo.problems.length) ? headOf(repo) : "");
    foot.replaceChildren(repo ? footOf(repo) : "");
    draw();
  };
  const jump = () => {
    const next = read();
    const finding = byKey.get(next.open);
    if (finding && finding.accepted) next.accepted = true;
    state = next;
    if (finding && !fits()(finding)) Object.assign(state, fresh(), { open: next.open, accepted: next.accepted });
    show();
    if (finding) {
      const row = rowFor(finding.key);
      row.scrollIntoView({ block: "center" });
      one(".opener", row).focus({ preventScroll: true });
    }
  };

  const counts = (pick, shape) => {
    const found = new Map();
    findings.forEach((finding) => { if (!finding.accepted) found.set(pick(finding), (found.get(pick(finding)) ?? 0) + 1); });
    return [...found].map(shape).sort((a, b) => collator.compare(a.value, b.value));
  };
  const choices = (select, some) => select.append(...some.map(({ value, count }) => el("option", { value }, `${value} (${count.toLocaleString("en")})`)));
  choices(form.elements.rule, counts(ruleOf, ([value, count]) => ({ value, count })));
  const found = new Map(counts(repoOf, ([value, count]) => ({ value, count })).map((entry) => [entry.value, entry.count]));
  choices(form.elements.repo, data.repos.map((repo) => ({ value: repo.name, count: found.get(repo.name) ?? 0 })));
  KINDS.forEach((kind, index) => {
    one(`[data-count=${kind}]`).textContent = findings.filter((finding) => finding.kind === index && !finding.accepted).length.toLocaleString("en");
  });
  const accepted = findings.filter((finding) => finding.accepted).length;
  one("[data-accepted]").hidden = !accepted;
  one("[data-count=accepted]").textContent = accepted.toLocaleString("en");

  let waiting = 0;
  form.addEventListener("input", (event) => {
    state.q = form.elements.q.value;
    state.repo = form.elements.repo.value;
    state.rule = form.elements.rule.value;
    state.accepted = form.elements.accepted.checked;
    state.kinds = new Set(all("[name=kind]:checked", form).map((box) => box.value));
    if (event.target.name === "sort") [state.sort, state.down] = [form.elements.sort.value, false];
    clearTimeout(waiting);
    waiting = setTimeout(() => { remember(); event.target.name === "repo" ? show() : draw(); }, event.target.name === "q" ? 80 : 0);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    state = fresh();
    remember();
    show();
    form.elements.q.focus();
  });
  all("[data-sort]", list).forEach((button) => button.addEventListener("click", () => {
    const again = state.sort === button.dataset.sort;
    [state.sort, state.down] = [button.dataset.sort, again && !state.down];
    form.elements.sort.value = state.sort;
    remember();
    draw();
  }));
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr.finding");
    if (row && !String(getSelection())) toggle(row.dataset.key);
  });
  body.addEventListener("keydown", (event) => {
    const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && state.open) {
      const row = rowFor(state.open);
      close();
      remember();
      one(".opener", row).focus();
    } else if (way && event.target.matches(".opener")) {
      event.preventDefault();
      const rows = all(".opener", body);
      rows[rows.indexOf(event.target) + way]?.focus();
    }
  });
  more.addEventListener("click", () => { limit += CHUNK; fill(); });
  new IntersectionObserver((seen) => {
    if (seen.some((entry) => entry.isIntersecting) && !more.hidden) more.click();
  }, { rootMargin: "600px" }).observe(more);
  addEventListener("hashchange", () => { if (location.hash !== "#findings") jump(); });

  /* The repos sort as well: numbers from the largest, names from the first. */
  const heads = all(".repos thead th");
  heads.forEach((cell, index) => {
    const number = cell.classList.contains("num");
    const sorter = el("button", { type: "button" }, cell.textContent);
    cell.replaceChildren(sorter);
    sorter.addEventListener("click", () => {
      const down = cell.ariaSort ? cell.ariaSort === "ascending" : number;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = one(".repos tbody");
      const order = (a, b) => collator.compare(a.cells[index].textContent.replaceAll(",", ""), b.cells[index].textContent.replaceAll(",", ""));
      rows.append(...[...rows.rows].sort((a, b) => (down ? -1 : 1) * order(a, b)));
    });
  });

  const button = one("[data-theme-button]");
  const THEMES = ["system", "light", "dark"];
  const theme = (name) => {
    if (name === "system") delete root.dataset.theme;
    else root.dataset.theme = name;
    button.replaceChildren(el("span", { class: "word" }, "Theme: "), name);
    button.setAttribute("aria-label", `Theme: ${name}`);
  };
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "system") + 1) % THEMES.length];
    theme(next);
    try { localStorage.setItem("hubq-theme", next); } catch { /* a page opened as a file may keep nothing */ }
  });
  try { theme(THEMES.includes(localStorage.getItem("hubq-theme")) ? localStorage.getItem("hubq-theme") : "system"); } catch { theme("system"); }
  root.classList.toggle("single", single);
  button.hidden = false;
  form.hidden = false;
  jump();
})();
