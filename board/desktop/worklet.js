// The sound of the page on the browser's own audio thread: frames of 20 ms out of the microphone,
// frames of 20 ms into the loudspeaker.

const FRAME = 960;
const CUSHION = 3; // Frames that wait before the first is played: what comes is not even.
const RING_MAX = 10; // More is delay: the oldest are forgotten.

class Line extends AudioWorkletProcessor {
  constructor() {
    super();
    this.heard = new Int16Array(FRAME);
    this.filled = 0;
    this.frames = [];
    this.at = 0;
    this.isFilling = true;
    this.port.onmessage = ({ data }) => {
      this.frames.push(new Int16Array(data));
      if (this.frames.length > RING_MAX) this.frames.splice(0, this.frames.length - CUSHION);
    };
  }

  process([[microphone]], [[loudspeaker]]) {
    for (let i = 0; i < loudspeaker.length; i++) {
      this.hear(microphone ? microphone[i] : 0);
      loudspeaker[i] = this.next() / 32768;
    }
    return true;
  }

  hear(sample) {
    this.heard[this.filled++] = Math.max(-1, Math.min(1, sample)) * 32767;
    if (this.filled < FRAME) return;
    this.port.postMessage(this.heard.buffer, [this.heard.buffer]);
    this.heard = new Int16Array(FRAME);
    this.filled = 0;
  }

  next() {
    if (this.isFilling && this.frames.length < CUSHION) return 0;
    this.isFilling = !this.frames.length;
    if (this.isFilling) return 0;
    const sample = this.frames[0][this.at++];
    if (this.at === FRAME) {
      this.frames.shift();
      this.at = 0;
    }
    return sample;
  }
}

registerProcessor("line", Line);
