// The message field: Enter sends, arrows and Tab take a completion.

export class Composer {
  constructor(form, { send, complete }) {
    this.form = form;
    this.input = form.querySelector("textarea");
    this.list = form.querySelector("[role=listbox]");
    this.complete = complete;
    this.place = "";
    this.drafts = new Map();
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = this.input.value;
      if (!text.trim()) return;
      this.fill("");
      const told = await send(text);
      if (told.problem && !this.input.value) this.fill(text);
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    if (!this.list) return;
    this.input.addEventListener("input", () => this.offer());
    this.input.addEventListener("blur", () => this.hide());
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) this.take(option);
    });
  }

  // What was typed in one place waits there.
  go(place) {
    if (place === this.place) return;
    this.drafts.set(this.place, this.input.value);
    this.place = place;
    this.fill(this.drafts.get(place) ?? "");
  }

  fill(text) {
    this.input.value = text;
    this.grow();
    this.hide();
  }

  grow() {
    this.input.style.height = "auto";
    const tall = this.input.scrollHeight; // 0 while it is not shown
    if (tall) this.input.style.height = `${Math.min(tall, 160)}px`;
  }

  async offer() {
    this.grow();
    const text = this.input.value;
    if (!text.startsWith("/")) return this.hide();
    const found = await this.complete(text);
    if (text !== this.input.value) return undefined;
    if (!found.length) return this.hide();
    this.list.replaceChildren(
      ...found.map((words, n) => {
        const option = document.createElement("li");
        option.id = `completion-${n}`;
        option.setAttribute("role", "option");
        option.dataset.text = words;
        option.textContent = words;
        return option;
      }),
    );
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    return undefined;
  }

  hide() {
    if (!this.list) return;
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const isOpen = this.list && !this.list.hidden;
    const options = isOpen ? [...this.list.children] : [];
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (isOpen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.select(options, (at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length);
    } else if (isOpen && event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      this.take(options[Math.max(at, 0)]);
    } else if (isOpen && event.key === "Escape") {
      event.preventDefault();
      this.hide();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (isOpen && at >= 0) this.take(options[at]);
      else this.form.requestSubmit();
    }
  }

  select(options, next) {
    for (const [n, option] of options.entries()) option.setAttribute("aria-selected", String(n === next));
    options[next].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", options[next].id);
  }

  take(option) {
    this.input.value = option.dataset.text;
    this.input.focus();
    this.offer();
  }
}
