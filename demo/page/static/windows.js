// Modals as Slack has them: fields, lists whose options the app gives, errors at their fields, and confirmations.

import { focusIn } from "./lists.js";

const modal = document.getElementById("window");
const confirmation = document.getElementById("confirm");

export function ask(words) {
  document.getElementById("confirm-title").textContent = words.title;
  document.getElementById("confirm-text").innerHTML = `<div class="sl-blocks">${words.text}</div>`;
  document.getElementById("confirm-no").textContent = words.deny;
  const yes = document.getElementById("confirm-yes");
  yes.textContent = words.confirm;
  yes.className = `sl-button ${words.style === "danger" ? "sl-danger" : "sl-primary"}`;
  confirmation.returnValue = "";
  confirmation.showModal();
  return new Promise((resolve) =>
    confirmation.addEventListener("close", () => resolve(confirmation.returnValue === "yes"), { once: true }),
  );
}

function fields(root) {
  return [...root.querySelectorAll("[data-kind]")];
}

function read(field) {
  switch (field.dataset.kind) {
    case "checkboxes":
      return [...field.querySelectorAll("input:checked")].map((box) => box.value);
    case "multi_external_select":
      return chipsOf(field).map((chip) => chip.dataset.value);
    default:
      return field.value || null;
  }
}

// Does it unless it is being done; a button that is disabled meanwhile would lose the focus.
export async function once(button, doing) {
  if (button.getAttribute("aria-disabled") === "true") return null;
  button.setAttribute("aria-disabled", "true");
  const told = await doing();
  button.removeAttribute("aria-disabled");
  return told;
}

const bodyOf = (window) => window.querySelector(".window-body");
const nameOf = (field) => field.getAttribute("name");
const chipsOf = (field) => [...field.querySelectorAll(".sl-chip")];
const keyOf = (field) => `${field.closest("[data-block]")?.dataset.block} ${nameOf(field)}`;

export class Window {
  constructor(act) {
    this.act = act;
    this.key = "";
    this.wrong = {};
    modal.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
    modal.addEventListener("click", (event) => {
      if (event.target.closest("[data-close]")) this.close();
      const remove = event.target.closest(".sl-chip-remove");
      if (remove) drop(remove.closest("[data-kind]"), remove.closest(".sl-chip"));
    });
    modal.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    modal.addEventListener("input", (event) => this.search(event.target));
    modal.addEventListener("focusin", (event) => this.search(event.target));
    modal.addEventListener("focusout", (event) => this.leave(event));
    modal.addEventListener("keydown", (event) => this.keys(event));
    modal.addEventListener("mousedown", (event) => this.point(event));
  }

  entered() {
    return Object.fromEntries(fields(modal).map((field) => [nameOf(field), read(field)]));
  }

  // The key is the window's id, and what changes with what the app shows in it.
  show({ keys, html }) {
    const [key] = keys;
    if (!key) {
      this.key = "";
      if (modal.open) this.shut();
      return;
    }
    if (key === this.key) return;
    const isSame = key.split(" ")[0] === this.key.split(" ")[0];
    const kept = isSame ? new Map(fields(modal).map((field) => [keyOf(field), this.keep(field)])) : new Map();
    const had = isSame ? focusIn(modal, bodyOf) : null;
    const top = isSame ? bodyOf(modal)?.scrollTop : 0;
    this.key = key;
    modal.innerHTML = html[key];
    for (const field of fields(modal)) kept.get(keyOf(field))?.(field);
    if (!isSame) this.wrong = {};
    this.complain();
    if (!modal.open) this.open();
    bodyOf(modal).scrollTop = top;
    if (had) had(modal);
    else if (!isSame) bodyOf(modal).focus();
  }

  // The focus goes back to where it was, also if that was drawn anew behind the window.
  open() {
    const root = document.activeElement.closest("[data-key], #home");
    this.from = root ? { where: root.id ? `#${root.id}` : `[data-key="${CSS.escape(root.dataset.key)}"]`, had: focusIn(root) } : null;
    modal.showModal();
  }

  shut() {
    modal.close();
    const fresh = this.from && document.activeElement === document.body ? document.querySelector(this.from.where) : null;
    if (fresh) this.from.had(fresh);
  }

  // What was entered stays where block and action stay (docs.slack.dev/reference/views).
  keep(field) {
    const { kind } = field.dataset;
    const value = read(field);
    const chips = kind === "multi_external_select" ? chipsOf(field) : [];
    const typed = kind === "multi_external_select" ? field.querySelector("input").value : "";
    return (now) => {
      if (now.dataset.kind !== kind) return;
      if (kind === "checkboxes") {
        for (const box of now.querySelectorAll("input")) box.checked = value.includes(box.value);
      } else if (kind === "multi_external_select") {
        now.querySelector(".sl-chips").replaceChildren(...chips);
        now.querySelector("input").value = typed;
      } else if (value !== null) now.value = value;
    };
  }

