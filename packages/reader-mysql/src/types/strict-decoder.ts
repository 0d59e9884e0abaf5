import { TextDecoder } from 'node:util'

/** Decodes bytes of one encoding. */
export interface StrictDecoder {
  /** @throws TypeError for bytes that are no text in the encoding */
  decode(bytes: Uint8Array): string
}

/**
 * The decoder for a label of `TextDecoder`.
 *
 * @throws RangeError when there is no encoding of this name
 */
export function strictDecoder(label: string): StrictDecoder {
  const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true })
  return decoder.encoding === 'windows-1252' ? windows1252 : decoder
}

/** Releases of Node take windows-1252, which latin1 and ISO-8859-1 are other names of, for its first 256 characters. */
const windows1252: StrictDecoder = {
  decode: (bytes) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      .toString('latin1')
      .replaceAll(/[\u0080-\u009f]/g, (character) => upper[character.charCodeAt(0) - 0x80] ?? ''),
}

/** What stands at 0x80 to 0x9f; MySQL's latin1 has the same, with the five free places taken. */
const upper = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ'
