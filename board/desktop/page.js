// The page of the virtual handset: draws what the phone shows, and says which keys are pressed.
//
// Everything that is seen comes from the phone over one WebSocket: the pixels of the screen as a
// binary message, all the rest as one JSON object. The page keeps no state of its own but the
// ring sound's switch, so a page that was away is right again with its next two messages.

import { Ringer } from "/ringer.js";
import { Voice } from "/voice.js";

const HEIGHT = 64;
const LIT = [0xe6, 0xf6, 0xff];
const SILENCE_MS = 7000; // Three beats of the phone and a little: the connection is dead.
const RETRY_MS = 1000;
const SPEAK_MS = 300; // A change of the screen comes in several steps; one sentence is enough.
const TITLE = document.title;

const CLOSED = {
  4401: ["The key of this page is not valid", "Open the address that the phone printed when it started."],
  4429: ["Too many pages are open", "Close another one. Trying again."],
};
const LOST = ["Page disconnected", "The phone does not answer. Trying again."];

const KEYBOARD = {
  ArrowUp: "up", ArrowDown: "down", Enter: "soft1", Backspace: "soft2", Escape: "soft2",
  o: "hold", m: "mute", v: "volume", s: "speaker",
};

const at = (id) => document.getElementById(id);
const phone = at("phone");
const hook = at("hook");
const sound = at("sound");
const microphone = at("voice");
const canvas = at("display");
const context = canvas.getContext("2d");
let image = null;

let socket = null;
let silence = 0;
let spoken = []; // The words of the screen that were said last.
let speaking = 0;
let state = { lamp: "off", ringing: false, melody: null, lifted: false, words: [], keys: ["", ""], faults: null, notice: "" };

// The connection.

function takeToken() {
  if (location.hash.length < 2) return;
  try {
    sessionStorage.setItem("token", location.hash.slice(1));
    history.replaceState(null, "", location.pathname); // Out of sight and of the history.
  } catch {
    // No storage in this browser: the token stays in the address.
  }
}

function token() {
  try {
    return sessionStorage.getItem("token") ?? location.hash.slice(1);
  } catch {
    return location.hash.slice(1);
  }
}

function connect() {
  const mine = new WebSocket(`ws://${location.host}/live`);
  socket = mine;
  mine.binaryType = "arraybuffer";
  mine.onopen = () => mine.send(JSON.stringify({ token: token() }));
  mine.onmessage = ({ data }) => {
    listenFor(mine);
    if (typeof data === "string") show(JSON.parse(data));
    else draw(new Uint8Array(data));
    setConnection("live", "connected");
  };
  mine.onclose = ({ code }) => lose(mine, code);
  listenFor(mine);
}

function listenFor(mine) {
  clearTimeout(silence);
  silence = setTimeout(() => lose(mine, 0), SILENCE_MS);
}

function lose(mine, code) {
  if (mine !== socket) return; // An old connection has nothing to say.
  socket = null;
  clearTimeout(silence);
  mine.close();
  const [title, text] = CLOSED[code] ?? LOST;
  at("veil-title").textContent = title;
  at("veil-text").textContent = text;
  setConnection(code === 4401 ? "refused" : "lost", "disconnected");
  if (voice.isOn) voice.stop("The sound was cut off.");
  ring(false);
  if (code !== 4401) setTimeout(connect, RETRY_MS);
}

function setConnection(name, words) {
  if (document.body.dataset.connection === name) return;
  document.body.dataset.connection = name;
  at("connection").textContent = words;
  announce(name === "live" ? "Connected to the phone" : at("veil-title").textContent);
}

function send(message) {
  if (document.body.dataset.connection === "live") socket.send(JSON.stringify(message));
}

// What the phone shows.

