import type { SplitProgress } from '@millrace/core/plugin'
import type { JsonValue } from '@millrace/core/record'
import type { RespReply } from '../resp/reply-parser.ts'
import { replyText } from '../resp/reply-text.ts'
import { fields } from './guard.ts'

/** The fields of a hash, as `HGETALL` gives them. */
export function pairsOf(reply: RespReply | undefined): Map<string, string> {
  const pairs = new Map<string, string>()
  if (!Array.isArray(reply)) return pairs
  const items = reply as readonly RespReply[]
  for (let at = 0; at + 1 < items.length; at += 2)
    pairs.set(replyText(items[at]) ?? '', replyText(items[at + 1]) ?? '')
  return pairs
}

/** How far every split has come. */
export function splitsOf(pairs: ReadonlyMap<string, string>): Map<string, SplitProgress> {
  const prefix = fields.sequence('')
  const splits = new Map<string, SplitProgress>()
  for (const [field, sequence] of pairs) {
    if (!field.startsWith(prefix)) continue
    const split = field.slice(prefix.length)
    const record = pairs.get(fields.record(split)) ?? 'null'
    splits.set(split, { sequence: Number(sequence), record: JSON.parse(record) as JsonValue })
  }
  return splits
}
