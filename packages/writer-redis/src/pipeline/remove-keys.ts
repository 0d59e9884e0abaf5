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

/** Removes every key of one server that a glob matches, a thousand at a time; gives how many there were. */
export async function removeKeys(pattern: string, removal: KeyRemoval): Promise<number> {
  let removed = 0
  let cursor = '0'
  for (;;) {
    const reply = await removal.scan(['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(scanCount)])
    if (reply === undefined) {
      cursor = '0'
      continue
    }
    const [next, found] = Array.isArray(reply) ? (reply as readonly RespReply[]) : []
    const keys = Array.isArray(found) ? found.filter((key) => Buffer.isBuffer(key)) : []
    if (keys.length > 0) await removal.remove(keys)
    removed += keys.length
    cursor = replyText(next) ?? '0'
    if (cursor === '0') return removed
  }
}