function draw(bytes) {
  if (image?.width !== (8 * bytes.length) / HEIGHT) {
    canvas.width = (8 * bytes.length) / HEIGHT;
    image = context.createImageData(canvas.width, HEIGHT);
    document.body.classList.toggle("wide", canvas.width > 128);
    fit();
  }
  for (let i = 0; i < canvas.width * HEIGHT; i++) {
    const lit = (bytes[i >> 3] >> (7 - (i & 7))) & 1;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = lit ? LIT[c] : 0;
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

function show(next) {
  if (next.lamp !== state.lamp) announce(`Message lamp: ${next.lamp}`);
  if (next.lifted !== state.lifted) announce(next.lifted ? "Handset lifted" : "Handset put back");
  if (next.ringing && !state.ringing) announce("Ringing");
  state = next;
  at("lamp").dataset.pattern = next.lamp;
  at("lamp").setAttribute("aria-label", `Message lamp: ${next.lamp}`);
  hook.setAttribute("aria-pressed", next.lifted);
  at("hook-label").textContent = next.lifted ? "Put the handset back" : "Lift the handset";
  at("words").textContent = next.words.join("\n");
  at("notice").textContent = next.notice;
  ["soft1", "soft2"].forEach((key, i) => nameSoftKey(key, next.keys[i]));
  microphone.hidden = next.sound === null;
  showFaults(next.faults ?? []);
  speaking ||= setTimeout(speak, SPEAK_MS);
  ring(next.ringing);
}

// Their words stand on the screen above them; who does not see it is told at the key.
function nameSoftKey(key, words) {
  const button = document.querySelector(`[data-key="${key}"]`);
  const place = key === "soft1" ? "Left soft key" : "Right soft key";
  button.setAttribute("aria-label", words ? `${words}, ${place.toLowerCase()}` : place);
  button.title = words;
}

function showFaults(groups) {
  at("faults").hidden = !groups.length;
  const box = at("fault-groups");
  const names = groups.flatMap(({ faults }) => faults.map(({ name }) => name)).join();
  if (names !== box.dataset.names) {
    box.replaceChildren(...groups.map(makeGroup));
    box.dataset.names = names;
  }
  groups.forEach(({ note, faults }, i) => {
    const group = box.children[i];
    group.querySelector(".note").textContent = note;
    for (const { name, is_on, happens_once } of faults) {
      const button = group.querySelector(`[data-fault="${CSS.escape(name)}"]`);
      if (!happens_once) button.setAttribute("aria-pressed", is_on);
    }
  });
}

function makeGroup({ title, faults }, i) {
  const group = document.createElement("div");
  group.className = "group";
  group.setAttribute("role", "group");
  group.setAttribute("aria-labelledby", `group-${i}`);
  const head = document.createElement("h3");
  head.id = `group-${i}`;
  head.textContent = title;
  const note = document.createElement("p");
  note.className = "note";
  const row = document.createElement("div");
  row.className = "row";
  row.append(...faults.map(makeFault));
  group.append(head, note, row);
  return group;
}

function makeFault({ name, label, happens_once, key }) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.fault = name;
  button.className = happens_once ? "once" : "lasting";
  button.textContent = label;
  if (key) {
    button.classList.add("plug");
    button.setAttribute("aria-keyshortcuts", key);
    const hint = document.createElement("kbd");
    hint.setAttribute("aria-hidden", "true");
    hint.textContent = key.toUpperCase();
    button.append(hint);
  }
  button.onclick = () => send({ fault: name, on: button.getAttribute("aria-pressed") !== "true" });
  return button;
}

// What a screen reader says when the screen changes: the lines that are new. Numbers that only
// count (seconds, milliseconds, the clock) say nothing new.
function speak() {
  speaking = 0;
  const before = new Set(spoken.map(bare));
  const fresh = state.words.filter((line) => (bare(line) ? !before.has(bare(line)) : !spoken.includes(line)));
  if (!fresh.some(bare)) return;
  spoken = state.words;
  at("spoken").textContent = fresh.join(". ").replaceAll(/[[\]]/g, "");
}

function bare(line) {
  return line.replaceAll(/\d+([.:]\d+)*( (ms|s|min|h|d))?( ago)?/g, "").trim();
}

function announce(words) {
  at("announcement").textContent = words;
}

// As many device pixels for each pixel of the screen as there is room for, and no fraction.
function fit() {
  const padding = 2 * parseFloat(getComputedStyle(canvas.parentElement).paddingLeft);
  const room = (canvas.parentElement.clientWidth - padding) * devicePixelRatio;
  const scale = Math.max(1, Math.floor((room + 0.5) / canvas.width));
  canvas.style.width = `${(canvas.width * scale) / devicePixelRatio}px`;
}

// Keys.

// A key of this page that stays down repeats or is held, as one of the handset's does.
const HOLD_MS = 800;
const REPEAT_AFTER_MS = 500;
const REPEAT_EVERY_MS = 150;
const REPEATING = ["up", "down", "volume"];
let down = 0;

function pressDown(key) {
  letGo();
  press(key);
  if (!REPEATING.includes(key)) down = setTimeout(() => send({ held: key }), HOLD_MS);
  else down = setTimeout(() => repeat(key), REPEAT_AFTER_MS);
}

function repeat(key) {
  press(key);
  down = setTimeout(() => repeat(key), REPEAT_EVERY_MS);
}

function letGo() {
  clearTimeout(down);
}

function press(key) {
  send({ key });
  const button = document.querySelector(`.keys [data-key="${CSS.escape(key)}"]`);
  button.classList.add("down");
  setTimeout(() => button.classList.remove("down"), 120);
}

function moveHook() {
  send({ lifted: !state.lifted });
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const onControl = event.target.closest("button, summary");
  if (onControl && event.key === "Enter") return; // It presses what has the focus.
  const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const key = /^[0-9*#]$/.test(letter) ? letter : KEYBOARD[letter];
  if (key) pressDown(key);
  else if (letter === "h") moveHook();
  else if (!switchByKey(letter)) return;
  event.preventDefault();
  // Whoever types on the phone means the phone: Enter is its soft key from here on.
  if (onControl) phone.focus({ preventScroll: true });
}

function switchByKey(key) {
  const button = document.querySelector(`#faults [aria-keyshortcuts="${CSS.escape(key)}"]`);
  button?.click();
  return Boolean(button);
}

// The ring sound.

const ringer = new Ringer();

function ring(ringing) {
  at("ringing").hidden = !ringing;
  phone.classList.toggle("ringing", ringing);
  document.title = ringing ? `☎ Ringing – ${TITLE}` : TITLE;
  ringer.play(ringing && sound.getAttribute("aria-pressed") === "true" ? state.melody : null);
}

// The browser's own sound.

const voice = new Voice((isOn, trouble) => {
  microphone.setAttribute("aria-pressed", isOn);
  at("voice-trouble").textContent = trouble;
  announce(isOn ? "Microphone on" : "Microphone off");
});

microphone.addEventListener("click", () => (voice.isOn ? voice.stop() : voice.start(token())));

// The mouse presses without taking the focus along, so that Enter stays the phone's.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("button")) event.preventDefault();
});
for (const button of document.querySelectorAll("[data-key]")) {
  button.addEventListener("pointerdown", (event) => {
    if (event.isPrimary && !event.button) pressDown(button.dataset.key);
  });
  button.addEventListener("click", (event) => {
    if (!event.detail) press(button.dataset.key); // By a keyboard, or by a program that reads out.
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // A long touch.
}
for (const kind of ["pointerup", "pointercancel", "keyup"]) document.addEventListener(kind, letGo);
addEventListener("blur", letGo);
hook.addEventListener("click", moveHook);
sound.addEventListener("click", () => {
  sound.setAttribute("aria-pressed", sound.getAttribute("aria-pressed") !== "true");
  ring(state.ringing);
});
document.addEventListener("keydown", onKey);
for (const kind of ["pointerup", "keydown"]) document.addEventListener(kind, () => ringer.wake());
new ResizeObserver(fit).observe(canvas.parentElement);
addEventListener("hashchange", () => {
  takeToken();
  socket?.close();
  if (document.body.dataset.connection === "refused") connect();
});

takeToken();
connect();
