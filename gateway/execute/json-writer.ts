const INITIAL_BYTES = 16 * 1024;
/** An answer that was larger than this leaves no memory behind. */
const KEPT_BYTES = 1024 * 1024;
/** Up to this length a look at each character is cheaper than a call into the engine. */
const SHORT = 64;
const QUOTE = 34;
const BACKSLASH = 92;
/** Anything but ASCII that may stand in JSON text as it is. */
const IS_NOT_PLAIN = /[^\u0020\u0021\u0023-\u005b\u005d-\u007e]/;
const NULL = Buffer.from('null');

/**
 * Writes JSON text as bytes into memory that is used again and again: an answer leaves no garbage but its own bytes. One text at a
 * time: between `begin` and `end` nobody else may write.
 */
export class JsonWriter {
  /** Where the next byte goes. Setting it back takes back what was written since. */
  position = 0;
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);

  /** Begins a new text. */
  begin(): void {
    this.position = 0;
  }

  /** Gives a copy of the text. */
  end(): Buffer {
    const text = Buffer.from(this.#bytes.subarray(0, this.position));
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    return text;
  }

  /** Writes bytes that are JSON text, such as a name with its colon. */
  raw(bytes: Uint8Array): void {
    const at = this.position;
    const end = at + bytes.length;
    if (end > this.#bytes.length) this.#grow(end);
    const target = this.#bytes;
    for (let i = 0; i < bytes.length; i++) target[at + i] = bytes[i] as number;
    this.position = end;
  }

  /** Writes one byte that is JSON text. */
  byte(code: number): void {
    if (this.position >= this.#bytes.length) this.#grow(this.position + 1);
    this.#bytes[this.position++] = code;
  }

  null(): void {
    this.raw(NULL);
  }

  /** Writes JSON text of ASCII characters, such as a number. */
  ascii(text: string): void {
    let at = this.position;
    const end = at + text.length;
    if (end > this.#bytes.length) this.#grow(end);
    const target = this.#bytes;
    for (let i = 0; i < text.length; i++) target[at++] = text.charCodeAt(i);
    this.position = end;
  }

  /** Writes any JSON text. */
  text(text: string): void {
    // A character of a text has at most three bytes; one of four is two characters.
    const end = this.position + text.length * 3;
    if (end > this.#bytes.length) this.#grow(end);
    this.position += this.#bytes.write(text, this.position, 'utf8');
  }

  /** Writes a string as JSON. */
  string(value: string): void {
    const { length } = value;
    let at = this.position;
    if (at + length + 2 > this.#bytes.length) this.#grow(at + length + 2);
    const target = this.#bytes;
    if (length > SHORT) {
      if (IS_NOT_PLAIN.test(value)) {
        this.text(JSON.stringify(value));
        return;
      }
      target[at] = QUOTE;
      target.write(value, at + 1, 'latin1');
      target[at + length + 1] = QUOTE;
      this.position = at + length + 2;
      return;
    }
    target[at++] = QUOTE;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code < 32 || code > 126 || code === QUOTE || code === BACKSLASH) {
        this.text(JSON.stringify(value));
        return;
      }
      target[at++] = code;
    }
    target[at++] = QUOTE;
    this.position = at;
  }

  #grow(least: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(least, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.position);
    this.#bytes = grown;
  }
}
