import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { recognisablePassword } from '../support/clear-error.ts'
import { redisJob, streamRows } from '../support/jobs.ts'

/** A job file that mutations start from. */
export interface CorpusJob {
  /** The file as it was written, comments and all. */
  readonly text: string
  /** What it says. */
  readonly value: unknown
}

const examples = fileURLToPath(new URL('../../../../examples', import.meta.url))
const seed = readFileSync(new URL('../fixtures/seed-sample.txt', import.meta.url), 'utf8')

/** The sample of the DataWorks page, every example of the repository, and jobs of every shape that can run at once. */
export function jobCorpus(): readonly CorpusJob[] {
  const files = readdirSync(examples, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => readFileSync(join(examples, name), 'utf8'))
  const written = [seed, mendedSeed(), ...files].map((text) => ({ text, value: valueOf(text) }))
  const made = runnableJobs().map((job) => {
    const text = JSON.stringify(job, null, 2)
    return { text, value: valueOf(text) }
  })
  return [...written, ...made, ...made]
}

/** Data source files, each of which a job of {@link jobOfSources} can be run with. */
export function dataSourceCorpus(redisPort: number): readonly CorpusJob[] {
  const password = recognisablePassword
  const redis = { type: 'redis', host: '127.0.0.1', port: redisPort, password }
  const url = `redis://:${password}@127.0.0.1:${redisPort}/0`
  const tls = { ca: 'ca.pem', cert: 'client.pem', key: 'client.key', rejectUnauthorized: true }
  const files = [
    {
      r: redis,
      s: { type: 'mysql', url: `mysql://app:${password}@127.0.0.1:1/shop?charset=utf8` },
    },
    {
      r: { url },
      s: { type: 'postgresql', host: '127.0.0.1', port: 1, user: 'app', password, tls },
    },
    {
      r: { type: 'redis', address: [{ host: '127.0.0.1', port: String(redisPort) }], password },
      s: {
        type: 'mysql',
        address: [{ host: '127.0.0.1', port: '1' }],
        username: 'app',
        password,
        securityProtocol: 'authTypeSsl',
        truststoreFile: 'trust.p12',
        truststorePassword: password,
        properties: { connectTimeout: 1000 },
      },
    },
    {
      r: { type: 'redis', env: { prod: redis, dev: { url } } },
      s: { type: 'redis', sentinel: { name: 'm', nodes: ['127.0.0.1:1'], password }, password },
    },
  ]
  return files.map((datasources) => {
    const text = JSON.stringify({ datasources }, null, 2)
    return { text, value: valueOf(text) }
  })
}

/** A job that names both data sources of {@link dataSourceCorpus}, or only the one that it can reach. */
export function jobOfSources(names: 'both' | 'target'): unknown {
  if (names === 'target') return redisJob({ reader: madeToOrder })
  return redisJob({
    reader: { stepType: 'mysql', parameter: { datasource: 's', table: 't', column: ['a', 'b'] } },
  })
}

/** JSON whose comments begin lines or stand behind values, as in all files of the corpus. */
function valueOf(text: string): unknown {
  const withoutComments = text.replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*/g, (match) =>
    match.startsWith('"') ? match : '',
  )
  return JSON.parse(withoutComments)
}

/** The sample with what it lacks: a Redis data source, a table and a fourth column. */
function mendedSeed(): string {
  return seed
    .replace('"datasource":"xc_mysql_demo2",     //', '"datasource":"r",     //')
    .replace('"table": []', '"table": ["demo"]')
    .replace(/"table"(\s*)\]/, '"table",$1"sex"$1]')
}

const cells = streamRows(
  ['string', 'long', 'double', 'date', 'bool', 'bytes'],
  [
    ['k1', 1, '1.50', '2026-02-02T00:00:00Z', true, 'é'],
    ['k2', '9007199254740993', 2, null, false, { $bytes: '/wD+' }],
    ['😀', -1, '1e3', '2026-02-02T03:04:05Z', null, ''],
  ],
)
const madeToOrder = {
  stepType: 'stream',
  parameter: {
    column: [
      { type: 'string', random: '3,8', name: 'id' },
      { type: 'long', random: '1,100', name: 'score' },
      { type: 'string', value: 'same', name: 'note' },
    ],
    sliceRecordCount: '20',
    seed: 7,
  },
}

