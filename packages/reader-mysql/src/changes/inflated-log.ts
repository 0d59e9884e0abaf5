import { inflateSync } from 'node:zlib'

/** A byte of method and length, the length of what is inside, then a zlib stream. Source: MariaDB, sql/log_event.cc. */
export function inflatedLog(compressed: Buffer): Buffer {
  const lengthBytes = compressed[0]! & 7
  return inflateSync(compressed.subarray(1 + lengthBytes))
}
