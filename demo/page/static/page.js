// The workspace: who you are, where you look, and what you do there. Everything shown comes from the server.

import { Composer } from "./composer.js";
import { Lists, focusIn } from "./lists.js";
import { theme, toggle } from "./looks.js";
import { addressed, toldBy } from "./links.js";
import { Window, ask, once } from "./windows.js";

const $ = (id) => document.getElementById(id);
const person = $("person");
const lists = new Lists();
const seen = new Map();
let place = "channel:C0GENERAL";
let thread = "";
let source = null;

async function post(path, given) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(given),
    });
    return response.ok ? await response.json() : { problem: await response.text() };
  } catch {
    return { problem: "The demo was ended. Start it again with make demo." };
  }
}

async function act(given) {
  const told = await post("/do", { as: person.value, ...given });
  problem(told.problem ?? "");
  return told;
}

// Said where it can be seen: a window covers all else.
function problem(words) {
  if ($("window").open) modal.tell(words);
  $("problem").textContent = words;
  $("problem").hidden = !words;
}

const modal = new Window(act);

// --- what is shown -------------------------------------------------------------------------------------------------

function follow(list, draw) {
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  if (draw() && isAtEnd) list.scrollTop = list.scrollHeight;
}

function show(names) {
  if (names.includes("places")) lists.draw(lists.of("places"), $("places"));
  for (const button of document.querySelectorAll(".place")) mark(button);
  if (place === "home") drawHome();
  else follow($("messages"), () => lists.draw(lists.of(place), $("messages")));
  follow($("replies"), () => lists.draw(replies(), $("replies")));
  const hasThread = replies().keys.length > 0;
  $("thread").hidden = !hasThread;
  $("frame").classList.toggle("in-thread", hasThread);
  if (names.includes("modal")) modal.show(lists.of("modal"));
  for (const name of ["wire", "trail", "complaints"]) {
    if (names.includes(name)) follow($(name), () => lists.draw(lists.of(name), $(name)));
  }
}

// A thread that nobody has answered in yet is its message alone.
function replies() {
  const list = lists.of(thread);
  const [, channel, ts] = thread.split(":");
  const message = lists.of(`channel:${channel}`).html[ts];
  return list.keys.length || !message ? list : { keys: [ts], html: { [ts]: message } };
}

function drawHome() {
  const { keys, html } = lists.of("home");
  const drawn = html[keys[0]] ?? '<p class="nothing">The Home tab is drawn when you open it.</p>';
  if ($("home").html === drawn) return;
  const had = focusIn($("home"));
  $("home").innerHTML = drawn;
  $("home").html = drawn;
  had?.($("home"));
}

// Channels with something new since one looked are bold.
function mark(button) {
  const name = button.dataset.place;
  const newest = lists.of(name).keys.at(-1) ?? "";
  const isOpen = name === place;
  if (isOpen || !seen.has(name)) seen.set(name, newest);
  button.classList.toggle("is-open", isOpen);
  if (isOpen) button.setAttribute("aria-current", "page");
  else button.removeAttribute("aria-current");
  const isNew = newest > (seen.get(name) ?? "");
  button.classList.toggle("is-new", isNew);
}

function open(name, { focus = true } = {}) {
  const isHome = name === "home";
  place = name;
  const button = document.querySelector(`.place[data-place="${CSS.escape(name)}"]`);
  $("channel-title").textContent = isHome ? "confirm-safe: Home" : (button?.querySelector(".place-name").textContent ?? "");
  $("messages").hidden = isHome;
  $("home").hidden = !isHome;
  $("composer").hidden = isHome;
  $("frame").classList.add("in-channel");
  problem("");
  composer.go(`${person.value} ${name}`);
  if (isHome) act({ do: "home" });
  else $("messages").replaceChildren();
  show([]);
  $("messages").scrollTop = $("messages").scrollHeight;
  if (focus) $("channel-title").focus();
  remember();
}

function openThread(name) {
  thread = name;
  reply.go(`${person.value} ${name}`);
  $("replies").replaceChildren();
  show([]);
  if (name) {
    $("replies").scrollTop = $("replies").scrollHeight;
    $("reply-text").focus();
  }
  remember();
}

function remember() {
  const hash = `#${[person.value, place, thread].filter(Boolean).join("/")}`;
  if (location.hash !== hash) history.replaceState(null, "", hash);
}

// --- what the server tells ------------------------------------------------------------------------------------------

