"use strict";
// What pages do beyond showing: they stay true, sort, filter, select, and send what is asked for.
// Everything they do is asked of where they came from.

const find = (selector, within = document) => [...within.querySelectorAll(selector)];
const element = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
};

let saying;
function say(text, bad) {
  const place = document.getElementById("said");
  place.textContent = text;
  place.className = bad ? "bad" : "";
  place.hidden = false;
  clearTimeout(saying);
  saying = setTimeout(() => { place.hidden = true; }, bad ? 12000 : 4000);
}

// What was said is said on the page that comes next.
function go(address, text) {
  sessionStorage.setItem("said", text);
  location.href = address;
}

// Who uses the keyboard stays where they are when what they are at is moved, or replaced by `fresh`.
const means = (it) => [it.tagName, it.name, it.href, it.dataset.post, it.dataset.state, it.dataset.select === undefined ? "" : it.value].join();
function keepFocus(change, fresh) {
  const had = document.activeElement;
  change();
  if (had === document.activeElement) return;
  const has = had.isConnected ? had : find("a, button, input", fresh).find((it) => means(it) === means(had));
  has?.focus({ preventScroll: true });
}

// --- tables: order, filter, selection

const value = (row, key) => {
  const cell = row.querySelector(`[data-k="${key}"]`);
  const text = cell ? cell.dataset.v ?? cell.textContent : "";
  return text !== "" && !isNaN(text) ? Number(text) : text.toLowerCase();
};

function order(body) {
  const wanted = body.dataset.sort;
  if (!wanted) return;
  const down = wanted.startsWith("-");
  const key = down ? wanted.slice(1) : wanted;
  const compare = (a, b) => {
    const [left, right] = [value(a, key), value(b, key)];
    if (typeof left !== typeof right) return typeof left === "number" ? -1 : 1;
    return (left < right ? -1 : left > right ? 1 : 0) * (down ? -1 : 1);
  };
  const rows = [...body.children];
  const sorted = [...rows].sort(compare);
  if (sorted.some((row, at) => row !== rows[at])) keepFocus(() => body.append(...sorted));
  for (const head of find("th[data-key]", body.parentElement)) {
    const by = head.dataset.key === key;
    by ? head.setAttribute("aria-sort", down ? "descending" : "ascending")
       : head.removeAttribute("aria-sort");
  }
}

function filter(body) {
  const text = (document.querySelector(`[data-filter="${body.id}"]`)?.value ?? "").toLowerCase();
  const states = find(`button.on[data-only="${body.id}"]`).map((it) => it.dataset.state);
  for (const row of body.children) {
    const fits = (!states.length || states.includes(row.dataset.state))
      && (!text || row.textContent.toLowerCase().includes(text));
    row.hidden = !fits;
  }
}

function press(button, on) {
  button.classList.toggle("on", on);
  button.setAttribute("aria-pressed", on);
}

const selected = () => find("tr:not([hidden]) input[data-select]:checked").map((it) => it.value);

function settle() {
  for (const body of find("[data-list]")) { order(body); filter(body); }
  const count = selected().length;
  for (const it of find("[data-with-selection]")) it.disabled = count === 0;
  for (const it of find("[data-selected]")) it.textContent = count ? `${count} selected` : "";
}

// --- live

function put({ id, within, html }) {
  const fresh = element(html);
  const old = document.getElementById(id);
  if (!old) return document.getElementById(within)?.append(fresh);
  // What somebody is typing into stays.
  if (old.contains(document.activeElement) && document.activeElement.matches("input:not([type=checkbox]), textarea, select")) return;
  const checked = new Set(find("input:checked", old).map((it) => it.value));
  for (const it of find("input[type=checkbox]", fresh)) it.checked ||= checked.has(it.value);
  const only = new Set(find("button.on", old).map((it) => it.dataset.state));
  for (const it of find("button[data-only]", fresh)) press(it, only.has(it.dataset.state));
  keepFocus(() => old.replaceWith(fresh), fresh);
}

