import { mkdirSync } from 'node:fs'
import { describe, expect } from 'vitest'
import { stringify } from 'yaml'
import { expectClearError } from './support/clear-error.ts'
import { redisJob, streamRows, type Parameters } from './support/jobs.ts'
import { test, type RedisTarget } from './support/redis-test.ts'
import { dataKeys } from './support/data-keys.ts'

const rows = streamRows(['string', 'string'], [['k', 'value']])

/** The same job in the shape of open-source DataX. */
function dataXJob(
  reader: { readonly parameter: Parameters },
  transformer: readonly unknown[] = [],
  setting: Parameters = {},
) {
  return {
    job: {
      setting: { speed: { channel: 1 }, errorLimit: { record: 0 }, ...setting },
      content: [
        {
          reader: { name: 'streamreader', parameter: reader.parameter },
          writer: { name: 'rediswriter', parameter: { datasource: 'r', keyIndexes: 0 } },
          ...(transformer.length === 0 ? {} : { transformer }),
        },
      ],
    },
  }
}

describe.concurrent('shapes', () => {
  test('DataX: job.content with reader and writer', async ({ target }) => {
    const { exitCode, stderr } = await target.folder().run(dataXJob(rows))
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('k')).toBe('value')
  })

  test('DataX: a connection inside the job', async ({ target }) => {
    const job = dataXJob(rows)
    const parameter = { datasource: target.url, keyIndexes: 0 }
    const content = [{ ...job.job.content[0], writer: { name: 'rediswriter', parameter } }]
    const { exitCode, stderr } = await target.folder().run({ job: { ...job.job, content } })
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('k')).toBe('value')
  })

  test('DataWorks 1.0: configuration with reader and writer', async ({ target }) => {
    const job = {
      type: 'job',
      version: '1.0',
      configuration: {
        reader: { plugin: 'stream', parameter: rows.parameter },
        writer: { plugin: 'redis', parameter: { datasource: 'r', keyIndexes: '0' } },
        setting: { errorLimit: { record: '0' }, speed: { concurrent: '1', throttle: false } },
      },
    }
    const { exitCode, stderr } = await target.folder().run(job)
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('k')).toBe('value')
  })

  test('YAML', async ({ target }) => {
    const text = `# a job in YAML\n${stringify(redisJob({ reader: rows }))}`
    const { exitCode, stderr } = await target.folder().run(text, { file: 'job.yaml' })
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('k')).toBe('value')
  })

  test('a mistake in YAML has its line', async ({ target }) => {
    const text = stringify(redisJob({ reader: rows, writer: { batchSize: 0 } }))
    const result = await target.folder().run(text, { file: 'job.yaml' })
    const line = text.slice(0, text.indexOf('batchSize')).split('\n').length
    expectClearError(result, { exitCode: 2, mentions: [`job.yaml:${line}:`, 'batchSize'] })
  })

  test('comments, trailing commas, quoted numbers and keys of the wizard', async ({ target }) => {
    const text = `// exported "on" {monday}
      {
        "type": "job", "version": "2.0", /* two
        lines */
        "steps": [
          { "stepType": "stream", "category": "reader", "name": "Reader", "copies": 1,
            "parameter": { "column": [{"type": "string"}, {"type": "string"}],
                           "rows": [["k // no comment", "value"],], }, },
          { "stepType": null, "category": "processor", "name": "Processor", "copies": 1,
            "parameter": { "nodes": [], "edges": [], "groups": [], "version": "2.0" } },
          { "stepType": "redis", "category": "writer", "name": "Writer", "copies": 1,
            "parameter": { "datasource": "r", "envType": "0", "keyIndexes": "0", "batchSize": " 10 ",
                           "timeout": "", "redisMode": null, } },
        ],
        "setting": {
          "errorLimit": { "record": "" }, "executeMode": null, "failoverEnable": null, "jvmOption": "",
          "speed": { "throttle": "False", "concurrent": "2", "mbps": "12", "dmu": 1 },
        },
        "order": { "hops": [{ "from": "Reader", "to": "Processor" }, { "from": "Processor", "to": "Writer" }] },
        "extend": { "mode": "wizard", "__new__": true, "formatType": "datax", "cu": "0.5" },
      }`
    const { exitCode, stderr } = await target.folder().run(text)
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('k // no comment')).toBe('value')
    const warnings = stderr.split('\n').filter((line) => line.startsWith('warn'))
    expect(warnings.filter((line) => !line.includes('keeps nothing on disk'))).toEqual([])
  })

  test('a job without order has the one hop it can have', async ({ target }) => {
    const { order, ...job } = redisJob({ reader: rows })
    expect(order).toBeDefined()
    const { exitCode, stderr } = await target.folder().run(job)
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('k')).toBe('value')
  })

  test('envType selects the definition of the data source', async ({ target }) => {
    const folder = target.folder({
      cache: {
        type: 'redis',
        env: {
          prod: { url: target.url },
          dev: { url: target.server.url.replace('/0', '/5') },
        },
      },
    })
    const writer = { datasource: 'cache', envType: 1 }
    const { exitCode, stderr } = await folder.run(redisJob({ reader: rows, writer }))
    expect(exitCode, stderr).toBe(0)
    expect(await target.server.client.info('keyspace')).toMatch(/db5:keys=2,/)
  })

  test("DataWorks' own names of a data source are read", async ({ target }) => {
    const folder = target.folder({
      cache: {
        type: 'redis',
        address: [{ host: '127.0.0.1', port: String(target.server.port) }],
        password: '',
        securityProtocol: 'authTypeNone',
      },
    })
    const writer = { datasource: 'cache', selectDatabase: target.client.options.db }
    const job = redisJob({ reader: rows, writer })
    const { exitCode, stderr } = await folder.run(job)
    expect(exitCode, stderr).toBe(0)
    expect(await target.client.get('k')).toBe('value')
  })
})

