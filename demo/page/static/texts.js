// All texts: in either theme, at a phone's width or wide. Nothing in them can be pressed.

import { theme, toggle } from "./looks.js";

theme();
toggle("wide", false, (on) => document.body.classList.toggle("is-wide", on));
for (const field of document.querySelectorAll(".gallery :is(button, input, select, textarea)")) field.tabIndex = -1;
