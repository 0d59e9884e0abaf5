import { variableFormat, type CellFormat } from './cell-reader.ts'

/** MariaDB's types that are stored as bytes and read as text. */
export function extendedFormat(dataType: string): CellFormat | undefined {
  switch (dataType) {
    case 'uuid':
      return storedFormat(16, uuidText)
    case 'inet6':
      return storedFormat(16, inet6Text)
    case 'inet4':
      return storedFormat(4, inet4Text)
    default:
      return undefined
  }
}

/** The log leaves out zeros at the end. */
function storedFormat(length: number, textOf: (stored: Buffer) => string): CellFormat {
  return variableFormat(1, (cursor, start, end) => {
    const stored = Buffer.alloc(length)
    cursor.bytes.copy(stored, 0, start, end)
    const text = textOf(stored)
    cursor.byteSize += text.length
    return text
  })
}

/**
 * MariaDB stores UUIDs of versions 1 to 5 with their last part first, so that they sort by time. Source: MariaDB,
 * plugin/type_uuid/sql_type_uuid.h.
 */
function uuidText(stored: Buffer): string {
  const hex = stored.toString('hex')
  const parts = isSwapped(stored)
    ? [hex.slice(24, 32), hex.slice(20, 24), hex.slice(16, 20), hex.slice(12, 16), hex.slice(0, 12)]
    : [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
  return parts.join('-')
}

/** Where the version stands tells the two forms apart: in a swapped one the variant stands in its place. */
function isSwapped(stored: Buffer): boolean {
  return (stored[6]! & 0x80) !== 0 || stored.every((byte) => byte === 0)
}

function inet4Text(stored: Buffer): string {
  return [...stored].join('.')
}

/** As the server's `Inet6::to_string` writes it: the longest run of zeros as `::`, IPv4 in its own form. */
function inet6Text(stored: Buffer): string {
  const words = Array.from({ length: 8 }, (_, index) => stored.readUInt16BE(index * 2))
  const gap = longestGap(words)
  const ipv4 = stored.subarray(12).join('.')
  if (gap.start === 0 && gap.length === 6) return `::${ipv4}`
  if (gap.start === 0 && gap.length === 5 && words[5] === 0xffff) return `::ffff:${ipv4}`
  const texts = words.map((word) => word.toString(16))
  if (gap.length < 1) return texts.join(':')
  return `${texts.slice(0, gap.start).join(':')}::${texts.slice(gap.start + gap.length).join(':')}`
}

function longestGap(words: readonly number[]): { readonly start: number; readonly length: number } {
  let longest = { start: -1, length: 0 }
  let start = -1
  for (const [index, word] of words.entries()) {
    if (word !== 0) start = -1
    else {
      if (start === -1) start = index
      if (index - start + 1 > longest.length) longest = { start, length: index - start + 1 }
    }
  }
  return longest
}
