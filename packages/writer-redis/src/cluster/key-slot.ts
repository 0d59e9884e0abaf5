/** Slots of a cluster. */
export const slotCount = 16_384

const openBrace = 0x7b
const closeBrace = 0x7d

/** CRC16 of the XMODEM kind (polynomial 0x1021, from 0), by byte. */
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
  return crc & 0xffff
})

/**
 * The slot of a key that stands in `bytes` from `start` up to `end`. A hash tag, what stands between the first `{` and
 * the `}` behind it unless that is nothing, alone decides.
 */
export function keySlot(bytes: Uint8Array, start = 0, end = bytes.length): number {
  for (let at = start; at < end; at += 1) {
    if (bytes[at] !== openBrace) continue
    for (let close = at + 1; close < end; close += 1) {
      if (bytes[close] !== closeBrace) continue
      return close === at + 1 ? crc16(bytes, start, end) : crc16(bytes, at + 1, close)
    }
    break
  }
  return crc16(bytes, start, end)
}

function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0
  for (let at = start; at < end; at += 1)
    crc = ((crc << 8) ^ (table[((crc >> 8) ^ (bytes[at] as number)) & 0xff] as number)) & 0xffff
  return crc & (slotCount - 1)
}
