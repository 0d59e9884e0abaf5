import type { Redis } from 'ioredis'
import { dataKeys } from './data-keys.ts'
import {
  jmespath,
  write,
  pipelineFolder,
  type PipelineConfig,
  type PipelineFolder,
} from './pipeline-folder.ts'
import type { RedisTarget } from './redis-test.ts'
import type { SourceKind } from './load-source.ts'
import { makeMysqlDatabase, makePostgresDatabase, type TestDatabase } from './test-database.ts'

const orderCount = 55_000
const partCount = 4_000
const playerCount = 1_000

/** Rows of all tables. */
export const loadRowCount = orderCount + partCount + playerCount

/** A database with a large table, one whose only key is the one that the pipeline names, and one of which half is filtered. */
export async function makePipelineSource(kind: SourceKind): Promise<TestDatabase> {
  const database = await (kind === 'mysql' ? makeMysqlDatabase() : makePostgresDatabase())
  const numbers = (count: number) =>
    kind === 'mysql' ? `seq_1_to_${count}` : `generate_series(1, ${count}) AS s (seq)`
  await database.execute(
    'CREATE TABLE orders (id int PRIMARY KEY, customer varchar(40) NOT NULL, note varchar(200))',
    `INSERT INTO orders SELECT seq, concat('c', seq % 97), repeat('x', seq % 50) FROM ${numbers(orderCount)}`,
    'CREATE TABLE parts (code varchar(20) NOT NULL, stock int NOT NULL)',
    `INSERT INTO parts SELECT concat('p', seq), seq % 100 FROM ${numbers(partCount)}`,
    'CREATE TABLE players (id int PRIMARY KEY, score int NOT NULL)',
    `INSERT INTO players SELECT seq, seq % 1000 FROM ${numbers(playerCount)}`,
    ...['orders', 'parts', 'players'].map((table) =>
      kind === 'mysql' ? `ANALYZE TABLE ${table}` : `ANALYZE ${table}`,
    ),
  )
  return database
}

/** A pipeline of all three tables into a stream, hashes and a sorted set. */
export function loadPipelineFolder(
  target: RedisTarget,
  kind: SourceKind,
  database: TestDatabase,
  config: PipelineConfig = {},
): PipelineFolder {
  const namespace = kind === 'mysql' ? database.name : 'public'
  const pipeline = pipelineFolder(target, kind, database, {
    tables: {
      [`${namespace}.parts`]: { keys: ['code'] },
      [`${namespace}.orders`]: {},
      [`${namespace}.players`]: {},
    },
    // Small batches, so that a run takes long enough to be killed.
    others: { processors: { write_batch_size: 20 } },
    ...config,
  })
  pipeline.job('orders', ordersJob)
  pipeline.job('parts', partsJob)
  pipeline.job('players', playersJob)
  return pipeline
}

const sql = (expression: string) => ({ language: 'sql', expression })

const ordersJob = {
  source: { table: 'orders' },
  transform: [
    {
      uses: 'map',
      with: {
        language: 'jmespath',
        expression: { message_id: 'id', customer: 'upper(customer)', size: 'length(note)' },
      },
    },
  ],
  output: [write({ data_type: 'stream', key: jmespath('`orders:events`') })],
}

const partsJob = {
  source: { table: 'parts' },
  transform: [{ uses: 'add_field', with: { field: 'left', ...sql('100 - stock') } }],
  output: [write({ data_type: 'hash', key: sql("'part:' || code"), expire: 100_000 })],
}

const playersJob = {
  source: { table: 'players' },
  transform: [{ uses: 'filter', with: sql('id % 2 = 0') }],
  output: [
    write({
      data_type: 'sorted_set',
      key: jmespath('`ranking`'),
      args: { member: 'id', score: 'score' },
    }),
  ],
}

/** Rows that the filter drops. */
export const filteredCount = playerCount / 2

/** What in Redis is not as it must be after the whole load, one line each. */
export async function loadDifferences(client: Redis): Promise<string[]> {
  const found: string[] = []
  const orders = await messagesOf(client, 'orders:events')
  for (let id = 1; id <= orderCount; id += 1) {
    const times = orders.get(String(id))?.count ?? 0
    if (times !== 1) found.push(`order ${id}: ${times} messages`)
  }
  if (orders.size > orderCount) found.push(`${orders.size} orders`)
  for (const [id, message] of orders) {
    const size = Number(id) % 50
    const expected = `message_id ${id} customer C${Number(id) % 97} size ${size} op_code r`
    if (message.text !== expected) found.push(`order ${id}: ${message.text}`)
  }
  found.push(...(await partDifferences(client)))
  const ranking = await client.zrange('ranking', '0', '-1', 'WITHSCORES')
  if (ranking.length !== 2 * filteredCount) found.push(`ranking: ${ranking.length / 2} members`)
  for (let at = 0; at < ranking.length; at += 2)
    if (Number(ranking[at]) % 1000 !== Number(ranking[at + 1]) || Number(ranking[at]) % 2 !== 0)
      found.push(`ranking: ${ranking[at]} with ${ranking[at + 1]}`)
  const others = (await dataKeys(client)).filter(
    (key) => !/^part:p\d+$|^orders:events$|^ranking$/.test(key),
  )
  return [...found, ...others.map((key) => `another key: ${key}`)]
}

interface Message {
  count: number
  readonly text: string
}

/** By `message_id`. */
async function messagesOf(client: Redis, stream: string): Promise<Map<string, Message>> {
  const messages = new Map<string, Message>()
  for (const [, fields] of await client.xrange(stream, '-', '+')) {
    const id = fields[fields.indexOf('message_id') + 1] ?? ''
    const known = messages.get(id)
    if (known === undefined) messages.set(id, { count: 1, text: fields.join(' ') })
    else known.count += 1
  }
  return messages
}

async function partDifferences(client: Redis): Promise<string[]> {
  const found: string[] = []
  const hashes = client.pipeline()
  for (let at = 1; at <= partCount; at += 1) hashes.hgetall(`part:p${at}`)
  const expires = client.pipeline()
  for (let at = 1; at <= partCount; at += 1) expires.ttl(`part:p${at}`)
  const contents = (await hashes.exec()) ?? []
  const ttls = (await expires.exec()) ?? []
  for (const [index, [, hash]] of contents.entries()) {
    const stock = (index + 1) % 100
    const expected = { code: `p${index + 1}`, stock: String(stock), left: String(100 - stock) }
    if (JSON.stringify(hash) !== JSON.stringify(expected))
      found.push(`part:p${index + 1}: ${JSON.stringify(hash)}`)
    if (!(Number(ttls[index]?.[1]) > 0)) found.push(`part:p${index + 1} does not expire`)
  }
  return found
}
