// Keeps lists on the page as the server tells them: by key, so that focus, open details and scrolling stay.

const template = document.createElement("template");

function node(html) {
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
}

function place(fresh, old) {
  if (!old) return;
  const had = focusIn(old);
  for (const [n, detail] of old.querySelectorAll("details").entries()) {
    const again = fresh.querySelectorAll("details")[n];
    if (again) again.open = detail.open;
  }
  old.replaceWith(fresh);
  had?.(fresh);
}

// What gives the focus back where the same thing is drawn anew. Where it is gone nothing beside it gets the focus, which
// a second Enter would press, but the whole.
export function focusIn(root, whole = (fresh) => fresh) {
  const one = document.activeElement;
  if (!root.contains(one)) return null;
  if (one === root) return focusOn;
  const { action, value, do: does } = one.dataset;
  const { selectionStart: start, selectionEnd: end } = one.matches("textarea, input[type=text]") ? one : {};
  const isLike = (other) =>
    other.tagName === one.tagName && other.dataset.action === action && other.dataset.do === does;
  const isSame = (other) =>
    isLike(other) && ["id", "value", "textContent"].every((name) => other[name] === one[name]) && other.dataset.value === value;
  return (fresh) => {
    const all = [...fresh.querySelectorAll("button, a, input, select, textarea, summary, [tabindex]")];
    const named = one.id ? all.find((other) => other.id === one.id) : null;
    const acts = action || does ? all.find(isLike) : null;
    const again = named ?? all.find(isSame) ?? acts;
    if (again) again.focus({ preventScroll: true });
    else focusOn(whole(fresh));
    if (again && start !== undefined) again.setSelectionRange(start, end);
  };
}

function focusOn(whole) {
  if (!whole.hasAttribute("tabindex")) whole.tabIndex = -1;
  whole.focus({ preventScroll: true });
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
  draw({ keys, html }, parent) {
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
        place(child, old);
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
