import { describe, expect, it } from 'vitest'
import { musicConfig, readFiles, secrets, shown } from '../../test-data/pipeline-folder.ts'

/** The config with one part replaced. */
function changed(part: string, by: string): string {
  if (!musicConfig.includes(part)) throw new Error(`${part} is not in the config`)
  return musicConfig.replace(part, () => by)
}

async function problemsOf(config: string, environment = {}): Promise<readonly string[]> {
  const { problems } = await readFiles({ 'config.yaml': config }, { ...secrets, ...environment })
  return problems.map((problem) => shown(problem).replace('config.yaml:', ''))
}

describe('a config.yaml as it should be', () => {
  it('gives a pipeline with defaults', async () => {
    const { pipeline, problems } = await readFiles({ 'config.yaml': musicConfig })
    expect(problems).toEqual([])
    expect(pipeline).toMatchObject({
      name: 'shop',
      jobs: [],
      settings: {
        writeBatchSize: 100,
        targetDataType: 'hash',
        jsonUpdateStrategy: 'replace',
        usesNativeJsonMerge: true,
        errorHandling: 'dlq',
        initialSyncProcesses: 4,
        temporal: 'rdi',
        dropsUnsupported: false,
      },
      sources: [
        {
          id: 'chinook',
          stepType: 'postgresql',
          dataSource: {
            type: 'postgresql',
            hosts: [{ host: '127.0.0.1', port: 5432 }],
            user: 'app',
            password: 'hush-source',
            database: 'music',
          },
          serverNames: ['chinook'],
          namespaces: ['public'],
          tables: [
            { namespace: 'public', table: 'invoice', place: 'config.yaml:13:7' },
            { table: 'track', columns: ['id', 'name'], keys: ['id'], place: 'config.yaml:14:7' },
          ],
          advanced: { decimals: 'string', binary: 'base64', snapshot: 'initial' },
        },
      ],
    })
    expect(pipeline?.targets.get('target')).toMatchObject({
      type: 'redis',
      hosts: [{ host: '127.0.0.1', port: 6379 }],
      password: 'hush-target',
    })
  })

  it('reads MySQL with a database before each table, and several sources', async () => {
    const config = changed(
      'targets:',
      `  shop:
    connection: {type: mariadb, host: db, port: "\${PORT}", user: u, password: "x\${SOURCE_DB_PASSWORD}y"}
    databases: [shop]
    tables: {shop.orders: null, audit: {keys: [a, b]}}
    advanced: {source: {topic.prefix: store, snapshot.mode: "never", heartbeat.interval.ms: "500", decimal.handling.mode: double}}
targets:`,
    )
    const { pipeline, problems } = await readFiles(
      { 'config.yaml': config },
      { ...secrets, PORT: '3307' },
    )
    expect(problems.map(shown)).toEqual([
      expect.stringMatching(
        /^config.yaml:\d+:\d+ warning .*heartbeat.*: has no effect: the position/,
      ),
    ])
    expect(pipeline?.sources[1]).toMatchObject({
      id: 'shop',
      stepType: 'mysql',
      dataSource: {
        type: 'mariadb',
        hosts: [{ host: 'db', port: 3307 }],
        database: 'shop',
        password: 'xhush-sourcey',
      },
      serverNames: ['shop', 'store'],
      namespaces: ['shop'],
      tables: [
        { namespace: 'shop', table: 'orders' },
        { namespace: 'shop', table: 'audit', keys: ['a', 'b'] },
      ],
      advanced: { decimals: 'double', snapshot: 'never' },
    })
  })

  it('leaves out sources that are not active', async () => {
    const idle = `  idle:
    active: \${IDLE}
    connection: {type: mysql, host: h, database: d}
targets:`
    const { pipeline } = await readFiles(
      { 'config.yaml': changed('targets:', idle) },
      { ...secrets, IDLE: 'False' },
    )
    expect(pipeline?.sources.map(({ id }) => id)).toEqual(['chinook'])
  })

  it('takes extensions and the older form of targets', async () => {
    const config = `${changed(
      `    connection:
      type: redis
      host: 127.0.0.1
      port: 6379
      password: \${TARGET_DB_PASSWORD}
`,
      `    type: redis
    host: 127.0.0.1
    port: 6379
`,
    )}metadata: {name: songs}
millrace:
  temporal: iso
  dropUnsupported: true
  on_lost_position: resnapshot
  targets:
    target: {cluster: [{host: a, port: 7000}], tls: true}
`
    const { pipeline, problems } = await readFiles({ 'config.yaml': config })
    expect(problems).toEqual([])
    expect(pipeline?.name).toBe('songs')
    expect(pipeline?.settings).toMatchObject({
      temporal: 'iso',
      dropsUnsupported: true,
      onLostPosition: 'resnapshot',
    })
    expect(pipeline?.targets.get('target')).toMatchObject({
      hosts: [],
      cluster: [{ host: 'a', port: 7000 }],
      tls: { rejectUnauthorized: true },
    })
  })

  it('uses what the processor on Flink says in its own words', async () => {
    const config = changed(
      'processors:\n',
      `processors:
  type: flink
  advanced:
    target: {batch.size: 50}
    processor: {default.data.type: json, default.json.update.strategy: merge}
    dlq: {dlq.enabled: "false", max.len: 5, batch.size: 5}
`,
    )
    const { pipeline, problems } = await readFiles({ 'config.yaml': config })
    expect(problems.map(({ message }) => message)).toEqual([
      'processors.advanced.dlq["batch.size"]: has no effect: there is no Flink',
    ])
    expect(pipeline?.settings).toMatchObject({
      writeBatchSize: 50,
      targetDataType: 'json',
      jsonUpdateStrategy: 'merge',
      errorHandling: 'ignore',
      maxDeadLetters: 5,
    })
  })
})