function runnableJobs(): readonly unknown[] {
  const pair = { keyIndexes: 0, expireTime: { seconds: '60' } }
  return [
    redisJob({ reader: cells, writer: { writeMode: { type: 'hash', mode: 'row' } } }),
    redisJob({ reader: madeToOrder, writer: { ...pair, writeMode: { type: 'zset' } } }),
    redisJob({
      reader: madeToOrder,
      writer: { ...pair, writeMode: { type: 'hash', mode: 'hset' } },
    }),
    redisJob({
      reader: madeToOrder,
      writer: {
        ...pair,
        keyIndexes: undefined,
        keyTemplate: 'list:#{id}',
        writeMode: { type: 'list', mode: 'rpush', valueFieldDelimiter: ':' },
      },
      setting: { errorLimit: { record: '5' }, speed: { throttle: true, mbps: 8, concurrent: 2 } },
    }),
    redisJob({
      reader: cells,
      writer: {
        column: [
          { name: 'id', index: '0' },
          { name: 'n', index: '1', type: 'long' },
        ],
        dateFormat: 'yyyyMMdd',
      },
    }),
    tableJob('mysql', 'xc_mysql_demo2', 'demo', ['id', 'value', 'sex']),
    tableJob('postgresql', 'shop', 'customers', ['id', 'name', 'created_at']),
    transformedJob(),
    legacyJob(),
    jobWithConnection(),
  ]
}

/** A table of a database, in splits. */
function tableJob(stepType: string, datasource: string, table: string, column: string[]): unknown {
  const where = 'id > 0'
  const reader = { stepType, parameter: { datasource, table, column, splitPk: 'id', where } }
  return redisJob({ reader, setting: { speed: { concurrent: 2 } } })
}

/** DataX's shape, with a transformer. */
function transformedJob(): unknown {
  const transformer = [
    { name: 'dx_substr', parameter: { columnIndex: 1, paras: ['0', '2'] } },
    { name: 'dx_filter', parameter: { columnIndex: 0, paras: ['=', 'k2'] } },
  ]
  return {
    job: {
      setting: { speed: { channel: 1 }, errorLimit: { record: 0, percentage: 0.02 } },
      content: [
        {
          reader: { name: 'streamreader', parameter: cells.parameter },
          writer: {
            name: 'rediswriter',
            parameter: { datasource: 'r', keyIndexes: [0, 1], writeMode: { type: 'set' } },
          },
          transformer,
        },
      ],
    },
  }
}

/** The older shape of DataWorks, with a parameter. */
function legacyJob(): unknown {
  return {
    type: 'job',
    version: '1.0',
    configuration: {
      reader: { plugin: 'stream', parameter: madeToOrder.parameter },
      writer: {
        plugin: 'redis',
        parameter: { datasource: 'r', keyIndexes: '0', keyFieldDelimiter: '$[yyyymmdd]' },
      },
      setting: { errorLimit: { record: '0' }, speed: { concurrent: '1', throttle: false } },
    },
  }
}

/** DataX's shape with a connection that stands in the job, its password too. */
function jobWithConnection(): unknown {
  const connection = [
    {
      jdbcUrl: [`jdbc:mysql://127.0.0.1:1/shop?password=${recognisablePassword}`],
      table: ['t_[0-3]'],
    },
  ]
  const parameter = {
    username: 'app',
    password: recognisablePassword,
    column: ['id', '`name`', "'x'"],
    splitPk: 'id',
    where: 'id > 2',
    connection,
  }
  const content = [
    {
      reader: { name: 'mysqlreader', parameter },
      writer: { name: 'rediswriter', parameter: { datasource: 'r', keyIndexes: 0 } },
    },
  ]
  return { job: { setting: { speed: { channel: 2 } }, content } }
}