function connect() {
  source?.close();
  lists.known.clear();
  seen.clear();
  source = new EventSource(`/events?as=${person.value}`);
  let isFirst = true;
  source.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    for (const [name, list] of Object.entries(told.lists)) lists.take(name, list);
    for (const [name, isOn] of Object.entries(told.troubles ?? {})) {
      document.querySelector(`[data-trouble="${name}"]`).setAttribute("aria-checked", String(isOn));
    }
    if (isFirst) settle();
    isFirst = false;
    show(Object.keys(told.lists));
    document.documentElement.dataset.ready = person.value;
  });
  source.addEventListener("open", () => ($("connection").hidden = true));
  source.addEventListener("error", () => {
    isFirst = true;
    $("connection").textContent = "The demo does not answer. Start it again with make demo.";
    $("connection").hidden = false;
  });
}

// Somebody else may not be in the channel that was open.
function settle() {
  lists.draw(lists.of("places"), $("places"));
  if (place !== "home" && !lists.of("places").keys.includes(place.replace("channel:", ""))) place = "";
  if (!thread.startsWith("thread:") || !replies().keys.length) thread = "";
  open(place || $("places").querySelector(".place")?.dataset.place, { focus: false });
}

// --- what people do -------------------------------------------------------------------------------------------------

async function press(button, on, message) {
  if (button.dataset.confirm && !(await ask(JSON.parse(button.dataset.confirm)))) return;
  const where = message ? { channel: message.dataset.channel, ts: message.dataset.ts } : {};
  const entered = on === "modal" ? modal.entered() : {};
  const { action, value = "" } = button.dataset;
  await once(button, () => act({ do: "press", on, ...where, action, value, entered }));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button, a");
  if (!button) return;
  const linked = addressed(button.href ?? "");
  if (linked) {
    event.preventDefault();
    follows(linked);
    return;
  }
  const message = button.closest(".message");
  if (button.dataset.action && button.tagName === "BUTTON") {
    const on = button.closest("#window") ? "modal" : button.closest("#home") ? "home" : "message";
    press(button, on, message);
  } else if (button.dataset.place) {
    openThread("");
    open(button.dataset.place);
  } else if (button.dataset.do === "thread") openThread(`thread:${message.dataset.channel}:${message.dataset.ts}`);
  else if (button.dataset.do) act({ do: button.dataset.do, channel: message.dataset.channel, ts: message.dataset.ts });
  else if (button.dataset.trouble) trouble(button);
});

async function trouble(button) {
  const isOn = button.getAttribute("aria-checked") !== "true";
  const told = await once(button, () => post("/trouble", { name: button.dataset.trouble, on: isOn }));
  problem(told?.problem ?? "");
}

// A link to a message leads to it here, and nowhere else.
function follows({ channel, ts, parent }) {
  const name = `channel:${channel}`;
  if (!lists.of("places").keys.includes(channel)) return problem("You aren't in that channel.");
  openThread("");
  open(name);
  openThread(parent ? `thread:${channel}:${parent}` : "");
  const shown = document.querySelector(`#${parent ? "replies" : "messages"} [data-key="${CSS.escape(ts)}"]`);
  if (!shown) return problem("That message is gone.");
  shown.tabIndex = -1;
  shown.scrollIntoView({ block: "center" });
  shown.focus({ preventScroll: true });
  return undefined;
}

const composer = new Composer($("composer"), {
  send: (text) => act({ do: "write", channel: place.replace("channel:", ""), text }),
  complete: async (text) => (await act({ do: "complete", text })).completions ?? [],
});
const reply = new Composer($("reply"), {
  send: (text) => {
    const [, channel, ts] = thread.split(":");
    return act({ do: "write", channel, thread: ts, text });
  },
});

person.addEventListener("change", () => {
  thread = "";
  connect();
});
$("shortcut").addEventListener("click", () => act({ do: "shortcut" }));
$("close-thread").addEventListener("click", () => {
  openThread("");
  $("channel-title").focus();
});
$("back").addEventListener("click", () => {
  $("frame").classList.remove("in-channel");
  document.querySelector(".place.is-open")?.focus();
});

// --- looks ----------------------------------------------------------------------------------------------------------

theme();
toggle("phone", false, (on) => document.body.classList.toggle("on-phone", on));
toggle("show-drawer", innerWidth > 1100, (on) => ($("drawer").hidden = !on));

const tabs = [...document.querySelectorAll("[role=tab]")];
for (const [n, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    const next = tabs[(n + 1) % tabs.length];
    choose(next);
    next.focus();
  });
}

function choose(chosen) {
  for (const tab of tabs) {
    const isIt = tab === chosen;
    tab.setAttribute("aria-selected", String(isIt));
    tab.tabIndex = isIt ? 0 : -1;
    const panel = $(tab.getAttribute("aria-controls"));
    panel.hidden = !isIt;
    if (isIt) panel.scrollTop = panel.scrollHeight;
  }
}

// --- begin ----------------------------------------------------------------------------------------------------------

const [who, where, what] = toldBy(location.hash);
if ([...person.options].some((option) => option.value === who)) person.value = who;
if (where) place = where;
if (what) thread = what;
connect();
