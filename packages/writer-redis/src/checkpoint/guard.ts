import { encodeCommand } from '../resp/bulk-connection.ts'
import type { RespReply } from '../resp/reply-parser.ts'
import { replyText } from '../resp/reply-text.ts'
import { RespError } from '../resp/resp-error.ts'

/** Fields of the checkpoint hash. */
export const fields = {
  format: 'format',
  /** Names the run that may write. */
  run: 'run',
  /** Host and process of that run, as JSON. */
  owner: 'owner',
  header: 'header',
  /** The run that completed the job. */
  ended: 'ended',
  /** What the witness keys of the job hold. */
  witness: 'witness',
  sequence: (split: string) => `sequence:${split}`,
  record: (split: string) => `split:${split}`,
} as const

/**
 * The key of a job's checkpoint. A job name has no braces, so the name is the hash tag, unless the checkpoint has to stand
 * in the slot of the data.
 */
export function checkpointKey(job: string, hashTag?: string): string {
  return hashTag === undefined ? `millrace:{${job}}` : `millrace:{${hashTag}}:${job}`
}

/** The list of what was asked of a job that runs; in the slot of its checkpoint, and no part of what the guard watches. */
export function requestsKey(job: string, hashTag?: string): string {
  return `${checkpointKey(job, hashTag)}:requests`
}

/** A key that tells by being there that the master of its slot has kept its data; `*` for the tag matches all of a job. */
export function witnessKey(job: string, tag: string): string {
  return `millrace:{${tag}}:${job}:witness`
}

/**
 * Runs between `WATCH` of the checkpoint and `MULTI`. When the checkpoint is not where the batch wants it, it changes the
 * key that is watched, so that `EXEC` does nothing; it takes commands for that which a server that is out of memory
 * permits. `*` asks for the fence alone.
 */
export const guardScript = `local r=redis.call('HGET',KEYS[1],'run')
local s=redis.call('HGET',KEYS[1],'sequence:'..ARGV[2]) or '0'
if r==ARGV[1] and (ARGV[3]=='*' or s==ARGV[3]) then return 'pass' end
if redis.call('EXPIRE',KEYS[1],99999999)==1 then redis.call('PERSIST',KEYS[1])
else redis.call('HSET',KEYS[1],'gone',1) redis.call('DEL',KEYS[1]) end
if not r then return 'gone' end
if r~=ARGV[1] then return 'fenced '..(redis.call('HGET',KEYS[1],'owner') or r) end
return 'at '..s`

/** What a group of commands depends on, and what it leaves in the checkpoint. */
export interface Guard {
  /** The checkpoint. */
  readonly key: string
  readonly run: string
  readonly split: string
  /** The sequence that has to stand there; `undefined` asks for the fence alone. */
  readonly expected: number | undefined
  /** What stands there afterwards; `undefined` changes nothing. */
  readonly progress: { readonly sequence: number; readonly record: string } | undefined
}

/** What the guard found. */
export type GuardAnswer =
  | { readonly kind: 'pass' }
  /** The checkpoint is no longer there. */
  | { readonly kind: 'gone' }
  /** Another run has taken over; `owner` as it was written by that run. */
  | { readonly kind: 'fenced'; readonly owner: string }
  /** The split stands at another sequence. */
  | { readonly kind: 'elsewhere'; readonly sequence: number }
  | { readonly kind: 'error'; readonly error: RespError }

const [multi] = encodeCommand(['MULTI']) as [Uint8Array]
const [exec] = encodeCommand(['EXEC']) as [Uint8Array]

/** What goes before the commands of a group, and how many replies it has. The guard's own is the second. */
export function groupHead(guard: Guard): {
  readonly parts: Uint8Array[]
  readonly replies: number
} {
  const expected = guard.expected === undefined ? '*' : String(guard.expected)
  const parts = [
    ...encodeCommand(['WATCH', guard.key]),
    ...encodeCommand(['EVAL', guardScript, '1', guard.key, guard.run, guard.split, expected]),
    multi,
  ]
  return { parts: [Buffer.concat(parts)], replies: 3 }
}

/** What goes behind the commands of a group, and how many replies it has besides that of `EXEC`. */
export function groupTail(guard: Guard): {
  readonly parts: Uint8Array[]
  readonly replies: number
} {
  const { key, split, progress } = guard
  if (progress === undefined) return { parts: [exec], replies: 0 }
  const { sequence, record } = progress
  const set = encodeCommand([
    'HSET',
    key,
    fields.sequence(split),
    String(sequence),
    fields.record(split),
    record,
  ])
  return { parts: [Buffer.concat([...set, exec])], replies: 1 }
}

/** Reads the reply of the guard script. */
export function guardAnswerOf(reply: RespReply): GuardAnswer {
  if (reply instanceof RespError) return { kind: 'error', error: reply }
  const text = replyText(reply) ?? ''
  if (text === 'pass' || text === 'gone') return { kind: text }
  if (text.startsWith('fenced ')) return { kind: 'fenced', owner: text.slice('fenced '.length) }
  return { kind: 'elsewhere', sequence: Number(text.slice('at '.length)) }
}
