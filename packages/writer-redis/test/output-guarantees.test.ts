import { setTimeout as sleep } from 'node:timers/promises'
import type { DataSource, WriterSession } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { redisWriter } from '../src/index.ts'
import { changeBatch, readBatch, routed } from './change-batches.ts'
import { startRedis, type PrivateRedis } from './redis-server.ts'
import { openWriter, TestLogger, writeBatch } from './write-rows.ts'

const call = { signal: new AbortController().signal }
const schema = routed('t', [
  ['id', 'int'],
  ['name', 'string'],
  ['score', 'int'],
  ['note', 'string'],
])
const outputs = {
  r: [
    { type: 'hash', key: { template: 'h:#{id}' }, expire: { seconds: 100 } },
    { type: 'set', key: { template: 's:#{name}' }, member: 'id' },
    { type: 'zset', key: { template: 'z' }, member: 'id', score: 'score' },
    { type: 'string', key: { template: 'v:#{id}' }, value: 'name' },
    { type: 'stream', key: { template: 'log' }, expire: { seconds: 100 } },
  ],
}
const changes = () => [
  readBatch(schema, [
    ['1', 'a', '1', 'n'],
    ['2', 'b', '2', 'n'],
  ]),
  changeBatch(schema, [
    { operation: 'u', row: ['3', 'a', '1', undefined], before: ['1', 'a', '1', undefined] },
    { operation: 'd', row: ['2', 'b', '2', 'n'] },
  ]),
]

async function open(source: Partial<DataSource>): Promise<WriterSession> {
  return await openWriter({ keyIndexes: undefined, outputs }, source, { logger: new TestLogger() })
}

describe('on one server', () => {
  let server: PrivateRedis
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis()
    redis = new Redis({ port: server.port })
  })
  afterEach(async () => await redis.flushall())
  afterAll(async () => {
    redis.disconnect()
    await server[Symbol.asyncDispose]()
  })
  const source = (): Partial<DataSource> => ({ hosts: [{ host: '127.0.0.1', port: server.port }] })

  it('rows and position are one, under the rights that are asked for', async () => {
    const rule = (await open({ ...source(), user: 'loader' })).requiredPermissions?.('job') ?? ''
    const words = rule.split(' ').map((word) => word.replaceAll(/^"|"$/g, ''))
    await redis.call(...(words as [string, ...string[]]), '>secret')
    await using session = await open({ ...source(), user: 'loader', password: 'secret' })
    expect(
      (await session.check([schema], call)).filter(({ severity }) => severity === 'error'),
    ).toEqual([])
    const checkpoint = await session.checkpoint?.('job', call)
    if (checkpoint === undefined) throw new Error('no checkpoint')
    await checkpoint.acquire({ run: 'f', host: 'h', pid: 1 }, call)
    await checkpoint.begin({}, call)
    for (const [at, batch] of changes().entries()) {
      const result = await session.write(batch, {
        ...call,
        progress: { split: 's', sequence: at + 1, fence: 'f', record: { at } },
        admit: () => true,
      })
      expect(result.rejected).toEqual([])
    }
    expect((await checkpoint.read(call))?.splits.get('s')).toEqual({
      sequence: 2,
      record: { at: 1 },
    })
    await checkpoint[Symbol.asyncDispose]()
    expect((await redis.keys('[hsvzl]*')).sort()).toEqual(['h:3', 'log', 's:a', 'v:3', 'z'])
    expect(await redis.ttl('h:3')).toBeGreaterThan(50)
    expect(await redis.hget('h:3', 'note')).toBe('n')
  })

  it('a batch without rows does not overtake the first one', async () => {
    await using session = await open(source())
    const checkpoint = await session.checkpoint?.('order', call)
    if (checkpoint === undefined) throw new Error('no checkpoint')
    await checkpoint.acquire({ run: 'f', host: 'h', pid: 1 }, call)
    await checkpoint.begin({}, call)
    const [reads] = changes() as [RecordBatch]
    const monitor = await redis.monitor()
    const expected: string[] = []
    monitor.on('monitor', (_time: string, [name, ...args]: string[]) => {
      if (name?.toUpperCase() === 'EVAL' && args[0]?.includes("'sequence:'"))
        expected.push(args.at(-1) ?? '')
    })
    const results = await Promise.all(
      [reads, readBatch(schema, []), reads].map(async (batch, at) => {
        const progress = { split: 's', sequence: at + 1, fence: 'f', record: { at } }
        return await session.write(batch, { ...call, progress, admit: () => true })
      }),
    )
    expect(results.map(({ written }) => written)).toEqual([2, 0, 2])
    expect((await checkpoint.read(call))?.splits.get('s')?.sequence).toBe(3)
    await vi.waitFor(() => expect(expected).toEqual(['0', '1', '2']))
    monitor.disconnect()
    await checkpoint[Symbol.asyncDispose]()
  })

  it('rows that an earlier run applied are looked at and not written again', async () => {
    await redis.set('h:1', 'mine')
    await using session = await open(source())
    const [batch] = changes() as [RecordBatch]
    const result = await session.write(batch, {
      ...call,
      progress: { split: 's', sequence: 1, fence: 'f', isApplied: true },
      admit: () => true,
    })
    expect(result.rejected.map(({ row, error }) => `${row} ${error.code}`)).toEqual([
      '0 WRONG_TYPE',
    ])
    expect(await redis.keys('*')).toEqual(['h:1'])
  })

  it('a server that is full for a while gets every message once', async () => {
    await using session = await open(source())
    const [reads, moves] = changes() as [RecordBatch, RecordBatch]
    await writeBatch(session, reads)
    await redis.config('SET', 'maxmemory', '1')
    const written = writeBatch(session, moves)
    await sleep(300)
    await redis.config('SET', 'maxmemory', '0')
    expect(await written).toMatchObject({ written: 2, rejected: [] })
    const codes = (await redis.xrange('log', '-', '+')).map(([, fields]) => fields.at(-1))
    expect(codes).toEqual(['r', 'r', 'u', 'd'])
    expect(await redis.hget('h:3', 'note')).toBe('n')
  })

  it('commands are shown without a server', async () => {
    const session = await open({ hosts: [{ host: '127.0.0.1', port: 1 }] })
    const { commands } = session.preview(changes()[1] as RecordBatch)
    const names = commands.map(([name, ...args]) => `${String(name)} ${String(args.at(-1))}`)
    expect(names).toContain('DEL h:2')
    expect(names).toContain('XADD u')
    expect(names).toContain('XADD d')
  })

  it('the guarantee says whether anything is appended', async () => {
    const guaranteeOf = async (list: object[], route?: string) => {
      const parsed = await redisWriter.config['~standard'].validate({
        datasource: 'r',
        outputs: { r: list, others: [{ type: 'hash' }] },
      })
      if (parsed.issues !== undefined) throw new Error(JSON.stringify(parsed.issues))
      return redisWriter.guarantee(parsed.value, route)
    }
    expect(await guaranteeOf([{ type: 'hash' }])).toEqual({ isIdempotent: true })
    const stream = await guaranteeOf([{ type: 'hash' }, { type: 'stream' }])
    expect(stream).toMatchObject({ isIdempotent: false, note: expect.stringMatching(/^streams/) })
    expect(await guaranteeOf([{ type: 'stream' }], 'r')).toEqual(stream)
    expect(await guaranteeOf([{ type: 'stream' }], 'others')).toEqual({ isIdempotent: true })
  })
})

