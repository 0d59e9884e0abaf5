import { describe, expect, it } from 'vitest'
import type { RespReply } from '../resp/reply-parser.ts'
import { RespError } from '../resp/resp-error.ts'
import { confirmWrites } from './confirm-writes.ts'

/** A server that has these answers. */
async function confirmed(answers: Record<string, RespReply>) {
  const sent: string[] = []
  const forbidden: string[] = []
  const durability = await confirmWrites({
    key: 'millrace:{job}',
    run: 'r1',
    ask: (commands) => {
      sent.push(...commands.map(([name = '']) => name))
      return Promise.resolve(
        commands.map(([name = '', what = '']) => answers[name === 'INFO' ? what : name] ?? 1),
      )
    },
    onForbidden: (command) => forbidden.push(command),
  })
  return { durability, sent, forbidden }
}

const withFile = 'aof_enabled:1\r\n'
const withReplica = 'connected_slaves:1\r\nslave0:ip=::1,port=1,state=online,offset=1\r\n'
const synchronizing = 'connected_slaves:1\r\nslave0:ip=::1,port=1,state=wait_bgsave,offset=0\r\n'

describe('what was written', () => {
  it('is on disk where the append-only file has it, asked for behind a write', async () => {
    const found = await confirmed({ persistence: withFile, WAITAOF: [1, 0] })
    expect(found.durability).toBe('disk')
    expect(found.sent).toEqual(['INFO', 'INFO', 'EVAL', 'WAITAOF'])
  })

  it('is on a replica where one is online and has it', async () => {
    expect((await confirmed({ replication: withReplica })).durability).toBe('replica')
    expect((await confirmed({ replication: synchronizing })).sent).toEqual(['INFO', 'INFO'])
    const answers = { persistence: withFile, replication: withReplica }
    const slowDisk = await confirmed({ ...answers, WAITAOF: [0, 0] })
    expect(slowDisk.durability).toBe('replica')
    const unknown = new RespError("ERR unknown command 'WAITAOF'")
    expect((await confirmed({ ...answers, WAITAOF: unknown })).durability).toBe('replica')
  })

  it('is in memory where nobody confirms more in time', async () => {
    expect((await confirmed({})).durability).toBe('memory')
    expect((await confirmed({ replication: withReplica, WAIT: 0 })).durability).toBe('memory')
    const refused = new RespError('NOPERM no')
    const found = await confirmed({ replication: withReplica, WAIT: refused })
    expect(found.durability).toBe('memory')
    expect(found.forbidden).toEqual(['WAIT'])
    expect((await confirmed({ persistence: refused, replication: refused })).durability).toBe(
      'memory',
    )
  })

  it('is not confirmed by a checkpoint that another run has', async () => {
    const found = await confirmed({ persistence: withFile, WAITAOF: [1, 0], EVAL: 0 })
    expect(found.durability).toBe('memory')
  })
})
