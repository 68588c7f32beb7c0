// The browser's microphone and loudspeaker as those of the phone: asked for by a click, switched off
// by another one, and by the end of the connection.

const RATE = 48000;
const WAITING_MAX = 20 * 1920; // Bytes on their way to the phone: what is older is not sent.

const REFUSED = {
  NotAllowedError: "The browser does not let this page use the microphone.",
  NotFoundError: "This computer has no microphone.",
};

export class Voice {
  #told;
  #context = null;
  #stream = null;
  #socket = null;

  // `told` is called with whether the sound is on, and why not.
  constructor(told) {
    this.#told = told;
  }

  get isOn() {
    return this.#context !== null;
  }

  async start(token) {
    this.#context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    const mine = this.#context;
    try {
      const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: true };
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio });
      await mine.audioWorklet.addModule("/worklet.js");
    } catch (error) {
      this.stop(REFUSED[error.name] ?? `No sound: ${error.message}`);
      return;
    }
    if (mine === this.#context) this.#connect(token);
  }

  #connect(token) {
    const line = new AudioWorkletNode(this.#context, "line", { outputChannelCount: [1] });
    this.#context.createMediaStreamSource(this.#stream).connect(line);
    line.connect(this.#context.destination);
    const socket = new WebSocket(`ws://${location.host}/sound`);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      socket.send(JSON.stringify({ token }));
      this.#told(true, "");
    };
    socket.onmessage = ({ data }) => line.port.postMessage(data, [data]);
    socket.onclose = ({ code }) => {
      if (socket !== this.#socket) return;
      this.stop(code === 4409 ? "Another page has taken the sound." : "The sound was cut off.");
    };
    line.port.onmessage = ({ data }) => {
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < WAITING_MAX) socket.send(data);
    };
  }

  stop(why = "") {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#context?.close();
    this.#context = this.#stream = null;
    this.#told(false, why);
  }
}
