/** Reads the server's name out of the first bytes of a TLS connection (RFC 8446, 4.1.2 and 5.1; RFC 6066, 3). */

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
/** Larger than any real one, post-quantum key shares included. */
const LIMIT_BYTES = 16 * 1024;

export type HelloName = { readonly kind: "name"; readonly name: string } | { readonly kind: "more" } | { readonly kind: "none" };

/** @returns the name; `more` while bytes are missing; `none` for anything but a ClientHello that names its server */
export function serverName(bytes: Buffer): HelloName {
  const handshake = unframed(bytes);
  if (handshake === null) return { kind: "none" };
  if (handshake.length < 4) return { kind: "more" };
  if (handshake[0] !== CLIENT_HELLO) return { kind: "none" };
  const length = handshake.readUIntBE(1, 3);
  if (length > LIMIT_BYTES) return { kind: "none" };
  if (handshake.length < 4 + length) return { kind: "more" };
  const name = nameIn(handshake.subarray(4, 4 + length));
  return name === null ? { kind: "none" } : { kind: "name", name };
}

/** The content of the handshake records so far; null when it is another protocol. */
function unframed(bytes: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] !== HANDSHAKE_RECORD) return null;
    if (bytes.length - at < 5) break;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0) return null;
    parts.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
    if (at > bytes.length) break;
  }
  return Buffer.concat(parts);
}

function nameIn(hello: Buffer): string | null {
  const reader = new Reader(hello);
  reader.skip(2 + 32); // version, random
  reader.skip(reader.number(1)); // session id
  reader.skip(reader.number(2)); // cipher suites
  reader.skip(reader.number(1)); // compression methods
  const extensions = new Reader(reader.take(reader.number(2)));
  while (extensions.left >= 4) {
    const type = extensions.number(2);
    const content = extensions.take(extensions.number(2));
    if (type === SERVER_NAME) return hostName(new Reader(content));
  }
  return null;
}

function hostName(reader: Reader): string | null {
  const list = new Reader(reader.take(reader.number(2)));
  const isHostName = list.number(1) === 0;
  const name = list.take(list.number(2)).toString("latin1");
  // A second name in the list could be the one that counts.
  return isHostName && name !== "" && list.left === 0 ? name : null;
}

/** Past its end everything reads as nothing: a length that lies only shortens what is found. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  skip(length: number): void {
    this.#at = Math.min(this.#bytes.length, this.#at + length);
  }

  take(length: number): Buffer {
    const start = this.#at;
    this.skip(length);
    return this.#bytes.subarray(start, this.#at);
  }

  number(size: 1 | 2): number {
    const bytes = this.take(size);
    return bytes.length === size ? bytes.readUIntBE(0, size) : 0;
  }
}
