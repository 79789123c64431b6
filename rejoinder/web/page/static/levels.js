// Loudness of both sides, and how long the network and the buffers take.

const FFT_SIZE = 1024; // 21 ms at 48 kHz
const QUIET_DB = -60;
const LOUD_DB = -14;
const SAMPLE_MS = 16;
const AGENT_SPEAKS = 0.004; // RMS; decoded silence is exactly or almost zero
const SPEECH_LEAST = 0.008; // RMS below which no microphone signal counts as speech
const ABOVE_NOISE = 3;
const NOISE_RISE = 1.004; // per sample: the floor doubles in about 3 s

/** One side's sound. `spectrum` are 0..255 per band, `level` is 0..1 over 46 dB, `rms` linear. */
export class Listener {
  constructor(context, track) {
    this.source = context.createMediaStreamSource(new MediaStream([track]));
    this.analyser = context.createAnalyser();
    this.analyser.fftSize = FFT_SIZE;
    this.analyser.smoothingTimeConstant = 0.6;
    this.source.connect(this.analyser);
    this.wave = new Float32Array(FFT_SIZE);
    this.spectrum = new Uint8Array(this.analyser.frequencyBinCount);
  }

  get rms() {
    this.analyser.getFloatTimeDomainData(this.wave);
    let sum = 0;
    for (const sample of this.wave) sum += sample * sample;
    return Math.sqrt(sum / this.wave.length);
  }

  get level() {
    const db = 20 * Math.log10(Math.max(this.rms, 1e-6));
    return Math.min(1, Math.max(0, (db - QUIET_DB) / (LOUD_DB - QUIET_DB)));
  }

  bands() {
    this.analyser.getByteFrequencyData(this.spectrum);
    return this.spectrum;
  }

  close() {
    this.source.disconnect();
  }
}

/**
 * Measures, at this machine's microphone and speaker, the time from the last loud frame of the
 * caller to the first loud frame of the agent's answer.
 */
export class Stopwatch {
  constructor(mic, agent) {
    this.mic = mic;
    this.agent = agent;
    this.noise = SPEECH_LEAST;
    this.lastSpoke = null;
    this.armed = false;
    this.measured = null;
    this.timer = setInterval(() => this.sample(performance.now()), SAMPLE_MS);
  }

  /** The agent has begun to think: its next sound is the answer. */
  arm() {
    this.armed = this.lastSpoke !== null;
    this.measured = null;
  }

  /** Milliseconds measured for the turn that has just ended, or null; read once. */
  take() {
    const measured = this.measured;
    this.measured = null;
    this.armed = false;
    this.lastSpoke = null;
    return measured;
  }

  sample(now) {
    const mic = this.mic()?.rms ?? 0;
    const agent = this.agent()?.rms ?? 0;
    this.noise = Math.max(1e-5, Math.min(this.noise * NOISE_RISE, mic || this.noise));
    if (this.armed && agent > AGENT_SPEAKS) {
      this.measured = now - this.lastSpoke;
      this.armed = false;
    }
    if (mic > Math.max(SPEECH_LEAST, this.noise * ABOVE_NOISE)) this.lastSpoke = now;
  }

  close() {
    clearInterval(this.timer);
  }
}