describe('a config.yaml with mistakes', () => {
  const connection = (type: string) => `  x: {connection: {type: ${type}, anything: 1}}\ntargets:`
  const mongodb = (fields: string, tables: string, settings = '{}') =>
    `  x: {connection: {type: mongodb, connection_string: "mongodb://h"${fields}}, tables: {${tables}}, advanced: {source: ${settings}}}\ntargets:`
  it.each<[string, string, readonly (string | RegExp)[]]>([
    ['targets:', connection('oracle'), [/^17:26 error .*: Oracle is not supported \| Millrace/]],
    ['targets:', connection('sqlserver'), [/^17:26 error .*: SQL Server is not supported/]],
    [
      'targets:',
      connection('mongodb'),
      [/connection_string: is missing: expected a URL/, /anything: unknown key/],
    ],
    [
      'targets:',
      mongodb('', 'a.b: {columns: [c], snapshot_sql: x, keys: [c]}'),
      [
        /columns: does not go with mongodb \| List the fields/,
        /snapshot_sql: does not go with mongodb/,
        /warning .*keys: has no effect: the key is _id/,
      ],
    ],
    [
      'targets:',
      mongodb(', host: h', 'a.b: {exclude_columns: [c]}'),
      [/connection.host: stands beside "connection_string"/],
    ],
    [
      'targets:',
      mongodb('', 'a.b: {}', '{capture.mode: full}'),
      [/capture.mode"\]: expected one of change_streams, .*found "full"/],
    ],
    [
      'targets:',
      mongodb(', database: "crm, shop"', 'x.b: {}'),
      [/the database "x" is not among those that are read \| Those that are read: crm, shop/],
    ],
    ['type: cdc', 'type: flink', [/^3:11 error .*: sources of type "flink" \(Spanner\) are not/]],
    ['type: cdc', 'type: riotx', [/^3:11 error .*: sources of type "riotx"/]],
    ['type: cdc', 'type: external', [/^3:11 error .*: sources of type "external" are not/]],
    [
      'targets:',
      'secret-providers: {a: {type: vault}}\ntargets:',
      [/^17:1 error secret-providers: secret providers are not supported \|/],
    ],
    [
      'schemas: [public]',
      'databases: [a]\n    schemas: [public]',
      [/^11:5 error .*databases: does not go with postgresql \| Name the database in/],
    ],
    [
      'port: 5432',
      'port: 99999',
      [/^7:13 error .*port: expected an integer from 1 to 65535, found/],
    ],
    ['      database: music\n', '', [/^5:7 error .*database: is missing/]],
    [
      'public.invoice:',
      'sales.invoice:',
      [/^13:7 error .*: the schema "sales" is not among those that are read \| Those.*: public/],
    ],
    ['public.invoice:', 'publik.invoice:', [/^13:7 error .*\| Did you mean "public"\?/]],
    ['public.track:', 'invoice:', [/^14:7 error .*: is the same table as "public.invoice"/]],
    [
      'keys: [id]',
      'keys: [idd]',
      [/^16:16 error .*"idd" is not among "columns" \| Did you mean "id"/],
    ],
    [
      'keys: [id]',
      'exclude_columns: [id]',
      [/^16:9 error .*exclude_columns: is for MongoDB only \| List the other columns/],
    ],
    [
      'targets:',
      '    advanced: {source: {snapshot.mode: initial_only}}\ntargets:',
      [/^17:40 error .*: expected one of initial, .*found "initial_only" \| Use --snapshot-only/],
    ],
    [
      'targets:',
      '    advanced: {source: {column.mask.hash.x: a, poll.interval.ms: 5, slot.nam: a}}\ntargets:',
      [
        /^17:25 error .*: is not supported, and rows would differ/,
        /^17:48 warning .*has no effect: changes are taken as soon as/,
        /^17:69 warning .*has no effect \| Did you mean "slot.name"\?/,
      ],
    ],
    [
      'targets:',
      '    advanced: {source: {decimal.handling.mode: precise, snapshot.fetch.size: 10}}\ntargets:',
      [
        /^17:48 warning .*decimal.handling.mode"\]: is taken for "string"/,
        /^17:57 warning .*snapshot.fetch.size"\]: has no effect: rows come in one stream/,
      ],
    ],
    [
      'processors:',
      'processors:\n  dedup: true',
      [/^25:3 warning .*dedup: has no effect: no row is/],
    ],
    [
      'processors:',
      'processors:\n  retry_max_delay_ms: 10',
      [
        /retry_max_delay_ms: has no effect: a write is tried again/,
        /retry_initial_delay_ms: is longer than retry_max_delay_ms, which is 10/,
      ],
    ],
    [
      'processors:',
      'millrace: {targets: {tagret: {tls: true}}, sources: {chinook: {usr: a}}}\nprocessors:',
      [
        /^24:22 error .*: there is no "tagret" in "targets" \| Did you mean "target"\?/,
        /^24:64 error millrace.sources.chinook.usr: unknown key \| Did you mean "user"\?/,
      ],
    ],
    [
      'processors:',
      'metadata: {tags: [a.b-c, "-x", a.b-c]}\nprocessors:',
      [/^24:18 error .*tags: expected each tag once/, /^24:26 error .*: expected letters, digits/],
    ],
    ['password: ${TARGET_DB_PASSWORD}', 'cert: a.pem', [/^23:7 error .*cert: needs key beside it/]],
    ['      host: 127.0.0.1\n      port: 6379', '      usernam: a', [/usernam: unknown key/]],
    [
      '  target:\n',
      '  tagret:\n',
      [/^17:1 error targets: there is no target "target", to which the/],
    ],
  ])('%s -> %s', async (part, by, expected) => {
    const problems = await problemsOf(changed(part, by))
    expect(problems).toEqual(expected.map((text) => expect.stringMatching(text)))
  })

  it('takes no "databases" beside "connection.database", and no schemas, in MySQL', async () => {
    const config = changed('type: postgresql', 'type: mysql')
    expect(await problemsOf(config.replace('schemas', 'databases'))).toContainEqual(
      expect.stringMatching(/^11:5 error .*cannot stand beside "connection.database"/),
    )
    expect(await problemsOf(config)).toContainEqual(
      expect.stringMatching(/^11:5 error .*which has no schemas \| Did you mean "databases"\?/),
    )
  })

  it('says that there is no config.yaml, and still checks the jobs', async () => {
    const { problems } = await readFiles({ 'jobs/a.yaml': 'source: {tabel: x}' })
    expect(problems.map(shown)).toEqual([
      'config.yaml:undefined:undefined error there is no such file',
      'jobs/a.yaml:1:10 error source.tabel: unknown key | Did you mean "table"?',
    ])
  })

  it('compares jobs with the tables though something else of the source is wrong', async () => {
    const files = { 'config.yaml': musicConfig, 'jobs/a.yaml': 'source: {table: invoise}' }
    const { problems } = await readFiles(files, { TARGET_DB_PASSWORD: 'x' })
    expect(problems.map(({ file, hint }) => [file, hint])).toEqual([
      ['shop/config.yaml', 'Set it: export SOURCE_DB_PASSWORD=...'],
      ['shop/jobs/a.yaml', 'Did you mean "invoice"?'],
    ])
  })

  it('gives all problems of all files at once', async () => {
    const { problems } = await readFiles({
      'config.yaml': changed('port: 6379', 'prot: 6379').replace('port: 5432', 'port: x'),
      'jobs/a.yaml': 'source: {table: invoice}\noutput: [{uses: redis.writ}]\n',
      'jobs/b.yaml': 'source: {table: invoice}\ntransform: x\n',
      'jobs/c.yaml': ': :\n  - [',
    })
    expect(problems.map(({ file, line }) => `${file}:${line}`)).toEqual([
      'shop/config.yaml:7',
      'shop/config.yaml:22',
      'shop/jobs/a.yaml:2',
      'shop/jobs/b.yaml:1',
      'shop/jobs/b.yaml:2',
      expect.stringMatching(/^shop\/jobs\/c.yaml/),
      expect.stringMatching(/^shop\/jobs\/c.yaml/),
    ])
  })
})
