"use strict";
// The data are text: they enter the page through textContent alone.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const all = data.conversations;
  const list = document.getElementById("list");
  const main = document.getElementById("conversation");
  const search = document.getElementById("search");
  const outcome = document.getElementById("outcome");
  const several = new Set(all.map((c) => c.agent + "\n" + c.seed)).size > 1;
  let visible = [];  // positions in `all`, in the order of the list
  let current = -1;  // position in `all`

  function make(tag, kind, text, ...children) {
    const element = document.createElement(tag);
    if (kind) element.className = kind;
    if (text !== null && text !== undefined) element.textContent = text;
    element.append(...children);
    return element;
  }

  function count(n, noun) {
    return n.toLocaleString("en") + " " + noun + (n === 1 ? "" : "s");
  }

  function signed(value) {
    return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);
  }

  function definitions(pairs) {
    return pairs.map(([name, text, kind]) =>
      make("div", "", null, make("dt", "", name), make("dd", kind, text)));
  }

  // ---- the list ----------------------------------------------------------------------------------

  function entry(c, position) {
    const who = "#" + c.number + " · user " + c.user + (several ? " · " + c.agent + " " + c.seed : "");
    const how = make("span", "", null,
      make("span", c.kind, c.outcome), make("span", "faint", " · " + count(c.moves, "move")));
    const button = make("button", "", null, make("span", "", who), how);
    button.type = "button";
    button.tabIndex = -1;
    button.addEventListener("click", () => select(position));
    return make("li", "", null, button);
  }

  function haystack(c) {
    const words = ["#" + c.number, "user " + c.user, c.agent, c.outcome];
    for (const row of c.rows) {
      words.push(row.system, row.user, row.told, row.said, row.end, ...row.items, ...row.because);
    }
    return words.filter(Boolean).join("\n").toLowerCase();
  }

  const entries = all.map(entry);
  const texts = all.map(haystack);

  function filter() {
    const wanted = search.value.trim().toLowerCase();
    visible = [];
    all.forEach((c, position) => {
      const number = wanted === String(c.number);
      const fits = (!outcome.value || c.outcome === outcome.value) &&
        (!wanted || number || texts[position].includes(wanted));
      if (fits) visible.push(position);
    });
    list.replaceChildren(...visible.map((position) => entries[position]));
    document.getElementById("count").textContent =
      visible.length.toLocaleString("en") + " of " + count(all.length, "conversation");
    if (!visible.includes(current)) select(visible.length ? visible[0] : -1);
    else mark();
  }

  function mark() {
    all.forEach((_, position) => {
      const button = entries[position].firstChild;
      button.setAttribute("aria-current", String(position === current));
      button.tabIndex = position === current ? 0 : -1;  // one stop of the tab key for the list
    });
  }

  function select(position, focus) {
    current = position;
    mark();
    show();
    if (position < 0) return;
    const button = entries[position].firstChild;
    if (focus) button.focus();
    button.scrollIntoView({ block: "nearest" });
    if (location.hash !== "#" + (position + 1)) location.replace("#" + (position + 1));
  }

  function move(to, focus) {
    if (visible.length) select(visible[Math.min(Math.max(to, 0), visible.length - 1)], focus);
  }

  // ---- the conversation --------------------------------------------------------------------------

  function bubble(side, name, words, act, extra) {
    const said = words ? [make("p", "words", words), make("p", "act", act)] : [make("p", "", act)];
    return make("div", "bubble " + side, null, make("span", "who", name), ...said, ...extra);
  }

  function shown(row) {
    const extra = [];
    if (row.items.length) {
      extra.push(make("ol", "", null, ...row.items.map((name, k) => {
        const mark = k + 1 === row.rank ? "✓ taken" : "";
        const became = row.marks[k] ? [make("span", "faint", " · " + row.marks[k])] : [];
        const item = make("li", mark && "taken", mark ? name + " " + mark : name);
        item.append(...became);
        return item;
      })));
    }
    if (row.because.length) extra.push(make("p", "", "For " + row.because.join(", ") + "."));
    return extra;
  }

  function step(row, path) {
    const item = make("li");
    if (row.move !== null) item.append(make("div", "meta", "move " + row.move));
    if (row.system) item.append(bubble("system", "recommender", row.told, row.system, shown(row)));
    if (row.user || row.said) {
      item.append(bubble("user", "user", row.said, row.user, []));
    }
    item.append(make("div", "meta right", row.figures.join(" · ")));
    if (row.confirmed.length) {
      item.append(make("div", "meta right", "confirmed so far: " + path.join(" → ")));
    }
    return item;
  }

  function hidden(c) {
    const line = make("div", "hidden");
    const name = make("span");
    const button = make("button", "", "Reveal " + data.hidden);
    button.type = "button";
    button.id = "reveal";
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(open));
      button.textContent = (open ? "Hide " : "Reveal ") + data.hidden;
      name.textContent = open ? c.hidden : "";
    });
    if (c.hidden) line.append(button, name);
    return line;
  }

  // The parts of a long conversation: a line each, which opens into its moves.
  function parted(c, steps) {
    let next = 0;
    return c.parts.map((part) => {
      const inside = steps.slice(next, next += part.rows);
      const head = make("summary", "", null,
        make("h3", "", part.heading), make("p", "meta", part.summary));
      const talk = make("ol", "talk", null, ...inside);
      const details = make("details", "", null, head, talk);
      details.open = c.parts.length === 1;
      return details;
    });
  }

  function toggle() {
    const parts = [...main.querySelectorAll("details")];
    const open = parts.some((part) => !part.open);
    for (const part of parts) part.open = open;
  }

  function show() {
    if (current < 0) {
      main.replaceChildren(make("p", "faint", all.length ? "No conversation fits." : "No conversations."));
      return;
    }
    const c = all[current];
    const path = [];
    const steps = c.rows.map((row) => {
      for (const name of row.confirmed) if (!path.includes(name)) path.push(name);
      return step(row, path);
    });
    const talk = c.parts.length ? parted(c, steps) : [make("ol", "talk", null, ...steps)];
    const end = c.rows[c.rows.length - 1].end;
    main.replaceChildren(
      make("h2", "", "Conversation " + c.number),
      make("dl", "", null, ...definitions([
        ["user", c.user], ["agent", c.agent], ["seed", c.seed], ["outcome", c.outcome, c.kind],
        ["moves", c.moves], ["reward", signed(c.reward)],
        ...(data.confirms ? [["confirmed", path.join(" → ") || "nothing"]] : []),
      ])),
      hidden(c),
      ...talk,
      make("p", "end", end || "The recording stops here, before an end."));
  }

  // ---- the keyboard ------------------------------------------------------------------------------

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target === search || event.target === outcome;
    const inList = list.contains(event.target);
    const here = visible.indexOf(current);
    const moves = typing ? {} : { j: here + 1, k: here - 1 };
    if (inList) {
      Object.assign(moves, { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: visible.length - 1 });
    }
    if (event.key in moves) move(moves[event.key], inList);
    else if (event.key === "/" && !typing) search.focus();
    else if (event.key === "r" && !typing) document.getElementById("reveal")?.click();
    else if (event.key === "e" && !typing) toggle();
    else if (event.target === search && event.key === "ArrowDown") move(Math.max(here, 0), true);
    else return;
    event.preventDefault();
  });

  // ---- the beginning -----------------------------------------------------------------------------

  document.title = data.source + " · RecoSim";
  document.getElementById("source").textContent = data.source;
  document.getElementById("header").append(...definitions(data.header));
  if (all.length < data.available) {
    document.getElementById("cap").textContent = "The first " + count(all.length, "conversation") +
      " of " + data.available.toLocaleString("en") + "; more with --first N.";
  }
  const tally = {};
  for (const c of all) tally[c.outcome] = (tally[c.outcome] || 0) + 1;
  const options = [["", "all"], ...Object.keys(tally).sort().map((k) => [k, k + " (" + tally[k] + ")"])];
  for (const [value, text] of options) {
    const option = make("option", "", text);
    option.value = value;
    outcome.append(option);
  }
  document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", filter);
  outcome.addEventListener("change", filter);
  function fromAddress() {
    const asked = Number(location.hash.slice(1)) - 1;
    return Number.isInteger(asked) && asked >= 0 && asked < all.length ? asked : -1;
  }
  window.addEventListener("hashchange", () => {
    const asked = fromAddress();
    if (asked >= 0 && asked !== current) select(asked);
  });
  current = fromAddress();
  filter();
  if (current >= 0) select(current);
})();
