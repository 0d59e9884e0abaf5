import type { RespReply } from './reply-parser.ts'

/** A reply as text; `undefined` for none, and for what is no text. */
export function replyText(reply: RespReply | undefined): string | undefined {
  if (reply === null || reply === undefined) return undefined
  if (typeof reply === 'string' || typeof reply === 'number') return String(reply)
  return Buffer.isBuffer(reply) ? reply.toString('utf8') : undefined
}
