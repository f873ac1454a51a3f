// Keeps lists on the page as the server tells them: by key, so that focus, open details and scrolling stay.

const template = document.createElement("template");

function node(html) {
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
}

function place(parent, fresh, old) {
  const focused = old?.contains(document.activeElement) ? document.activeElement : null;
  if (old) {
    for (const [n, detail] of old.querySelectorAll("details").entries()) {
      const again = fresh.querySelectorAll("details")[n];
      if (again) again.open = detail.open;
    }
    old.replaceWith(fresh);
  }
  if (focused) again(fresh, focused)?.focus({ preventScroll: true });
}

// What had the focus before the same thing was drawn anew.
function again(fresh, focused) {
  const { action, value, do: does } = focused.dataset;
  const all = [...fresh.querySelectorAll("button, a, input, summary")];
  return (
    all.find((one) => one.dataset.action === action && one.dataset.value === value && one.dataset.do === does) ??
    all.find((one) => one.tagName === focused.tagName)
  );
}

export class Lists {
  constructor() {
    this.known = new Map();
  }

  take(name, { keys, html }) {
    const before = this.known.get(name)?.html ?? {};
    const now = Object.fromEntries(keys.map((key) => [key, html[key] ?? before[key]]));
    this.known.set(name, { keys, html: now });
  }

  of(name) {
    return this.known.get(name) ?? { keys: [], html: {} };
  }

  // Returns whether anything was added at the end.
  draw(name, parent) {
    const { keys, html } = this.of(name);
    const there = new Map([...parent.children].map((child) => [child.dataset.key, child]));
    let before = null;
    let isLonger = false;
    for (const key of keys) {
      const old = there.get(key);
      there.delete(key);
      let child = old;
      if (!old || old.html !== html[key]) {
        child = node(html[key]);
        child.dataset.key = key;
        child.html = html[key];
        place(parent, child, old);
        isLonger ||= !old;
      }
      const next = before ? before.nextElementSibling : parent.firstElementChild;
      if (child !== next) parent.insertBefore(child, next);
      before = child;
    }
    for (const gone of there.values()) gone.remove();
    return isLonger;
  }
}
