import type { CellForm } from '../types/cell-form.ts'

const letterT = 0x74
const [plus, zero] = [0x2b, 0x30]
const truth = Buffer.from('true')
const untruth = Buffer.from('false')
/** `+00`, and ` BC`. */
const suffixBytes = 3

/**
 * Rewrites a cell in place from the form in which the server wrote it to the text that is kept. There must be room for
 * four more bytes. Returns where the cell ends now.
 */
export function convertCell(bytes: Buffer, start: number, end: number, form: CellForm): number {
  switch (form) {
    case 'text':
      return end
    case 'letter': {
      const word = bytes[start] === letterT ? truth : untruth
      bytes.set(word, start)
      return start + word.length
    }
    case 'hex':
      return decodeHex(bytes, start, end)
    case 'instant':
      return withoutOffset(bytes, start, end)
  }
}

/** `\x00ff`; the digits are lower case. */
function decodeHex(bytes: Buffer, start: number, end: number): number {
  let to = start
  for (let from = start + 2; from < end; from += 2)
    bytes[to++] = (digitOf(bytes[from] as number) << 4) | digitOf(bytes[from + 1] as number)
  return to
}

function digitOf(letter: number): number {
  return letter < 0x3a ? letter - zero : letter - 0x57
}

/** The session is in UTC, so the offset is always the same; dates before Christ have ` BC` behind it. */
function withoutOffset(bytes: Buffer, start: number, end: number): number {
  if (isOffset(bytes, end - suffixBytes, start)) return end - suffixBytes
  const offset = end - 2 * suffixBytes
  if (!isOffset(bytes, offset, start)) return end
  bytes.copyWithin(offset, end - suffixBytes, end)
  return end - suffixBytes
}

function isOffset(bytes: Buffer, at: number, start: number): boolean {
  return at >= start && bytes[at] === plus && bytes[at + 1] === zero && bytes[at + 2] === zero
}
