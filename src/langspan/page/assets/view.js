
"use strict";
(() => {
  // Foreign text reaches the page through textContent alone. Rows are drawn only where they can be seen.
  const ROW = 26, SPARE = 12, LONG = 4000, MANY = 5, LINE = 70;
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const tree = $("tree"), canvas = $("canvas"), details = $("details"), input = document.querySelector("input");
  const BAD = "bad", MESSAGES = "gen_ai.input.messages", ANSWERS = "gen_ai.output.messages";

  const el = (tag, className, ...children) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    for (const child of children) if (child !== null && child !== undefined) node.append(child);
    return node;
  };

  // -- figures

  const count = (n, word) => `${number(n)} ${word}${n === 1 ? "" : "s"}`;
  const number = (n) => (typeof n === "number" ? n.toLocaleString("en-US", { maximumFractionDigits: 6 }) : String(n));
  const duration = (ms) => {
    if (ms === undefined || ms === null) return "not ended";
    if (ms >= 59950) return `${Math.floor(Math.round(ms / 1000) / 60)} m ${String(Math.round(ms / 1000) % 60).padStart(2, "0")} s`;
    if (ms >= 999.5) return `${(ms / 1000).toPrecision(3)} s`;
    return ms >= 0.9995 ? `${Number(ms.toPrecision(3))} ms` : `${Math.round(ms * 1000)} µs`;
  };
  const money = (amount, currency) => {
    // Cents from a whole unit on, else the digits that say something.
    const cents = Math.abs(amount) >= 0.9995 ? 2 : undefined;
    const rounded = cents ? amount : Number(amount.toPrecision(3));
    const text = rounded.toLocaleString("en-US", { minimumFractionDigits: cents, maximumFractionDigits: cents ?? 12 });
    return currency === "USD" || currency === "usd" ? `$${text}` : `${text} ${currency || ""}`.trim();
  };
  const tokens = (of) => (has(of.input) || has(of.output) ? `${arrow(of.input)} → ${arrow(of.output)}` : "");
  const arrow = (n) => (has(n) ? number(n) : "–");
  const has = (value) => value !== undefined && value !== null;
  const moment = (ms) => new Date(ms).toISOString().replace("T", " ").replace("Z", " UTC");
  const costs = (sums) => sums.cost.map(([currency, amount]) => money(amount, currency)).join(" + ");

  const KINDS = {
    invoke_agent: "agent", create_agent: "agent", invoke_workflow: "agent",
    chat: "model", text_completion: "model", generate_content: "model", classify: "model",
    execute_tool: "tool", retrieval: "data", embeddings: "data",
  };

  // -- rows: of each group its heading, of each trace its heading, and its spans

  const rows = [], spanRows = new Map();
  const row = (kind, level, parent, more) => {
    const each = { kind, level, parent, size: 0, open: true, index: rows.length, ...more };
    rows.push(each);
    return each;
  };
  for (const group of data.groups) {
    const many = group.traces.length > 1;
    const heading = many ? row("group", 0, null, { group, sums: group.sums }) : null;
    group.traces.forEach((n, turn) => {
      const trace = data.traces[n];
      const own = data.traces.length > 1 || trace.spans.filter((span) => span.parent < 0).length > 1;
      const top = own ? row("trace", many ? 1 : 0, heading, { trace, turn: many ? turn + 1 : 0, sums: trace.sums }) : null;
      const made = [];
      for (const span of trace.spans) {
        const parent = span.parent >= 0 ? made[span.parent] : top;
        const each = row("span", span.depth + (top ? top.level + 1 : 0), parent, { span, trace });
        made.push(each);
        spanRows.set(`${trace.id}/${span.id}`, each);
      }
      if (top) top.open = data.traces.length <= MANY;
    });
  }
  for (const each of rows) for (let p = each.parent; p; p = p.parent) p.size += 1;
  const linkedFrom = new Map();
  for (const each of rows) for (const link of each.span?.links ?? []) {
    const key = `${link.trace}/${link.span}`;
    linkedFrom.set(key, [...(linkedFrom.get(key) ?? []), each]);
  }

  let visible = [], chosen = null, matches = null, beside = null;

  const refresh = () => {
    visible = [];
    for (let i = 0; i < rows.length; i += 1) {
      const each = rows[i];
      if (matches && !matches.has(each) && !beside.has(each)) continue;
      each.at = visible.length;
      visible.push(each);
      // In a search the way to every match is open.
      if (!matches && !each.open) i += each.size;
    }
    canvas.style.height = `${visible.length * ROW}px`;
    draw();
  };

  let drawn = new Map();
  const draw = () => {
    const first = Math.max(0, Math.floor(tree.scrollTop / ROW) - SPARE);
    const last = Math.min(visible.length, Math.ceil((tree.scrollTop + tree.clientHeight) / ROW) + SPARE);
    canvas.replaceChildren(...visible.slice(first, last).map((each, n) => drawRow(each, first + n)));
    drawn = new Map([...canvas.children].map((node, n) => [visible[first + n], node]));
    tree.setAttribute("aria-activedescendant", chosen && drawn.has(chosen) ? `row-${chosen.index}` : "");
  };

  const drawRow = (each, at) => {
    const failed = each.span ? each.span.error : false;
    const kind = each.span ? KINDS[each.span.operation] ?? "step" : each.kind;
    const node = el("div", `row ${kind}${failed ? " failed" : ""}`);
    if (each === chosen) node.classList.add("chosen");
    if (matches) node.classList.add(matches.has(each) ? "found" : "beside");
    node.id = `row-${each.index}`;
    node.style.top = `${at * ROW}px`;
    node.setAttribute("role", "treeitem");
    node.setAttribute("aria-level", each.level + 1);
    node.setAttribute("aria-selected", each === chosen);
    if (each.size) node.setAttribute("aria-expanded", each.open);
    const fold = el("span", "fold", each.size ? (each.open || matches ? "▾" : "▸") : "");
    if (each.size) fold.addEventListener("click", (event) => { event.stopPropagation(); toggle(each); });
    const label = el("span", "label", fold, each.span ? el("span", "dot") : null, el("span", "name", nameOf(each)), asideOf(each));
    label.style.paddingLeft = `${Math.min(each.level, 40) * 14}px`;
    label.title = failed ? `${nameOf(each)}: ${failed}` : nameOf(each);
    const of = each.sums ?? each.span;
    node.append(label, each.span ? timeline(each) : "", el("span", "figure", duration(of.duration)));
    if (shown.tokens) node.append(el("span", "figure count", tokens(of)));
    if (shown.cost) node.append(el("span", "figure money", each.sums ? costs(of) : has(of.cost) ? money(of.cost, of.currency) : ""));
    node.addEventListener("click", () => choose(each));
    node.addEventListener("dblclick", () => toggle(each));
    return node;
  };

  const nameOf = (each) => {
    if (each.kind === "group") return `conversation ${each.group.conversation}`;
    if (each.kind === "trace") return each.turn ? `turn ${each.turn} · ${each.trace.name}` : each.trace.name;
    return each.span.name;
  };
  const asideOf = (each) => {
    if (each.span) return each.span.error ? el("span", "aside", `✗ ${each.span.error}`) : each.span.outcome ? el("span", "aside warn", each.span.outcome) : null;
    const errors = each.sums.errors ? `✗ ${count(each.sums.errors, "error")}` : "";
    if (errors) return el("span", "aside bad", errors);
    return el("span", "aside", each.kind === "group" ? count(each.group.traces.length, "turn") : moment(each.trace.start).slice(0, 19));
  };
  const timeline = (each) => {
    const cell = el("span", "time"), bar = el("span", "bar"), whole = each.trace.sums.duration || 1;
    const start = Math.min(Math.max(each.span.start / whole, 0), 1), length = has(each.span.duration) ? each.span.duration / whole : 1 - start;
    bar.style.left = `${start * 99.5}%`;
    bar.style.width = `${Math.min(length, 1 - start) * 100}%`;
    cell.append(bar);
    return cell;
  };

  // -- moving about

  const toggle = (each, open = !each.open) => {
    if (!each.size || matches) return;
    each.open = open;
    if (!open && chosen) for (let p = chosen.parent; p; p = p.parent) if (p === each) return choose(each, true);
    refresh();
  };
  const choose = (each, redraw = false) => {
    if (!each) return;
    chosen = each;
    let hidden = redraw;
    if (!matches) for (let p = each.parent; p; p = p.parent) if (!p.open) hidden = p.open = true;
    if (hidden) refresh();
    reveal();
    show(each);
  };
  const reveal = () => {
    const top = chosen ? chosen.at * ROW : tree.scrollTop;
    if (top < tree.scrollTop) tree.scrollTop = top;
    else if (chosen && top + ROW > tree.scrollTop + tree.clientHeight) tree.scrollTop = top + ROW - tree.clientHeight;
    draw();
  };
  const jump = (each) => {
    if (matches && !visible.includes(each)) { input.value = ""; search(); }
    choose(each);
    tree.focus();
  };
  const move = (steps) => choose(visible[Math.min(Math.max((chosen ? chosen.at : -1) + steps, 0), visible.length - 1)]);
  const nextOf = (wanted, back = false) => {
    const from = chosen ? chosen.index : -1;
    const order = back ? [...wanted].reverse() : wanted;
    return order.find((each) => (back ? each.index < from : each.index > from)) ?? order[0];
  };
  const failures = rows.filter((each) => each.span?.error);

  const KEYS = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    PageDown: () => move(Math.floor(tree.clientHeight / ROW) - 1),
    PageUp: () => move(1 - Math.floor(tree.clientHeight / ROW)),
    Home: () => choose(visible[0]),
    End: () => choose(visible[visible.length - 1]),
    ArrowRight: () => (chosen?.size && !chosen.open && !matches ? toggle(chosen, true) : chosen?.size ? move(1) : null),
    ArrowLeft: () => (chosen?.size && chosen.open && !matches ? toggle(chosen, false) : chosen?.parent ? choose(chosen.parent) : null),
    Enter: () => (chosen ? toggle(chosen) : move(1)),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === input) return;
    if (event.key === "/") { input.focus(); input.select(); }
    else if (event.key === "e") jump(nextOf(failures));
    else if (event.key === "?") $("help").click();
    else if (event.key === "Escape") { input.value = ""; search(); tree.focus(); }
    else if (KEYS[event.key] && (event.target === tree || event.target === document.body)) KEYS[event.key]();
    else return;
    event.preventDefault();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { search(); if (matches?.size) choose(nextOf([...matches], event.shiftKey)); }
    else if (event.key === "Escape") { input.value = ""; search(); tree.focus(); }
    else if (event.key === "ArrowDown") { tree.focus(); move(matches || !chosen ? 1 : 0); }
    else return;
    event.preventDefault();
  });
  $("errors").addEventListener("click", () => jump(nextOf(failures)));
  $("errors").disabled = !failures.length;
  $("help").addEventListener("click", () => {
    $("keys").hidden = !$("keys").hidden;
    $("help").setAttribute("aria-expanded", !$("keys").hidden);
  });
  tree.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  new ResizeObserver(reveal).observe(tree);

  // -- search

  const haystack = (each) => {
    const { span } = each;
    each.text ??= [span.name, span.id, span.error ?? "", text(span.attributes), text(span.events)].join("\n").toLowerCase();
    return each.text;
  };
  const text = (value) => {
    if (typeof value === "string") return value;
    try {
      const line = JSON.stringify(value) ?? "";
      return line.length > LINE ? JSON.stringify(value, null, 2) : line;
    } catch { return "(nested too deeply to be shown)"; }
  };
  let searched = "";
  const search = () => {
    const wanted = input.value.trim().toLowerCase();
    if (wanted === searched) return;
    searched = wanted;
    matches = wanted ? new Set(rows.filter((each) => (each.span ? haystack(each).includes(wanted) : nameOf(each).toLowerCase().includes(wanted) || each.trace?.id.includes(wanted)))) : null;
    beside = new Set();
    for (const each of matches ?? []) for (let p = each.parent; p && !beside.has(p); p = p.parent) beside.add(p);
    $("found").textContent = wanted ? count(matches.size, "match").replace("matchs", "matches") : "";
    tree.scrollTop = 0;
    if (!matches && chosen) choose(chosen, true);
    else { refresh(); if (chosen) show(chosen); }
  };
  let soon = 0;
  input.addEventListener("input", () => { clearTimeout(soon); soon = setTimeout(search, 120); });

  // -- details of what is chosen

  const show = (each) => {
    details.replaceChildren(...(each.span ? spanDetails(each) : each.kind === "trace" ? traceDetails(each) : groupDetails(each)).filter(Boolean));
    details.scrollTop = 0;
  };
  const facts = (pairs) => el("ul", "facts", ...pairs.filter(([, value]) => value !== "" && has(value)).map(([name, value]) => el("li", "", `${name} `, el("b", "", value))));
  const section = (title, ...children) => {
    const inside = children.flat().filter(Boolean);
    return inside.length ? el("section", "", el("h3", "", title), ...inside) : null;
  };
  const folded = (title, ...children) => el("details", "", el("summary", "", title), ...children);
  const go = (each, words) => {
    const button = el("button", "go", words);
    button.type = "button";
    button.addEventListener("click", () => jump(each));
    return button;
  };

  const long = (value, className = "said") => {
    const whole = text(value), node = el(className === "said" ? "div" : "pre", className);
    node.textContent = whole.length > LONG ? `${whole.slice(0, LONG)}…` : whole;
    if (whole.length <= LONG) return node;
    const more = el("button", "more", `Show all ${number(whole.length)} characters`);
    more.type = "button";
    more.addEventListener("click", () => { node.textContent = whole; more.remove(); });
    return el("div", "", node, more);
  };
  const decoded = (value) => {
    if (typeof value !== "string") return value;
    try { return JSON.parse(value); } catch { return value; }
  };
  const json = (value) => el("div", "block", long(decoded(value), ""));

  const spanDetails = ({ span, trace }) => {
    const a = span.attributes, parts = [];
    parts.push(el("h2", "", span.name));
    parts.push(el("p", "under", [span.operation ?? "step", `starts at ${duration(span.start)}`, moment(trace.start + span.start), `span ${span.id}`].join(" · ")));
    if (span.error) parts.push(el("div", "problem", `✗ ${span.error}`));
    if (span.parentId && span.parent < 0) parts.push(el("p", "under", `Its parent ${span.parentId} is not in this file.`));
    parts.push(facts([
      ["time", duration(span.duration)], ["outcome", span.outcome], ["tokens in", span.input], ["cached", a["gen_ai.usage.cache_read.input_tokens"]],
      ["tokens out", span.output], ["reasoning", a["gen_ai.usage.reasoning.output_tokens"]], ["cost", has(span.cost) ? money(span.cost, span.currency) : ""],
      ["first chunk", has(a["gen_ai.response.time_to_first_chunk"]) ? duration(Number(a["gen_ai.response.time_to_first_chunk"]) * 1000) : ""],
      ["model", a["gen_ai.response.model"] ?? a["gen_ai.request.model"]],
    ]));
    parts.push(...content(a));
    parts.push(section("Events", ...span.events.map((event) => happened(event))));
    parts.push(section("Links", ...span.links.map((link) => linked(link)), ...(linkedFrom.get(`${trace.id}/${span.id}`) ?? []).map((from) => go(from, `← linked from ${from.span.name} · trace ${from.trace.id}`))));
    parts.push(section("Attributes", table(a)));
    parts.push(folded("Resource", table(data.resources[span.resource])));
    return parts;
  };

  const traceDetails = ({ trace, turn }) => {
    const root = trace.spans[0];
    return [
      el("h2", "", trace.name),
      el("p", "under", [turn ? `turn ${turn}` : "", moment(trace.start), `trace ${trace.id}`].filter(Boolean).join(" · ")),
      facts([["conversation", trace.conversation], ...sumFacts(trace.sums)]),
      root.error ? el("div", "problem", `✗ ${root.error}`) : null,
      ...content(root.attributes),
      section("Errors", ...trace.spans.filter((span) => span.error).slice(0, 20).map((span) => go(spanRows.get(`${trace.id}/${span.id}`), `✗ ${span.name}: ${span.error}`))),
    ];
  };
  const sumFacts = (sums) => [["time", duration(sums.duration)], ["spans", number(sums.spans)], ["errors", sums.errors || ""], ["tokens in", has(sums.input) ? number(sums.input) : ""], ["tokens out", has(sums.output) ? number(sums.output) : ""], ["cost", costs(sums)]];

  const groupDetails = (each) => {
    const turns = rows.filter((other) => other.parent === each && other.kind === "trace");
    return [
      el("h2", "", nameOf(each)),
      el("p", "under", `${count(turns.length, "turn")} in the order of their beginning`),
      facts(sumFacts(each.sums).map(([name, value]) => (name === "time" ? ["from first to last", value] : [name, value]))),
      ...turns.map((turn) => {
        const a = turn.trace.spans[0].attributes;
        const figures = [duration(turn.sums.duration), tokens(turn.sums), costs(turn.sums)].filter(Boolean).join(" · ");
        return section(`Turn ${turn.turn} · ${moment(turn.trace.start).slice(0, 19)}`, go(turn, `${turn.trace.name} · ${figures}`),
          turn.sums.errors ? el("div", "problem", `✗ ${count(turn.sums.errors, "error")}`) : null,
          ...said(listOf(a[MESSAGES]).slice(-1), ""), ...said(listOf(a[ANSWERS]), "answer"));
      }),
    ];
  };

  const SHOWN = new Set([MESSAGES, ANSWERS, "gen_ai.system_instructions", "gen_ai.tool.definitions", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "gen_ai.retrieval.documents", "gen_ai.retrieval.query.text", "langspan.retrieval.document_texts", "langchain.input", "langchain.output", "langchain.text"]);
  const table = (attributes) => {
    const body = el("tbody", "");
    for (const key of Object.keys(attributes).sort()) {
      const name = el("th", "", key), value = el("td", "");
      if (SHOWN.has(key)) value.append(folded("shown above", long(attributes[key], "")));
      else value.append(long(attributes[key], ""));
      if (searched && key.toLowerCase().includes(searched)) name.classList.add("hit");
      if (searched && text(attributes[key]).toLowerCase().includes(searched)) value.classList.add("hit");
      body.append(el("tr", "", name, value));
    }
    return body.children.length ? el("table", "", body) : null;
  };
  const happened = (event) => {
    const { "exception.stacktrace": stack, "exception.message": message, "exception.type": type, ...rest } = event.attributes;
    return el("div", "block", el("b", "", event.name), el("span", "aside", `at ${duration(event.at)}`),
      type || message ? el("div", "said", [type, message].filter(has).map(text).join(": ")) : null,
      stack ? folded("Stack", long(stack, "")) : null, table(rest));
  };
  const linked = (link) => {
    const there = spanRows.get(`${link.trace}/${link.span}`);
    const words = there ? `→ ${there.span.name} · trace ${link.trace}` : `→ span ${link.span} of trace ${link.trace}, which is not in this file`;
    const rest = table(link.attributes);
    return el("div", "", there ? go(there, words) : el("p", "under", words), rest);
  };

  // -- what was said

  const listOf = (value) => {
    const found = decoded(value);
    return Array.isArray(found) ? found : has(found) && found !== "" ? [found] : [];
  };
  const content = (a) => [
    section("Query", a["gen_ai.retrieval.query.text"] ? el("div", "block", long(a["gen_ai.retrieval.query.text"])) : null),
    section("Conversation", ...instructions(a["gen_ai.system_instructions"]), ...said(listOf(a[MESSAGES]), ""), ...said(listOf(a[ANSWERS]), "answer")),
    section("Tools offered", ...offered(a["gen_ai.tool.definitions"])),
    section("Arguments", has(a["gen_ai.tool.call.arguments"]) ? json(a["gen_ai.tool.call.arguments"]) : null),
    section("Result", has(a["gen_ai.tool.call.result"]) ? json(a["gen_ai.tool.call.result"]) : null),
    section("Documents", ...documents(a)),
    section("Input", has(a["langchain.input"]) ? json(a["langchain.input"]) : null),
    section("Output", has(a["langchain.output"]) ? json(a["langchain.output"]) : null),
    section("Text", has(a["langchain.text"]) ? el("div", "block", long(a["langchain.text"])) : null),
  ];
  const instructions = (value) => {
    const parts = listOf(value);
    return parts.length ? [message({ role: "system", parts })] : [];
  };
  const said = (messages, className) => messages.map((each) => message(each && typeof each === "object" ? each : { role: "", parts: [each] }, className));
  const ROLES = new Set(["user", "assistant", "tool", "system"]);
  const message = (each, className = "") => {
    const role = each.role === "human" ? "user" : each.role === "ai" ? "assistant" : typeof each.role === "string" ? each.role : "";
    const parts = Array.isArray(each.parts) ? each.parts : listOf(each.content ?? each.text ?? each);
    const who = [role || "message", each.name, each.finish_reason && each.finish_reason !== "stop" ? `ended with ${text(each.finish_reason)}` : ""].filter(Boolean).map(text).join(" · ");
    return el("div", `message ${ROLES.has(role) ? role : ""} ${className}`, el("div", "who", who), ...parts.map((one) => el("div", "part", part(one))));
  };
  const call = (what, id, value, bad = false) => el("div", bad ? "call bad" : "call", el("div", "what", what, id ? el("small", "", ` ${text(id)}`) : null), has(value) ? long(decoded(value), "") : null);
  const MEDIA = new Set(["blob", "uri", "file", "image", "audio", "video", "document"]);
  const part = (one) => {
    if (!one || typeof one !== "object") return long(has(one) ? one : "");
    if (one.type === "text") return long(one.content ?? one.text ?? "");
    if (one.type === "reasoning") return folded("reasoning", long(one.content ?? ""));
    if (one.type === "tool_call") return call(`calls ${text(one.name ?? "")}`, one.id, one.arguments);
    if (one.type === "tool_call_response") return call(one.status === "error" ? "answers with an error" : "answers", one.id, one.response ?? one.result, one.status === "error");
    if (one.type === "server_tool_call") return call(`the provider runs ${text(one.name ?? "")}`, one.id, one.server_tool_call);
    if (one.type === "server_tool_call_response") return call("the provider's tool answers", one.id, one.server_tool_call_response);
    if (MEDIA.has(one.type) || one.mime_type || one.modality) return reference(one);
    if (one.type === "refusal") return el("div", "problem", text(one.content ?? ""));
    return long(one, "");
  };
  const reference = (one) => {
    const { type, modality, mime_type: mime, content: bytes, ...rest } = one;
    const words = [modality ?? type, mime, typeof bytes === "string" && bytes ? `${number(bytes.length)} characters of data, not shown` : null];
    for (const [key, value] of Object.entries(rest)) words.push(`${key} ${text(value).slice(0, 300)}`);
    return el("div", "reference", words.filter(has).map(text).join(" · "));
  };
  const offered = (value) => {
    const list = listOf(value).map((each) => (each && typeof each === "object" ? each : { name: text(each) }));
    return list.map((each) => folded([each.name ?? each.function?.name ?? "tool", each.description].filter(has).map(text).join(" · ").slice(0, 200), json(each)));
  };
  const documents = (a) => {
    const texts = listOf(a["langspan.retrieval.document_texts"]);
    const found = listOf(a["gen_ai.retrieval.documents"]);
    const length = Math.max(texts.length, found.length);
    return Array.from({ length }, (_, n) => el("div", "block", el("b", "", `${n + 1}`), has(found[n]) ? long(found[n], "") : null, has(texts[n]) ? long(texts[n]) : null));
  };

  // -- begin

  const shown = {
    tokens: data.traces.some((trace) => has(trace.sums.input) || trace.spans.some((span) => has(span.input))),
    cost: data.traces.some((trace) => trace.spans.some((span) => has(span.cost))),
  };
  $("left").classList.toggle("tokens", shown.tokens);
  $("left").classList.toggle("cost", shown.cost);
  $("columns").append(...["span", "when", "time", ...(shown.tokens ? ["tokens in → out"] : []), ...(shown.cost ? ["cost"] : [])].map((title) => el("span", "", title)));
  $("title").textContent = data.title;
  const sum = { spans: 0, errors: 0, input: null, output: null, money: new Map() };
  for (const { sums } of data.groups) {
    sum.spans += sums.spans;
    sum.errors += sums.errors;
    for (const key of ["input", "output"]) if (has(sums[key])) sum[key] = (sum[key] ?? 0) + sums[key];
    for (const [currency, amount] of sums.cost) sum.money.set(currency, (sum.money.get(currency) ?? 0) + amount);
  }
  const totals = [count(data.traces.length, "trace"), count(sum.spans, "span")];
  if (tokens(sum)) totals.push(`${tokens(sum)} tokens`);
  if (sum.money.size) totals.push(costs({ cost: [...sum.money] }));
  $("totals").append(totals.join(" · "), sum.errors ? " · " : "", sum.errors ? el("span", BAD, count(sum.errors, "error")) : "");
  refresh();
  choose(visible[0]);
  tree.focus({ preventScroll: true });
})();
