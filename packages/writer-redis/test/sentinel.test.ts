import { once } from 'node:events'
import { createServer } from 'node:net'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedis, type PrivateRedis } from './redis-server.ts'
import { openWriter, textBatch, writeRows } from './write-rows.ts'

let one: PrivateRedis
let other: PrivateRedis
let replica: PrivateRedis

beforeAll(async () => {
  one = await startRedis()
  other = await startRedis()
  replica = await startRedis(['--replicaof', '127.0.0.1', String(one.port)])
})
afterAll(async () => {
  for (const server of [one, other, replica]) await server?.[Symbol.asyncDispose]()
})

/** A sentinel that says what the test wants; commands come whole, since they are short. */
async function startSentinel(
  answer: () => { readonly port: number; readonly epoch?: number } | undefined,
  password?: string,
) {
  const listener = createServer((socket) => {
    let isIn = password === undefined
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      const words = bytes
        .toString()
        .split('\r\n')
        .filter((word) => !/^[*$]\d/.test(word))
      for (const [at, word] of words.entries()) {
        if (word === 'AUTH') {
          isIn = words[at + 1] === 'watcher' && words[at + 2] === password
          socket.write(isIn ? '+OK\r\n' : '-WRONGPASS invalid username-password pair\r\n')
        } else if (word === 'GET-MASTER-ADDR-BY-NAME') {
          const known = answer()
          if (!isIn) socket.write('-NOAUTH Authentication required.\r\n')
          else if (known === undefined) socket.write('*-1\r\n')
          else
            socket.write(
              `*2\r\n$9\r\n127.0.0.1\r\n$${String(known.port).length}\r\n${known.port}\r\n`,
            )
        } else if (word === 'MASTER') {
          const epoch = String(answer()?.epoch ?? 0)
          socket.write(`*2\r\n$12\r\nconfig-epoch\r\n$${epoch.length}\r\n${epoch}\r\n`)
        }
      }
    })
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    node: { host: '127.0.0.1', port: address.port },
    [Symbol.asyncDispose]: async () => void listener.close(),
  }
}

const nothing = { hosts: [] }
const valueAt = async (server: PrivateRedis, key: string) => {
  const redis = new Redis({ port: server.port })
  const value = await redis.get(key)
  redis.disconnect()
  return value
}

describe('the primary', () => {
  it('is looked for again while the sentinels name a replica', async () => {
    let asked = 0
    await using sentinel = await startSentinel(() => ({
      port: (asked += 1) < 6 ? replica.port : one.port,
    }))
    const group = { name: 'm', nodes: [sentinel.node] }
    await writeRows({}, { ...nothing, sentinel: group }, [['stale', 'v']])
    expect(await valueAt(one, 'stale')).toBe('v')
  })

  it('is the one of the newest failover, when sentinels disagree', async () => {
    await using old = await startSentinel(() => ({ port: one.port, epoch: 3 }))
    await using fresh = await startSentinel(() => ({ port: other.port, epoch: 4 }))
    const group = { name: 'm', nodes: [old.node, fresh.node] }
    await writeRows({}, { ...nothing, sentinel: group }, [['split', 'v']])
    expect(await valueAt(other, 'split')).toBe('v')
    expect(await valueAt(one, 'split')).toBeNull()
  })

  it('that stays a replica is an error that names it', async () => {
    await using sentinel = await startSentinel(() => ({ port: replica.port }))
    const group = { name: 'm', nodes: [sentinel.node] }
    await expect(
      writeRows({ timeout: 600 }, { ...nothing, sentinel: group }, [['k', 'v']]),
    ).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringContaining(`127.0.0.1:${replica.port}, which is a replica`),
    })
  })
})

describe('sentinels with users of their own', () => {
  it('are logged in to', async () => {
    await using sentinel = await startSentinel(() => ({ port: one.port }), 's3')
    const group = { name: 'm', nodes: [sentinel.node], user: 'watcher' }
    const write = async (password: string) =>
      await writeRows({}, { ...nothing, sentinel: { ...group, password } }, [['login', 'v']])
    await write('s3')
    expect(await valueAt(one, 'login')).toBe('v')
    await expect(write('wrong')).rejects.toMatchObject({
      code: 'TARGET_UNREACHABLE',
      message: expect.stringContaining('WRONGPASS'),
    })
  })
})

it('a job on an old primary that still takes writes is not concluded there', async () => {
  let primary = one
  await using sentinel = await startSentinel(() => ({ port: primary.port }))
  const call = { signal: new AbortController().signal }
  await using session = await openWriter(
    {},
    { ...nothing, sentinel: { name: 'm', nodes: [sentinel.node] } },
  )
  const checkpoint = await session.checkpoint?.('cut', call)
  if (checkpoint === undefined) throw new Error('no checkpoint')
  await checkpoint.acquire({ run: 'r', host: 'h', pid: 1 }, call)
  await checkpoint.begin({ state: 'running' }, call)
  const write = async (sequence: number) =>
    await session.write(textBatch([[`cut${sequence}`, 'v']]), {
      signal: call.signal,
      progress: { split: 's', sequence, fence: 'r', record: { sequence } },
      admit: () => true,
    })
  await write(1)
  // What was replicated when the network was cut; the other server is made the primary, the old one does not know.
  const [from, to] = [new Redis({ port: one.port }), new Redis({ port: other.port })]
  for (const key of ['millrace:{cut}', 'cut1'])
    await to.restore(key, 0, (await from.dumpBuffer(key)) as never)
  await write(2)
  expect(await valueAt(one, 'cut2')).toBe('v')
  primary = other
  const finish = async () =>
    await checkpoint.finish({ state: 'complete' }, new Map([['s', 2]]), call)
  await expect(finish()).rejects.toMatchObject({ code: 'TARGET_REWOUND' })
  expect((await checkpoint.read(call))?.splits.get('s')?.sequence).toBe(1)
  await write(2)
  await finish()
  expect(await valueAt(other, 'cut2')).toBe('v')
  from.disconnect()
  to.disconnect()
  await checkpoint[Symbol.asyncDispose]()
})
