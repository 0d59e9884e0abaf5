import { randomUUID } from 'node:crypto'
import { runWriterCases, type WriterHarness, type WriterTarget } from '@millrace/testkit'
import type { DataSource } from '@millrace/core/plugin'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { redisWriter } from '../src/index.ts'
import { routed } from './change-batches.ts'
import { startRedis, type PrivateRedis } from './redis-server.ts'
import { schemaOf } from './write-rows.ts'

const secret = 'conformance-secret'
let server: PrivateRedis
let redis: Redis

// A server of its own, so that connections can be counted.
beforeAll(async () => {
  server = await startRedis(['--requirepass', secret], { password: secret })
  redis = new Redis({ port: server.port, password: secret })
})
afterAll(async () => {
  redis?.disconnect()
  await server?.[Symbol.asyncDispose]()
})

const dataSource = (password: string, port = server.port): DataSource => ({
  name: 'cache',
  type: 'redis',
  hosts: [{ host: '127.0.0.1', port }],
  password,
  properties: {},
})

/** Connections of the writer, those of a run with a checkpoint included. */
async function writerClients(): Promise<readonly string[]> {
  const lines = String(await redis.client('LIST')).split('\n')
  return lines.filter((line) => /name=millrace[ :]/.test(line))
}

async function cutConnections(): Promise<void> {
  for (const line of await writerClients())
    await redis.client('KILL', 'ID', /^id=(\d+)/.exec(line)?.[1] ?? '')
}

/** Hashes whose keys begin with the name of a table: changes are applied to them, and the table can be emptied. */
async function hashesTarget(): Promise<WriterTarget> {
  const table = `t${randomUUID()}`
  const schema = routed(table, [
    ['key', 'string'],
    ['value', 'string'],
  ])
  const keys = async () => await redis.keys(`${table}:key:*`)
  return {
    config: { datasource: 'cache', outputs: { r: [{ type: 'hash' }] } },
    dataSources: [dataSource(secret)],
    schema,
    keeps: 'last',
    row: (key, value) => [key, value],
    contents: async () => {
      const found = new Map<string, readonly string[]>()
      for (const key of await keys())
        found.set(key.slice(`${table}:key:`.length), [(await redis.hget(key, 'value')) ?? ''])
      return found
    },
    [Symbol.asyncDispose]: async () => {
      for (const key of await keys()) await redis.del(key)
    },
  }
}

async function makeTarget(
  isList: boolean,
  password = secret,
  port = server.port,
): Promise<WriterTarget> {
  const prefix = `${randomUUID()}:`
  const schema = schemaOf(['string', 'string', 'string'])
  const keys = async () => await redis.keys(`${prefix}*`)
  return {
    config: {
      datasource: 'cache',
      keyIndexes: [0, 1],
      keyFieldDelimiter: ':',
      writeMode: isList ? { type: 'list', mode: 'rpush' } : { type: 'string', mode: 'set' },
    },
    dataSources: [dataSource(password, port)],
    schema,
    keeps: isList ? 'all' : 'last',
    row: (key, value) => [prefix.slice(0, -1), key, value],
    contents: async () => {
      const found = new Map<string, readonly string[]>()
      for (const key of await keys()) {
        const values = isList ? await redis.lrange(key, 0, -1) : [(await redis.get(key)) ?? '']
        found.set(key.slice(prefix.length), values)
      }
      return found
    },
    badRow: () => [prefix.slice(0, -1), null, 'v'],
    ...(isList
      ? {
          refusedRow: async () => {
            // Outside the prefix: it is not what the writer wrote.
            const name = `other-${prefix.slice(0, -1)}`
            await redis.set(`${name}:k`, 'old')
            return [name, 'k', 'v']
          },
        }
      : {}),
    openConnections: async () => (await writerClients()).length,
    cutConnections,
    [Symbol.asyncDispose]: async () => {
      const found = [...(await keys()), `other-${prefix.slice(0, -1)}:k`]
      await redis.del(...found)
    },
  }
}

function harness(isList: boolean): WriterHarness {
  const rightConfig = { datasource: 'cache', keyIndexes: 0 }
  return {
    plugin: redisWriter,
    makeTarget: async () => await makeTarget(isList),
    wrongConfigs: [
      { ...rightConfig, batchSize: 'many' },
      { ...rightConfig, writeMode: 7 },
      { ...rightConfig, keyIndexes: {} },
    ],
    rightConfig: isList
      ? { ...rightConfig, writeMode: { type: 'list', mode: 'rpush' } }
      : rightConfig,
    isIdempotent: !isList,
    ...(isList ? {} : { lacks: { refusedRow: 'SET takes the place of whatever a key holds' } }),
    keepsCheckpoint: 'with-data',
    changesTarget: hashesTarget,
    truncatedTarget: hashesTarget,
    accepted: { secret, target: async () => await makeTarget(isList) },
    refused: {
      secret: 'wrong-secret',
      target: async () => await makeTarget(isList, 'wrong-secret'),
    },
    unreachable: { secret, target: async () => await makeTarget(isList, secret, 1) },
  }
}

describe('strings', () => runWriterCases(harness(false), { test }))
describe('lists', () => runWriterCases(harness(true), { test }))
