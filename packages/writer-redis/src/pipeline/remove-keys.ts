import type { KeyPattern } from '../output/default-key.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { replyText } from '../resp/reply-text.ts'

/** Keys looked at by one `SCAN`. */
const scanCount = 1000

/** How keys are found and removed. */
export interface KeyRemoval {
  /** Sends a command over one connection; `undefined`: it had to be opened anew, a cursor of the old one means nothing. */
  scan(command: readonly string[]): Promise<RespReply | undefined>
  remove(keys: readonly Uint8Array[]): Promise<void>
}

/** Removes every key of one server that a pattern matches, a thousand at a time; gives how many there were. */
export async function removeKeys(pattern: KeyPattern, removal: KeyRemoval): Promise<number> {
  let removed = 0
  let cursor = '0'
  for (;;) {
    const reply = await removal.scan([
      'SCAN',
      cursor,
      'MATCH',
      pattern.glob,
      'COUNT',
      String(scanCount),
    ])
    if (reply === undefined) {
      cursor = '0'
      continue
    }
    const [next, found] = Array.isArray(reply) ? (reply as readonly RespReply[]) : []
    const all = Array.isArray(found) ? found.filter((key) => Buffer.isBuffer(key)) : []
    const keys = all.filter((key) => pattern.matches(key))
    if (keys.length > 0) await removal.remove(keys)
    removed += keys.length
    cursor = replyText(next) ?? '0'
    if (cursor === '0') return removed
  }
}
