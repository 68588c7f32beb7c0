// The status page renews itself as the phone changes, and says when it can no longer do so.
// Everything else works without scripts.
"use strict";

const live = document.getElementById("live");

function made(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

function facts(rows) {
  if (!rows.some(([label]) => label)) {
    const list = document.createElement("ul");
    list.className = "plain";
    list.append(...rows.map(([, text]) => made("li", text)));
    return list;
  }
  const list = document.createElement("dl");
  list.className = "facts";
  for (const [label, text] of rows) {
    if (text) {
      list.append(made("dt", label), made("dd", text));
    }
  }
  return list;
}

// One section is touched only when it says something else: what is selected in it stays selected.
const said = new Map();

function show(sections) {
  const elements = sections.map(([title, rows]) => {
    const text = JSON.stringify(rows);
    const known = said.get(title);
    if (known && known.text === text) {
      return known.element;
    }
    const element = document.createElement("section");
    const heading = made("h2", title);
    heading.id = title.toLowerCase().replaceAll(" ", "-");
    element.setAttribute("aria-labelledby", heading.id);
    element.append(heading, facts(rows));
    said.set(title, { text, element });
    return element;
  });
  const isSame =
    live.children.length === elements.length &&
    elements.every((element, place) => live.children[place] === element);
  if (!isSame) {
    live.replaceChildren(...elements);
  }
}

function lost() {
  if (!document.getElementById("lost")) {
    const notice = made("p", "The phone does not answer. What stands here may be old.");
    notice.id = "lost";
    notice.className = "notice bad";
    notice.setAttribute("role", "alert");
    live.before(notice);
  }
}

if (live) {
  const source = new EventSource("/live");
  source.onmessage = (message) => {
    document.getElementById("lost")?.remove();
    show(JSON.parse(message.data));
  };
  source.addEventListener("leave", () => {
    source.close();
    location.assign("/login");
  });
  source.onerror = lost;
}