describe.concurrent('transformers', () => {
  const reader = streamRows(
    ['string', 'string', 'long'],
    [
      ['a', 'abcdefgh', 1],
      ['b', 'ABCDEFGH', 50],
      ['c', null, 7],
    ],
  )
  const steps: readonly [string, Parameters][] = [
    ['dx_filter', { columnIndex: 2, paras: ['>', '10'] }],
    ['dx_substr', { columnIndex: 1, paras: ['2', '3'] }],
    ['dx_replace', { columnIndex: 1, paras: ['0', '1', '*'] }],
    ['dx_pad', { columnIndex: 1, paras: ['l', '5', '-'] }],
    ['dx_digest', { columnIndex: 0, paras: ['md5', 'toLowerCase'] }],
  ]
  const writer = { writeMode: { type: 'string', mode: 'set', valueFieldDelimiter: '|' } }
  const digests = { a: '0cc175b9c0f1b6a831c399e269772661', c: '4a8a08f09d37b73795649038408b5f33' }

  async function expectTransformed(target: RedisTarget): Promise<void> {
    expect(await dataKeys(target.client)).toEqual([digests.a, digests.c])
    expect(await target.client.get(digests.a)).toBe('--*de|1')
    expect(await target.client.get(digests.c)).toBe('-----|7')
  }

  test('work as processor steps, in the order of the hops', async ({ target }) => {
    const job = redisJob({ reader, writer })
    const processors = steps.map(([stepType, parameter]) => ({
      stepType,
      category: 'processor',
      name: stepType,
      parameter,
    }))
    const names = ['Reader', ...steps.map(([name]) => name), 'Writer']
    const hops = names.slice(1).map((to, index) => ({ from: names[index], to }))
    const { exitCode, stderr, report } = await target.folder().run({
      ...job,
      steps: [...(job['steps'] as unknown[]), ...processors.reverse()],
      order: { hops },
    })
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsRead: 3, recordsWritten: 2, recordsFiltered: 1 })
    expect(stderr).toMatch(/Records filtered\s*: 1/)
    await expectTransformed(target)
  })

  test('work in the DataX shape', async ({ target }) => {
    const transformer = steps.map(([name, parameter]) => ({ name, parameter }))
    const job = dataXJob(reader, transformer)
    const content = [
      {
        ...job.job.content[0],
        writer: { name: 'rediswriter', parameter: { datasource: 'r', keyIndexes: 0, ...writer } },
      },
    ]
    const { exitCode, stderr, report } = await target.folder().run({ job: { ...job.job, content } })
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsRead: 3, recordsWritten: 2, recordsFiltered: 1 })
    await expectTransformed(target)
  })

  test('a row that one cannot take is dirty', async ({ target }) => {
    const transformer = [{ name: 'dx_substr', parameter: { columnIndex: 1, paras: ['20', '3'] } }]
    const setting = { errorLimit: { record: 3 } }
    const { exitCode, stderr, report } = await target
      .folder()
      .run(dataXJob(reader, transformer, setting))
    expect(exitCode, stderr).toBe(0)
    expect(report).toMatchObject({ recordsRead: 3, recordsWritten: 1, recordsDirty: 2 })
  })

  test.for<[string, unknown, string[]]>([
    ['dx_groovy', { name: 'dx_groovy', parameter: { code: 'x' } }, ['Groovy']],
    [
      'a mistyped one',
      { name: 'dx_subst', parameter: { columnIndex: 0 } },
      ['dx_subst', 'dx_substr'],
    ],
    [
      'a column that is not there',
      { name: 'dx_digest', parameter: { columnIndex: 3, paras: ['md5', 'toLowerCase'] } },
      ['3'],
    ],
    [
      'wrong parameters',
      { name: 'dx_pad', parameter: { columnIndex: 0, paras: ['x', '2', '0'] } },
      ['paras'],
    ],
  ])('%s is an error', async ([, transformer, mentions], { target }) => {
    const result = await target.folder().run(dataXJob(reader, [transformer]))
    expectClearError(result, { exitCode: 2, mentions: [/job\.json:\d+:\d+/, ...mentions] })
  })
})