function follow(url) {
  const source = new EventSource(url);
  const lost = document.getElementById("lost");
  source.onmessage = (event) => {
    lost.hidden = true;
    const change = JSON.parse(event.data);
    if (change.all) {
      const known = new Set(change.put.map((it) => it.id));
      for (const it of find("[data-list] > [id]")) if (!known.has(it.id)) it.remove();
    }
    for (const id of change.gone) document.getElementById(id)?.remove();
    change.put.forEach(put);
    settle();
  };
  source.onerror = () => {
    lost.hidden = false;
    // It comes back by itself from a line that broke, and not from an answer that was none.
    if (source.readyState === EventSource.CLOSED) setTimeout(comeBack, 3000);
  };
}

// Loads the page anew once it is there again, or asks for the password.
async function comeBack() {
  const answer = await fetch(location.href, { headers: { "X-Prb-Script": "1" } }).catch(() => null);
  if (answer?.status === 401) location.href = "/login";
  else if (answer?.ok) location.reload();
  else setTimeout(comeBack, 3000);
}

// --- asking for something

async function ask(url, message) {
  let answer;
  try {
    answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Prb-Script": "1" },
      body: JSON.stringify(message),
    });
  } catch {
    throw new Error("the monitor does not answer");
  }
  if (answer.status === 401) { location.href = "/login"; return null; }
  const told = await answer.json().catch(() => ({ hasError: true, error: {} }));
  if (told.hasError || !answer.ok) {
    throw new Error(told.error?.message || "no answer came; see the monitor's log");
  }
  return told;
}

// `pools.0.pid` is the field pid of the first of pools.
function message(form) {
  const whole = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    const set = field.type === "checkbox" ? field.checked
      : "many" in field.dataset ? field.value.split(",").map((it) => it.trim()).filter(Boolean)
      : field.value;
    if (set === "" && !("keep" in field.dataset)) continue;
    const path = field.name.split(".");
    const last = path.pop();
    let place = whole;
    path.forEach((step, at) => {
      place = place[step] ??= /^\d+$/.test(path[at + 1] ?? last) ? [] : {};
    });
    place[last] = set;
  }
  return whole;
}

// Why something was not done stands in the form until it is tried again.
function complain(holder, text) {
  if (!holder.matches("form")) return say(text, true);
  const place = element('<p class="trouble" role="alert"></p>');
  place.textContent = text;
  holder.append(place);
}

async function act(holder, body) {
  if (holder.dataset.confirm && !confirm(holder.dataset.confirm)) return;
  const buttons = holder.matches("form") ? find("button", holder) : [holder];
  const show = holder.dataset.show && document.getElementById(holder.dataset.show);
  buttons.forEach((it) => { it.disabled = true; });
  for (const it of find(":scope > .trouble", holder)) it.remove();
  show?.replaceChildren();
  try {
    const told = await ask(holder.dataset.post, body);
    if (!told) return;
    const text = told.said ?? holder.dataset.said ?? "done";
    if (holder.dataset.then) { go(holder.dataset.then, text); return; }
    say(text);
    if (show && told.html) show.append(element(told.html));
  } catch (error) {
    complain(holder, error.message);
  } finally {
    buttons.forEach((it) => { it.disabled = false; });
    settle();
  }
}

document.addEventListener("click", (event) => {
  const it = event.target.closest("button");
  if (!it) return;
  if (it.dataset.post) {
    act(it, "withSelection" in it.dataset ? { ids: selected() } : JSON.parse(it.dataset.body ?? "{}"));
  } else if (it.dataset.only) {
    press(it, !it.classList.contains("on"));
    settle();
  } else if (it.dataset.sort) {
    const body = document.getElementById(it.dataset.rows);
    body.dataset.sort = body.dataset.sort === it.dataset.sort ? `-${it.dataset.sort}` : it.dataset.sort;
    settle();
  }
});
document.addEventListener("submit", (event) => {
  if (!event.target.dataset.post) return;
  event.preventDefault();
  act(event.target, message(event.target));
});
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-filter]")) settle();
});
document.addEventListener("change", (event) => {
  const it = event.target;
  if (it.matches("[data-select-all]")) {
    for (const box of find(`#${it.dataset.selectAll} tr:not([hidden]) input[data-select]`)) box.checked = it.checked;
  }
  if (it.matches("[type=file][data-into]")) {
    it.files[0]?.text().then((text) => { document.getElementById(it.dataset.into).value = text; });
  }
  if (it.matches("[type=checkbox]")) settle();
});

settle();
const left = sessionStorage.getItem("said");
sessionStorage.removeItem("said");
if (left) say(left);
const live = document.body.dataset.live;
if (live) follow(live);
