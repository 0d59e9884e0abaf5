/** Memory that text is written into; `TextBatchBuilder` is one. */
export interface TextSink {
  /** Replaced by `reserve`. */
  bytes: Buffer
  /** How many of `bytes` are used. */
  length: number
  /** Makes room for so many more bytes. */
  reserve(byteCount: number): void
}

/** Memory of its own, grown as needed and used again. */
export class TextMemory implements TextSink {
  bytes = Buffer.allocUnsafeSlow(4096)
  length = 0

  reserve(byteCount: number): void {
    if (this.length + byteCount <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + byteCount))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }
}

/** From this length on the call that copies beats a loop. */
const longText = 64

/** Appends bytes; there is room for them. */
export function writeBytes(sink: TextSink, source: Uint8Array, start: number, end: number): void {
  const { bytes } = sink
  let to = sink.length
  if (end - start >= longText) {
    bytes.set(source.subarray(start, end), to)
    to += end - start
  } else for (let from = start; from < end; from += 1) bytes[to++] = source[from] as number
  sink.length = to
}

/** Appends text of ASCII characters; there is room for it. */
export function writeAscii(sink: TextSink, text: string): void {
  const { bytes } = sink
  const { length } = text
  let to = sink.length
  for (let at = 0; at < length; at += 1) bytes[to++] = text.charCodeAt(at)
  sink.length = to
}

const hexDigits = Buffer.from('0123456789abcdef', 'latin1')

/** Appends bytes as hexadecimal digits; there is room for them. */
export function writeHex(sink: TextSink, source: Uint8Array, start: number, end: number): void {
  const { bytes } = sink
  let to = sink.length
  for (let from = start; from < end; from += 1) {
    const byte = source[from] as number
    bytes[to++] = hexDigits[byte >> 4] as number
    bytes[to++] = hexDigits[byte & 15] as number
  }
  sink.length = to
}