describe.concurrent('plugins that a job or a flag names', () => {
  const pluginText = `
    export const numbers = {
      apiVersion: 1, kind: 'reader', stepType: 'numbers', description: 'counts', capabilities: {
        parallelSplits: false, resumableSplits: false, follow: false },
      config: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }),
        jsonSchema: { input: () => ({}), output: () => ({}) } } },
      async open() { throw new Error('never opened by check') },
    }
    export const plugins = [numbers]
  `
  const reader = { stepType: 'numbers', parameter: {} }

  test('--plugin loads a file, --no-plugins keeps it out', async ({ target }) => {
    const folder = target.folder()
    folder.write('numbers.mjs', pluginText)
    const missing = await folder.check(redisJob({ reader }))
    expectClearError(missing, {
      exitCode: 2,
      mentions: [/npm install (@millrace\/|millrace-)reader-numbers/],
    })
    const flags = ['--plugin', './numbers.mjs']
    const found = await folder.check(redisJob({ reader }), { flags })
    expect(found.exitCode, found.stdout).toBe(0)
    const refused = await folder.check(redisJob({ reader }), { flags: [...flags, '--no-plugins'] })
    expectClearError(refused, { exitCode: 2, mentions: ['numbers'] })
  })

  test('plugins of the job are looked up from its folder', async ({ target }) => {
    const folder = target.folder()
    mkdirSync(folder.pathOf('parts'))
    folder.write('parts/numbers.mjs', pluginText)
    const job = { ...redisJob({ reader }), plugins: ['./parts/numbers.mjs'] }
    const found = await folder.check(job)
    expect(found.exitCode, found.stdout).toBe(0)
    const refused = await folder.check(job, { flags: ['--no-plugins'] })
    expectClearError(refused, { exitCode: 2, mentions: ['numbers', '--no-plugins'] })
  })

  test('two that claim the same stepType are an error that names both', async ({ target }) => {
    const folder = target.folder()
    folder.write('one.mjs', pluginText)
    folder.write('two.mjs', pluginText)
    const result = await folder.check(redisJob({ reader }), {
      flags: ['--plugin', './one.mjs', '--plugin', './two.mjs'],
    })
    expectClearError(result, { exitCode: 2, mentions: ['numbers', 'one.mjs', 'two.mjs'] })
  })

  test('plugins list, info and schema', async ({ target }) => {
    const folder = target.folder()
    const list = await folder.millrace(['plugins'])
    expect(list.exitCode, list.stderr).toBe(0)
    for (const stepType of ['mysql', 'postgresql', 'stream', 'redis']) {
      expect(list.stdout).toContain(stepType)
    }
    const info = await folder.millrace(['plugins', 'info', 'redis'])
    expect(info.stdout).toMatch(/keyIndexes\s+\S/)
    const schema = await folder.millrace(['plugins', 'schema', 'rediswriter'])
    expect(JSON.parse(schema.stdout)).toMatchObject({ type: 'object' })
    const unknown = await folder.millrace(['plugins', 'info', 'oracle'])
    expectClearError(unknown, { exitCode: 2, mentions: ['oracle', 'mysql', '--plugin'] })
  })

  test('plugins of a file that is named', async ({ target }) => {
    const folder = target.folder()
    folder.write('one.mjs', pluginText)
    const flags = ['--plugin', './one.mjs']
    const list = await folder.millrace(['plugins', ...flags])
    expect(list.exitCode, list.stderr).toBe(0)
    expect(list.stdout).toMatch(/reader\s+numbers.*one\.mjs/)
    const info = await folder.millrace(['plugins', 'info', 'numbers', ...flags])
    expect(info.exitCode, info.stderr).toBe(0)
    expect(info.stdout).toContain('reader numbers')
    folder.write('v2.mjs', pluginText.replace('apiVersion: 1', 'apiVersion: 2'))
    const foreign = await folder.millrace(['plugins', 'info', 'numbers', '--plugin', './v2.mjs'])
    expect(foreign.exitCode).toBe(2)
    expect(foreign.stderr).toContain('plugin API 2')
    expect(foreign.stderr).not.toContain('is installed here')
    const missing = await folder.millrace(['plugins', '--plugin', './none.mjs'])
    expect(missing.exitCode).toBe(2)
    expect(missing.stderr).toContain('none.mjs: there is no such plugin module')
  })
})
