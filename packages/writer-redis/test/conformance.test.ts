import { randomUUID } from 'node:crypto'
import { runWriterCases, type WriterHarness, type WriterTarget } from '@millrace/testkit'
import type { DataSource } from '@millrace/core/plugin'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { redisWriter } from '../src/index.ts'
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

const dataSource = (password: string): DataSource => ({
  name: 'cache',
  type: 'redis',
  hosts: [{ host: '127.0.0.1', port: server.port }],
  password,
  properties: {},
})

async function makeTarget(isList: boolean, password = secret): Promise<WriterTarget> {
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
    dataSources: [dataSource(password)],
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
    openConnections: async () => {
      const clients = String(await redis.client('LIST'))
      return clients.split('\n').filter((line) => line.includes('name=millrace ')).length
    },
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
    hasBadRows: true,
    hasRefusedRows: isList,
    refused: {
      secret: 'wrong-secret',
      target: async () => await makeTarget(isList, 'wrong-secret'),
    },
  }
}

describe('strings', () => runWriterCases(harness(false), { test }))
describe('lists', () => runWriterCases(harness(true), { test }))
