import { writeAscii, writeBytes, type TextSink } from './text-sink.ts'

const quote = 0x22
const backslash = 0x5c
const hexDigits = '0123456789abcdef'
/** What a control character can take, `\u001f`. */
const longestEscape = 6

const shortEscapes: Readonly<Record<number, string>> = {
  8: 'b',
  9: 't',
  10: 'n',
  12: 'f',
  13: 'r',
  [quote]: '"',
  [backslash]: '\\',
}

/** Appends UTF-8 text as a JSON string in quotes, making room for it. */
export function writeJsonString(
  sink: TextSink,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  sink.reserve((end - start) * longestEscape + 2)
  sink.bytes[sink.length++] = quote
  let plain = start
  for (let at = start; at < end; at += 1) {
    const byte = source[at] as number
    if (byte >= 0x20 && byte !== quote && byte !== backslash) continue
    writeBytes(sink, source, plain, at)
    writeEscape(sink, byte)
    plain = at + 1
  }
  writeBytes(sink, source, plain, end)
  sink.bytes[sink.length++] = quote
}

function writeEscape(sink: TextSink, byte: number): void {
  const short = shortEscapes[byte]
  const escape = short ?? `u00${hexDigits[byte >> 4]}${hexDigits[byte & 15]}`
  writeAscii(sink, `\\${escape}`)
}
