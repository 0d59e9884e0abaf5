import type { Checkpoint } from '@millrace/core/plugin'
import type { RespReply } from '../resp/reply-parser.ts'
import { replyText } from '../resp/reply-text.ts'
import { RespError } from '../resp/resp-error.ts'

/** How safe what was written is. */
export type Durability = Awaited<ReturnType<NonNullable<Checkpoint['confirm']>>>

/** How long a server is waited for; afterwards its answer is that it has not confirmed. */
const maxWaitMs = 1_000

/**
 * Changes nothing, and yet is a write: what is waited for on a connection is what was written before its own last write,
 * by whichever connection.
 */
const markScript = `if redis.call('HGET',KEYS[1],'run')~=ARGV[1] then return 0 end
redis.call('EXPIRE',KEYS[1],99999999) redis.call('PERSIST',KEYS[1]) return 1`

/** What confirming needs. */
export interface ConfirmOptions {
  /** Of the checkpoint. */
  readonly key: string
  /** The run that has the fence; absent: nothing is marked, and the answer says what the server does with writes. */
  readonly run?: string
  /** Sends commands over one connection; error replies are values. */
  ask(commands: readonly (readonly string[])[]): Promise<readonly RespReply[]>
  /** The user may not run a command without which less is known than could be. */
  onForbidden(command: string): void
}

/**
 * Waits until what was written before is on disk, where there is an append-only file and the server can tell (`WAITAOF`, Redis
 * 7.2), else until a replica has it, where one is connected (`WAIT`).
 *
 * Protocol: <https://redis.io/docs/latest/commands/waitaof/>, <https://redis.io/docs/latest/commands/wait/>.
 */
export async function confirmWrites(options: ConfirmOptions): Promise<Durability> {
  const { key, run } = options
  const info = (
    await options.ask([
      ['INFO', 'persistence'],
      ['INFO', 'replication'],
    ])
  ).map((reply) => (reply instanceof RespError ? '' : (replyText(reply) ?? '')))
  const text = info.join('\n')
  const marks = run === undefined ? [] : [['EVAL', markScript, '1', key, run]]
  const wait = async (command: readonly string[]) => {
    const replies = await options.ask([...marks, command])
    const isMarked = run === undefined || replies[0] === 1
    return { isMarked, reply: replies.at(-1) }
  }
  if (/^aof_enabled:1/m.test(text)) {
    const { isMarked, reply } = await wait(['WAITAOF', '1', '0', String(maxWaitMs)])
    if (isForbidden(reply)) options.onForbidden('WAITAOF')
    const onDisk = Array.isArray(reply) ? (reply as readonly RespReply[])[0] : 0
    if (isMarked && onDisk === 1) return 'disk'
  }
  if (/^slave\d+:.*state=online/m.test(text)) {
    const { isMarked, reply } = await wait(['WAIT', '1', String(maxWaitMs)])
    if (isForbidden(reply)) options.onForbidden('WAIT')
    if (isMarked && typeof reply === 'number' && reply >= 1) return 'replica'
  }
  return 'memory'
}

function isForbidden(reply: RespReply | undefined): boolean {
  return reply instanceof RespError && reply.code === 'NOPERM'
}
