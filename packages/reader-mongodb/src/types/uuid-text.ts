import { writeHex, type TextSink } from './text-sink.ts'

const dash = 0x2d
/** Length of the text of a UUID. */
export const uuidLength = 36

/** Appends the 16 bytes at `offset` as `00112233-4455-6677-8899-aabbccddeeff`; there is room for them. */
export function writeUuid(sink: TextSink, source: Uint8Array, offset: number): void {
  const { bytes } = sink
  writeHex(sink, source, offset, offset + 4)
  bytes[sink.length++] = dash
  writeHex(sink, source, offset + 4, offset + 6)
  bytes[sink.length++] = dash
  writeHex(sink, source, offset + 6, offset + 8)
  bytes[sink.length++] = dash
  writeHex(sink, source, offset + 8, offset + 10)
  bytes[sink.length++] = dash
  writeHex(sink, source, offset + 10, offset + 16)
}