describe('parameters', () => {
  const findingsOf = async (parameters: object) => {
    const parsed = await redisWriter.config['~standard'].validate({
      datasource: 'r',
      ...parameters,
    })
    if (parsed.issues !== undefined) throw new Error(JSON.stringify(parsed.issues))
    const found = redisWriter.validate?.(parsed.value, { readerColumns: ['a'], concurrency: 1 })
    return (found ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
  }

  it('that do not go together are told with their places', async () => {
    const list = [
      { type: 'set' },
      { type: 'zset', member: 'a', fields: [] },
      { type: 'hash', key: { template: 'a#{' } },
      { type: 'json', nest: { path: 'Lines', column: 'id' } },
    ]
    expect(await findingsOf({ keyIndexes: 0, outputs: { r: list } })).toEqual([
      'keyIndexes: keyIndexes and outputs exclude each other, both are given',
      'outputs.r.0.member: is missing: type "set" needs it',
      'outputs.r.1.score: is missing: type "zset" needs it',
      'outputs.r.1.fields: does not go with type "zset"',
      'outputs.r.2.key.template: the #{ at character 2 is not closed by }',
      'outputs.r.3.nest.path: expected a path such as "$.Lines", found "Lines"',
      'outputs.r.3.key: is missing: entries need the key of the document',
    ])
  })

  it('that name unknown columns or routes are told the nearest', async () => {
    await using session = await openWriter(
      { keyIndexes: undefined, outputs: { r: [{ type: 'set', member: 'nmae' }] } },
      { hosts: [{ host: '127.0.0.1', port: 1 }] },
    )
    const findings = await session.check([schema, { ...schema, route: 'x' }], call)
    expect(findings.map(({ message, hint }) => `${message} ${hint}`)).toEqual([
      'table t has no column "nmae" Did you mean "name"?',
      'there is no output for the route "x" (table t) The routes are r.',
    ])
  })
})

describe('on a cluster', () => {
  let server: PrivateRedis
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis(['--cluster-enabled', 'yes'])
    redis = new Redis({ port: server.port })
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    for (let state = ''; !state.includes('cluster_state:ok'); await sleep(20))
      state = String(await redis.call('CLUSTER', 'INFO'))
  })
  afterAll(async () => {
    redis.disconnect()
    await server[Symbol.asyncDispose]()
  })

  it('every command goes to the owner of its key; a row that cannot be taken along is dirty', async () => {
    await using session = await open({ cluster: [{ host: '127.0.0.1', port: server.port }] })
    await session.check([schema], call)
    const [reads, moves] = changes() as [RecordBatch, RecordBatch]
    expect(await writeBatch(session, reads)).toMatchObject({ written: 2, rejected: [] })
    const { admitted, rejected } = await writeBatch(session, moves)
    expect(rejected).toEqual([])
    expect(admitted.map(({ row, error }) => `${row} ${error.code}`)).toEqual(['0 CROSS_SLOT'])
    expect((await redis.keys('*')).sort()).toEqual(['h:1', 'log', 's:a', 'v:1', 'z'])
    expect(await redis.ttl('log')).toBeGreaterThan(50)
    // What an earlier run applied is looked at alone.
    await redis.set('s:b', 'mine')
    const again = await session.write(changes()[0] as RecordBatch, {
      ...call,
      progress: { split: 's', sequence: 1, fence: 'f', isApplied: true },
      admit: () => true,
    })
    expect(again.rejected.map(({ row, error }) => `${row} ${error.code}`)).toEqual(['1 WRONG_TYPE'])
    expect(await redis.xlen('log')).toBe(3)
  })
})