  async close() {
    await this.act({ do: "close" });
  }

  async submit() {
    const submit = modal.querySelector("[type=submit]");
    if (!submit) return;
    const wrong = await once(submit, () => this.act({ do: "submit", entered: this.entered() }));
    if (!wrong) return;
    this.wrong = wrong;
    this.complain();
    modal.querySelector("[data-error-for]:not([hidden])")?.scrollIntoView({ block: "nearest" });
  }

  // What is wrong with what was sent last stays at its fields, also where the window is drawn anew.
  complain() {
    for (const note of modal.querySelectorAll("[data-error-for]")) {
      const words = this.wrong.errors?.[note.dataset.errorFor] ?? "";
      note.hidden = !words;
      note.textContent = words;
      const field = note.closest(".sl-input")?.querySelector("fieldset input, .sl-field");
      field?.setAttribute("aria-invalid", String(Boolean(words)));
    }
    const problem = modal.querySelector(".window-problem");
    if (!problem) return;
    problem.hidden = !this.wrong.problem;
    problem.textContent = this.wrong.problem ?? "";
  }

  // Says what went wrong with something that was done in the window.
  tell(words) {
    this.wrong = { ...this.wrong, problem: words };
    this.complain();
  }

  // A list whose options the app gives: asked for when it is entered, and while one types.
  async search(input) {
    const field = input.closest?.("[data-kind=multi_external_select]");
    if (!field || input.getAttribute("role") !== "combobox") return;
    const value = input.value;
    if (value.length < Number(field.dataset.minQuery)) return;
    const told = await this.act({ do: "suggest", action: nameOf(field), value, entered: this.entered() });
    if (input.value !== value || document.activeElement !== input) return;
    if (told.problem) {
      shut(field);
      return;
    }
    const chosen = read(field);
    const list = field.querySelector("[role=listbox]");
    list.replaceChildren(...(told.groups ?? []).flatMap((group) => groupOf(group, chosen)));
    if (!list.querySelector("[role=option]")) list.append(headingOf("No results"));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  }

  leave(event) {
    const field = event.target.closest("[data-kind=multi_external_select]");
    if (field && !field.contains(event.relatedTarget)) shut(field);
  }

  keys(event) {
    const field = event.target.closest("[data-kind=multi_external_select]");
    if (!field || event.target.getAttribute("role") !== "combobox") return;
    const options = [...field.querySelectorAll("[role=option]")];
    const at = options.findIndex((option) => "active" in option.dataset);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = options[(at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length];
      select(event.target, options, next);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (at >= 0) choose(field, options[at]);
    } else if (event.key === "Escape" && !field.querySelector("[role=listbox]").hidden) {
      event.preventDefault();
      event.stopPropagation();
      shut(field);
    } else if (event.key === "Backspace" && !event.target.value) {
      drop(field, chipsOf(field).at(-1));
    }
  }

  point(event) {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    event.preventDefault();
    choose(option.closest("[data-kind]"), option);
  }
}

let numbers = 0;

function groupOf({ label, options }, chosen) {
  const shown = options.map((option) => optionOf(option, chosen.includes(option.value)));
  return label ? [headingOf(label), ...shown] : shown;
}

function headingOf(words) {
  const heading = document.createElement("li");
  heading.className = "sl-group";
  heading.setAttribute("role", "presentation");
  heading.textContent = words;
  return heading;
}

function optionOf({ value, text }, isChosen) {
  const option = document.createElement("li");
  option.id = `option-${(numbers += 1)}`;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", String(isChosen));
  option.dataset.value = value;
  option.textContent = text;
  return option;
}

function select(input, options, next) {
  for (const option of options) delete option.dataset.active;
  if (!next) return;
  next.dataset.active = "";
  next.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", next.id);
}

function choose(field, option) {
  const most = Number(field.dataset.max ?? Infinity);
  const there = chipsOf(field).find((chip) => chip.dataset.value === option.dataset.value);
  if (there) drop(field, there);
  else if (chipsOf(field).length < most) {
    const chip = document.createElement("li");
    chip.className = "sl-chip";
    chip.dataset.value = option.dataset.value;
    const words = Object.assign(document.createElement("span"), { textContent: option.textContent });
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "sl-chip-remove" });
    remove.textContent = "×";
    remove.setAttribute("aria-label", `Remove ${option.textContent}`);
    chip.append(words, remove);
    field.querySelector(".sl-chips").append(chip);
  }
  const input = field.querySelector("input");
  input.value = "";
  shut(field);
  input.focus();
}

// What had the focus is gone with it.
function drop(field, chip) {
  chip?.remove();
  field.querySelector("input").focus();
}

function shut(field) {
  field.querySelector("[role=listbox]").hidden = true;
  const input = field.querySelector("input");
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}
