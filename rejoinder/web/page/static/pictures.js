// Pictures that wait to be sent: chosen, taken, pasted or dropped; made small enough first.

import { keepEnd } from "./live_list.js";
import { PICTURE, PROBLEM } from "./strings.js";

const LONGEST_PX = 1600;
const QUALITY = 0.85;
const TYPE = "image/jpeg";
const MOST = 4; // at a time

/**
 * The same picture as a JPEG of at most LONGEST_PX, upright; what is written in the file beside
 * it, such as the place where it was taken, stays behind. Rejects what is no picture.
 */
async function shrunk(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_PX / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const paper = canvas.getContext("2d");
  paper.fillStyle = "white"; // a JPEG has no transparency
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, TYPE, QUALITY));
  return new File([blob], "picture.jpg", { type: TYPE });
}

export class Pictures {
  /**
   * `place` shows those that wait, beneath what scrolls in `scroller`; `controls` are there while
   * pictures are `offered`.
   */
  constructor({ place, scroller, controls, field }, cards) {
    Object.assign(this, { place, scroller, controls, cards });
    this.waiting = []; // {file, image, name}
    this.there = false;
    for (const input of controls.flatMap((control) => [...control.querySelectorAll("input")])) {
      input.addEventListener("change", () => {
        this.add([...input.files]);
        input.value = ""; // the same one may be chosen again
        field.focus();
      });
    }
    field.addEventListener("paste", (event) => {
      const { files, types } = event.clipboardData;
      // A table is copied as text and as a picture: then the text is meant.
      if (!files.length || !this.there || types.includes("text/plain")) return;
      event.preventDefault();
      this.add([...files]);
    });
    this.takeDrops();
  }

  /** Whether the agent sees. */
  offered(there) {
    if (there === this.there) return;
    this.there = there;
    for (const control of this.controls) control.hidden = !there;
    if (!there) this.discard();
  }

  async add(files) {
    if (this.waiting.length + files.length > MOST) {
      this.cards.show("picture", PROBLEM.manyPictures(MOST));
    }
    for (const file of files.slice(0, Math.max(0, MOST - this.waiting.length))) {
      try {
        const small = await shrunk(file);
        if (!this.there || this.waiting.length >= MOST) break;
        this.waiting.push({ file: small, image: imageOf(small, file.name), name: file.name });
      } catch {
        this.cards.show("picture", PROBLEM.noPicture(file.name));
      }
    }
    this.show();
  }

  /** Hand out those that wait, {file, image}; the images are the caller's to `release`. */
  take() {
    const taken = this.waiting;
    this.waiting = [];
    this.show();
    return taken;
  }

  discard() {
    for (const { image } of this.take()) release(image);
  }

  show() {
    keepEnd(this.scroller, () => {
      this.place.hidden = !this.waiting.length;
      this.place.replaceChildren(...this.waiting.map((picture) => this.thumbnail(picture)));
    });
  }

  thumbnail(picture) {
    const entry = document.createElement("li");
    const remove = document.createElement("button");
    remove.type = "button";
    remove.setAttribute("aria-label", PICTURE.remove(picture.name));
    remove.append(document.getElementById("cross").content.cloneNode(true));
    remove.addEventListener("click", () => {
      release(picture.image);
      this.waiting = this.waiting.filter((other) => other !== picture);
      this.show();
    });
    entry.append(picture.image, remove);
    return entry;
  }

  /** A file that is dropped anywhere: the browser would leave the call and open it. */
  takeDrops() {
    const carries = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
    const mark = (over) => document.body.classList.toggle("dropping", over);
    addEventListener("dragover", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = this.there ? "copy" : "none";
      mark(this.there);
    });
    addEventListener("dragleave", ({ relatedTarget }) => relatedTarget ?? mark(false));
    addEventListener("drop", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      mark(false);
      if (this.there) this.add([...event.dataTransfer.files]);
    });
  }
}

function imageOf(file, name) {
  const image = document.createElement("img");
  Object.assign(image, { src: URL.createObjectURL(file), alt: PICTURE.alt(name) });
  return image;
}

/** Forget what an image shows. */
export function release(image) {
  URL.revokeObjectURL(image.src);
}
