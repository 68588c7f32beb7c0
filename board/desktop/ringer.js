// The ringer of the page: what the phone's own ringer plays, note by note, again and again.
//
// A browser lets a page sound only after its first key or click. A page in the background is woken
// once a second, so the notes of the next seconds are always with the audio thread already.

const AHEAD_S = 2.5;
const LOOK_MS = 500;
const SOFT_S = 0.004; // A note that begins or ends at once would click.
const LOUDEST = 0.2;

export class Ringer {
  #audio = null;
  #playing = ""; // The melody as it came, "" for none.
  #melody = null;
  #timer = 0;
  #tone = null;
  #gain = null;
  #until = 0; // What was handed over lasts until then.
  #next = 0; // The number of the note that follows.

  wake() {
    this.#audio ??= new AudioContext();
    if (this.#audio.state === "suspended") this.#audio.resume();
  }

  // Play a melody from its beginning, or nothing for null; the same one just goes on.
  play(melody) {
    const wanted = melody?.notes.length && melody.loudness ? JSON.stringify(melody) : "";
    if (wanted === this.#playing) return;
    this.#stop();
    this.#playing = wanted;
    if (!wanted) return;
    this.#melody = melody;
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  #stop() {
    clearInterval(this.#timer);
    this.#tone?.stop();
    this.#tone?.disconnect();
    this.#gain?.disconnect();
    this.#tone = this.#gain = null;
  }

  #look() {
    if (this.#audio?.state !== "running") return;
    if (!this.#tone) this.#begin();
    while (this.#until < this.#audio.currentTime + AHEAD_S) this.#hand();
  }

  #begin() {
    this.#gain = this.#audio.createGain();
    this.#gain.gain.value = 0;
    this.#gain.connect(this.#audio.destination);
    this.#tone = this.#audio.createOscillator();
    this.#tone.type = "triangle";
    this.#tone.connect(this.#gain);
    this.#tone.start();
    this.#until = this.#audio.currentTime;
    this.#next = 0;
  }

  #hand() {
    const { notes, loudness } = this.#melody;
    const [pitch, length] = notes[this.#next++ % notes.length];
    const start = Math.max(this.#until, this.#audio.currentTime);
    if (pitch) this.#tone.frequency.setValueAtTime(pitch, start);
    this.#gain.gain.setTargetAtTime(pitch ? LOUDEST * loudness : 0, start, SOFT_S);
    this.#until = start + length;
  }
}
