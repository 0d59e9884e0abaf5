import type { SourceConnection } from '../connection/source-connection.ts'
import type { TextDecoding } from './text-formats.ts'

/** The characters of a character set by the numbers that their bytes make. */
export type MultibyteTable = ReadonlyMap<number, string>

/** Longest character in bytes, of those character sets that have no fixed length. */
const longestCharacter = 4
const replacement = 0x3f
const lineEnd = 0x0a

/**
 * What the server makes of the bytes of a character set: every character of the basic plane is converted there and back.
 * Decoders of other makers differ in some characters (the backslash of sjis, the dashes of ujis).
 */
export async function loadMultibyteTable(
  connection: SourceConnection,
  charset: string,
  signal: AbortSignal,
): Promise<MultibyteTable> {
  const characters = Buffer.from([...basicCharacters()].join('\n'))
  const [row] = await connection.query(
    `SELECT HEX(CONVERT(_utf8mb4 X'${characters.toString('hex')}' USING ${charset}))`,
    signal,
  )
  const encoded = linesOf(Buffer.from(row?.[0] ?? '', 'hex')).filter(
    (bytes) => bytes.length > 0 && bytes[0] !== replacement,
  )
  const joined = Buffer.concat(encoded.map((bytes) => Buffer.concat([bytes, Buffer.from('\n')])))
  const [back] = await connection.query(
    `SELECT CONVERT(_${charset} X'${joined.toString('hex')}' USING utf8mb4)`,
    signal,
  )
  const texts = (back?.[0] ?? '').split('\n')
  return new Map([
    [replacement, '?'],
    [lineEnd, '\n'],
    ...encoded.map(
      (bytes, index) => [numberOf(bytes, 0, bytes.length), texts[index] ?? ''] as const,
    ),
  ])
}

/**
 * Decodes by the table.
 *
 * @param otherwise - takes a text with bytes that the table does not have
 */
export function multibyteDecoding(table: MultibyteTable, otherwise: TextDecoding): TextDecoding {
  return (bytes, start, end) => {
    let text = ''
    let at = start
    while (at < end) {
      let length = 1
      let character = table.get(bytes[at]!)
      while (character === undefined && length < longestCharacter && at + length < end) {
        length += 1
        character = table.get(numberOf(bytes, at, at + length))
      }
      if (character === undefined) return otherwise(bytes, start, end)
      text += character
      at += length
    }
    return text
  }
}

/** Lines end with a byte that is no part of any character. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  let start = 0
  for (;;) {
    const end = bytes.indexOf(lineEnd, start)
    if (end === -1) return [...lines, bytes.subarray(start)]
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
}

function* basicCharacters(): Generator<string> {
  for (let code = 0; code < 0x1_0000; code += 1) {
    const isSurrogate = code >= 0xd800 && code < 0xe000
    if (!isSurrogate && code !== lineEnd) yield String.fromCharCode(code)
  }
}

function numberOf(bytes: Buffer, start: number, end: number): number {
  let number = 0
  for (let at = start; at < end; at += 1) number = number * 256 + bytes[at]!
  return number
}
