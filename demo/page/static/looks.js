// Switches that are remembered: dark or light, wide or narrow.

export function toggle(id, isOn, apply) {
  const button = document.getElementById(id);
  const set = (on) => {
    button.setAttribute("aria-pressed", String(on));
    apply(on);
    try {
      localStorage.setItem(id, on ? "1" : "");
    } catch {
      // Nothing is remembered then.
    }
  };
  button.addEventListener("click", () => set(button.getAttribute("aria-pressed") !== "true"));
  let kept = null;
  try {
    kept = localStorage.getItem(id);
  } catch {
    // As if nothing had been kept.
  }
  set(kept === null ? isOn : kept === "1");
}

export function theme() {
  toggle("theme", matchMedia("(prefers-color-scheme: dark)").matches, (on) => {
    document.documentElement.dataset.theme = on ? "dark" : "light";
  });
}
