// WAV files of 16 bit, mono.
import { readFile, writeFile } from "node:fs/promises";

/** @returns {Promise<{rate: number, pcm: Int16Array}>} rate in samples a second */
export async function readWav(path) {
  const file = await readFile(path);
  const mono = file.length > 44 && file.readUInt16LE(22) === 1 && file.readUInt16LE(34) === 16;
  if (file.toString("latin1", 0, 4) !== "RIFF" || !mono) {
    throw new Error(`${path} is no WAV file of 16 bit, mono`);
  }
  const start = file.indexOf("data") + 8;
  const length = Math.min(file.readUInt32LE(start - 4), file.length - start) & ~1;
  return { rate: file.readUInt32LE(24), pcm: new Int16Array(Uint8Array.from(file.subarray(start, start + length)).buffer) };
}

/** @param {Int16Array[]} chunks in their order */
export async function writeWav(path, chunks, rate) {
  const pcm = Buffer.concat(chunks.map((c) => Buffer.from(c.buffer, c.byteOffset, c.byteLength)));
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + pcm.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20); // PCM
  head.writeUInt16LE(1, 22); // mono
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(2 * rate, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(pcm.length, 40);
  await writeFile(path, Buffer.concat([head, pcm]));
}
