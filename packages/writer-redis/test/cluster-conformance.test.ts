import { randomUUID } from 'node:crypto'
import { runWriterCases, type WriterHarness, type WriterTarget } from '@millrace/testkit'
import type { DataSource } from '@millrace/core/plugin'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { redisWriter } from '../src/index.ts'
import { routed } from './change-batches.ts'
import { startCluster, type PrivateCluster } from './redis-cluster.ts'
import { schemaOf } from './write-rows.ts'

const secret = 'conformance-secret'
let cluster: PrivateCluster

beforeAll(async () => {
  cluster = await startCluster(secret)
})
afterAll(async () => await cluster?.[Symbol.asyncDispose]())

const dataSource = (password: string, hosts = cluster.hosts): DataSource => ({
  name: 'cache',
  type: 'redis',
  hosts: [...hosts],
  password,
  properties: {},
})

interface Variant {
  readonly isList: boolean
  /** What stands before every key; with a hash tag all are in one slot. */
  readonly tag: string
}

const writeModes = {
  list: { type: 'list', mode: 'rpush' },
  string: { type: 'string', mode: 'set' },
} as const

/** Connections of the writer to each node, those of a run with a checkpoint included. */
async function writerClients() {
  const lists = await Promise.all(
    cluster.nodes.map(async (node) => ({ node, list: String(await node.client('LIST')) })),
  )
  return lists.flatMap(({ node, list }) =>
    list
      .split('\n')
      .filter((line) => /name=millrace[ :]/.test(line))
      .map((line) => ({ node, id: /^id=(\d+)/.exec(line)?.[1] ?? '' })),
  )
}

async function cutConnections(): Promise<void> {
  for (const { node, id } of await writerClients()) await node.client('KILL', 'ID', id)
}

const keysOf = async (pattern: string) =>
  (await Promise.all(cluster.nodes.map(async (node) => await node.keys(pattern)))).flat()

/** Hashes whose keys begin with the name of a table: changes are applied to them, and the table can be emptied. */
async function hashesTarget(): Promise<WriterTarget> {
  const table = `t${randomUUID()}`
  const schema = routed(table, [
    ['key', 'string'],
    ['value', 'string'],
  ])
  const keys = async () => await keysOf(`${table}:key:*`)
  return {
    config: {
      datasource: 'cache',
      redisMode: 'ClusterMode',
      outputs: { r: [{ type: 'hash' }] },
    },
    dataSources: [dataSource(secret)],
    schema,
    keeps: 'last',
    row: (key, value) => [key, value],
    contents: async () => {
      const found = new Map<string, readonly string[]>()
      for (const key of await keys())
        found.set(key.slice(`${table}:key:`.length), [
          (await cluster.client.hget(key, 'value')) ?? '',
        ])
      return found
    },
    [Symbol.asyncDispose]: async () => {
      for (const key of await keys()) await cluster.client.del(key)
    },
  }
}

async function makeTarget(
  { isList, tag }: Variant,
  password = secret,
  hosts = cluster.hosts,
): Promise<WriterTarget> {
  const { client } = cluster
  const name = randomUUID()
  const prefix = `${tag}${name}:`
  const valuesOf = async (key: string) =>
    isList ? await client.lrange(key, 0, -1) : [(await client.get(key)) ?? '']
  const other = `other-${name}`
  return {
    config: {
      datasource: 'cache',
      redisMode: 'ClusterMode',
      keyTemplate: `${tag}#{c0}:#{c1}`,
      writeMode: isList ? writeModes.list : writeModes.string,
    },
    dataSources: [dataSource(password, hosts)],
    schema: schemaOf(['string', 'string', 'string']),
    keeps: isList ? 'all' : 'last',
    row: (key, value) => [name, key, value],
    contents: async () => {
      const found = new Map<string, readonly string[]>()
      for (const key of await keysOf(`${prefix}*`))
        found.set(key.slice(prefix.length), await valuesOf(key))
      return found
    },
    badRow: () => [name, null, 'v'],
    ...(isList
      ? {
          refusedRow: async () => {
            await client.set(`${tag}${other}:k`, 'old')
            return [other, 'k', 'v']
          },
        }
      : {}),
    openConnections: async () => (await writerClients()).length,
    cutConnections,
    [Symbol.asyncDispose]: async () => {
      for (const key of await keysOf(`*${name}*`)) await client.del(key)
    },
  }
}

function harness(variant: Variant): WriterHarness {
  const { isList } = variant
  const writeMode = isList ? writeModes.list : writeModes.string
  const rightConfig = { datasource: 'cache', redisMode: 'ClusterMode', keyIndexes: 0, writeMode }
  return {
    plugin: redisWriter,
    makeTarget: async () => await makeTarget(variant),
    wrongConfigs: [
      { ...rightConfig, redisMode: 7 },
      { ...rightConfig, selectDatabase: 'first' },
    ],
    rightConfig,
    isIdempotent: !isList,
    ...(isList ? {} : { lacks: { refusedRow: 'SET takes the place of whatever a key holds' } }),
    keepsCheckpoint: variant.tag === '' ? 'after-data' : 'with-data',
    changesTarget: hashesTarget,
    truncatedTarget: hashesTarget,
    accepted: { secret, target: async () => await makeTarget(variant) },
    refused: {
      secret: 'wrong-secret',
      target: async () => await makeTarget(variant, 'wrong-secret'),
    },
    unreachable: {
      secret,
      target: async () => await makeTarget(variant, secret, [{ host: '127.0.0.1', port: 1 }]),
    },
  }
}

describe('strings', () => runWriterCases(harness({ isList: false, tag: '' }), { test }))
describe('lists', () => runWriterCases(harness({ isList: true, tag: '' }), { test }))
describe('strings of one slot', () =>
  runWriterCases(harness({ isList: false, tag: '{t}' }), { test }))
describe('lists of one slot', () => runWriterCases(harness({ isList: true, tag: '{t}' }), { test }))
