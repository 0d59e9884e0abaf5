import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageFiles, pluginSource, temporaryFolder } from '../../test-data/temp-folder.ts'
import { loadJob, type LoadJobOptions } from './load-job.ts'

const plugins = {
  ...packageFiles(
    '@millrace/reader-mysql',
    pluginSource('reader', 'mysql', { accepts: ['mysql'] }),
  ),
  ...packageFiles(
    '@millrace/writer-redis',
    pluginSource('writer', 'redis', { accepts: ['redis'] }),
  ),
}
const dataSources = `datasources:
  shop: { type: mysql, host: db, user: app, password: "\${env:SHOP_PASSWORD}", database: shop }
  cache: { type: redis, url: "redis://:hush@cache:6379/0" }
`

function load(
  files: Readonly<Record<string, string>>,
  file = 'job.json',
  options: Partial<LoadJobOptions> = {},
) {
  const folder = temporaryFolder({ ...plugins, 'datasources.yaml': dataSources, ...files })
  return loadJob(file, {
    parameters: {},
    scheduledAt: new Date('2025-11-01T00:00:00Z'),
    plugins: [],
    usePlugins: true,
    searchFrom: [],
    environment: { SHOP_PASSWORD: 'hush' },
    workingFolder: folder,
    ...options,
  })
}

const job = (changes: {
  reader?: object
  writer?: object
  steps?: unknown[]
  rest?: object
  readerType?: string
}) =>
  JSON.stringify(
    {
      type: 'job',
      version: '2.0',
      steps: changes.steps ?? [
        {
          stepType: changes.readerType ?? 'mysql',
          parameter: { datasource: 'shop', table: 't', column: ['id', 'name'], ...changes.reader },
          name: 'Reader',
          category: 'reader',
        },
        {
          stepType: 'redis',
          parameter: { datasource: 'cache', keyIndex: 0, ...changes.writer },
          name: 'Writer',
          category: 'writer',
        },
      ],
      ...changes.rest,
    },
    null,
    1,
  )

const texts = (loaded: { problems: readonly { severity: string; message: string }[] }) =>
  loaded.problems.map((problem) => `${problem.severity} ${problem.message}`)

describe('loadJob', () => {
  it('reports what the reader finds wrong with its data source, where the job names it', async () => {
    const given = (name: string) =>
      load({
        'datasources.yaml': dataSources.replace('database: shop', `properties: { ${name}: x }`),
        'job.json': job({}),
      })
    const { plan, problems } = await given('loadBalanceHosts')
    expect(plan).toBeDefined()
    expect(problems).toMatchObject([
      {
        severity: 'warning',
        file: 'job.json',
        message:
          'steps[0].parameter.datasource: data source "shop": the property loadBalanceHosts has no effect',
        hint: 'Take it out.',
      },
    ])
    expect((await given('broken')).plan).toBeUndefined()
  })

  it('gives a plan for a sound job', async () => {
    const { plan, problems } = await load({ 'job.json': job({}) })
    expect(problems).toEqual([])
    expect(plan).toMatchObject({
      name: expect.stringMatching(/^job-[0-9a-f]{8}$/),
      reader: {
        name: 'Reader',
        stepType: 'mysql',
        origin: '@millrace/reader-mysql',
        dataSources: [
          {
            name: 'shop',
            type: 'mysql',
            hosts: [{ host: 'db' }],
            user: 'app',
            password: 'hush',
            database: 'shop',
            properties: {},
          },
        ],
      },
      writer: {
        stepType: 'redis',
        dataSources: [{ name: 'cache', password: 'hush', database: '0' }],
      },
      transform: { identity: [] },
      settings: { concurrency: 3, errorLimit: { record: 0 }, timeZone: 'UTC' },
    })
  })

  it('reports the errors of every part at once, in the order of the file', async () => {
    const text = job({
      reader: { datasource: 'shopp', batchSize: 'x', colunm: [] },
      writer: { datasource: 'shop', keyIndex: 2, batchSize: 0, tableComment: 1 },
      rest: { setting: { errorLimit: { record: -1 }, speed: { concurrent: 99 } } },
    })
    const { plan, problems } = await load({ 'job.json': text })
    expect(plan).toBeUndefined()
    expect(
      problems.map(({ severity, message, hint, line }) => [severity, line, message, hint]),
    ).toEqual([
      [
        'error',
        8,
        'steps[0].parameter.datasource: there is no data source "shopp"',
        'Did you mean "shop"? It was looked for in datasources.yaml.',
      ],
      [
        'error',
        14,
        'steps[0].parameter.batchSize: expected an integer of at least 1, found "x"',
        undefined,
      ],
      ['error', 15, 'steps[0].parameter.colunm: unknown key', 'Did you mean "column"?'],
      [
        'error',
        23,
        'steps[1].parameter.datasource: data source "shop" is a mysql, but the redis writer needs redis',
        'Name a data source of the type redis.',
      ],
      [
        'error',
        25,
        'steps[1].parameter.batchSize: expected an integer of at least 1, found 0',
        undefined,
      ],
      [
        'warning',
        26,
        'steps[1].parameter.tableComment: has no effect: no such key is known here',
        undefined,
      ],
      [
        'error',
        34,
        'setting.errorLimit.record: expected an integer of at least 0, found -1',
        undefined,
      ],
      [
        'error',
        37,
        'setting.speed.concurrent: expected an integer from 1 to 32, found 99',
        undefined,
      ],
    ])
  })

  it('reports findings of plugins and data sources together', async () => {
    const text = job({
      reader: { datasource: 'shopp' },
      writer: { datasource: 'shop', keyIndex: 2 },
    })
    const { problems } = await load({ 'job.json': text })
    expect(problems).toMatchObject([
      {
        message: 'steps[0].parameter.datasource: there is no data source "shopp"',
        hint: 'Did you mean "shop"? It was looked for in datasources.yaml.',
        file: 'job.json',
        line: 8,
        column: 19,
      },
      {
        message:
          'steps[1].parameter.datasource: data source "shop" is a mysql, but the redis writer needs redis',
      },
      { message: 'steps[1].parameter.keyIndex: there is no column 2' },
    ])
  })

  it('names the plugin that fails over its parameters, and does not blame the job', async () => {
    const source = pluginSource('reader', 'acme').replace(
      'validate: (config, job) =>',
      'validate: () => null.columns, validated: (config, job) =>',
    )
    const { plan, problems } = await load({
      'acme.mjs': source,
      'job.json': job({ readerType: 'acme', rest: { plugins: ['./acme.mjs'] } }),
    })
    expect(plan).toBeUndefined()
    expect(problems).toMatchObject([
      {
        message: expect.stringMatching(
          /the reader acme of \.\/acme\.mjs \(step "Reader"\) failed over these parameters: TypeError: Cannot read/,
        ),
        hint: expect.stringContaining('fault of the plugin'),
      },
    ])
  })

  it('says of a plugin for another API that alone, and not that none is installed', async () => {
    const source = pluginSource('reader', 'acme', { apiVersion: 2 })
    const rest = { plugins: ['./v2.mjs'] }
    const files = { 'v2.mjs': source, 'job.json': job({ readerType: 'acme', rest }) }
    const { plan, problems } = await load(files)
    expect(plan).toBeUndefined()
    expect(problems).toMatchObject([{ message: expect.stringContaining('plugin API 2') }])
  })

  it('looks on after a wrong parameter', async () => {
    const text = job({
      reader: { datasource: 'shopp', batchSize: 'x' },
      writer: { keyIndex: 2 },
    })
    expect(texts(await load({ 'job.json': text }))).toEqual([
      expect.stringMatching(/there is no data source "shopp"/),
      expect.stringMatching(/expected an integer of at least 1, found "x"/),
    ])
    const other = job({ writer: { datasource: 'shop', batchSize: 'x', keyIndex: 2 } })
    expect(texts(await load({ 'job.json': other }))).toEqual([
      expect.stringMatching(/data source "shop" is a mysql/),
      expect.stringMatching(/there is no column 2/),
      expect.stringMatching(/expected an integer of at least 1, found "x"/),
    ])
  })

  it.each<[string, string, RegExp]>([
    ['a list', '[]', /expected a job, an object with "steps", found an empty list/],
    ['neither shape', '{"stepps": []}', /found neither/],
    ['both shapes', '{"steps": [], "job": {}}', /"steps" and "job"/],
    ['steps that are no list', '{"steps": {}}', /steps: expected a list, found an object/],
    ['no steps', '{"steps": []}', /there is no step with "category": "reader"/],
    ['another version', job({ rest: { version: '3.0' } }), /version: expected "2.0", found "3.0"/],
    ['another type', job({ rest: { type: 'jobs' } }), /type: expected "job", found "jobs"/],
    ['an unknown stepType', job({ readerType: 'mysqll' }), /no reader for the stepType "mysqll"/],
    ['envType 2', job({ reader: { envType: 2 } }), /envType: expected 0 \(production\) or 1/],
  ])('reports %s', async (_, text, message) => {
    const { plan, problems } = await load({ 'job.json': text })
    expect(plan).toBeUndefined()
    expect(problems.map((problem) => problem.message).join('\n')).toMatch(message)
  })

  it('reports files that are not there and folders', async () => {
    expect(texts(await load({}, 'no.json'))).toEqual(['error there is no such file'])
    expect((await load({ 'job.json': '' }, 'jobs.json')).problems).toMatchObject([
      { message: 'there is no such file', hint: 'Did you mean "job.json"?' },
    ])
    expect(texts(await load({ 'job.json': '' }, 'job.json/x.json'))).toEqual([
      'error there is no such file',
    ])
    expect(texts(await load({ 'x/y.json': '' }, 'x'))).toEqual([
      'error expected a job file, found a folder',
    ])
  })

  it.each([
    ['p/config.yml', 'Rename its config.yml to config.yaml.'],
    ['p/jobs/a.yaml', 'Beside jobs there has to be a config.yaml'],
  ])('says of a folder with %s that its config.yaml is missing', async (file, hint) => {
    const { problems } = await load({ [file]: '' }, 'p')
    expect(problems).toMatchObject([
      {
        message: 'expected the folder of a pipeline, found one without config.yaml',
        hint: expect.stringContaining(hint),
      },
    ])
  })

  it('names the bounds that a number has', async () => {
    const rest = { setting: { speed: { throttle: true, mbps: -1 }, errorLimit: { percentage: 2 } } }
    expect(texts(await load({ 'job.json': job({ rest }) }))).toEqual([
      'error setting.speed.mbps: expected a number of at least 0, found -1',
      'error setting.errorLimit.percentage: expected a number from 0 to 1, found 2',
    ])
  })

  it('reads YAML', async () => {
    const yaml = `steps:
  - { stepType: mysql, category: reader, parameter: { datasource: shop, table: t, colum: [id] } }
  - { stepType: redis, category: writer, parameter: { datasource: "redis://h" } }
`
    const { problems } = await load({ 'job.yaml': yaml }, 'job.yaml')
    expect(problems).toMatchObject([
      { line: 2, column: 83, message: 'steps[0].parameter.colum: unknown key', severity: 'error' },
    ])
  })

  it('has the name, channels and plugins of the flags', async () => {
    const module = pluginSource('reader', 'own', {})
    const { plan, problems } = await load(
      { 'job.json': job({ readerType: 'own' }), 'own.mjs': module },
      'job.json',
      { name: 'nightly', concurrency: 7, plugins: ['./own.mjs'] },
    )
    expect(problems).toEqual([])
    expect(plan).toMatchObject({
      name: 'nightly',
      reader: { origin: './own.mjs' },
      settings: { concurrency: 7 },
    })
  })

  it('reports flags that make no sense', async () => {
    const zone = { setting: { common: { column: { timeZone: 'Asia/Tokyo' } } } }
    const loaded = await load({ 'job.json': job({ rest: zone }) }, 'job.json', {
      name: 'a{b}',
      concurrency: 0,
      plugins: ['./no.mjs'],
      scheduledAt: new Date('tomorrow'),
      parameters: { unused: '1' },
    })
    expect(loaded.problems.map((one) => [one.severity, one.file])).toEqual([
      ['error', '--name'],
      ['error', '--concurrent'],
      ['error', '--scheduled-at'],
      ['warning', '--set'],
      ['error', '--plugin'],
    ])
  })

  it('loads no modules with --no-plugins', async () => {
    const text = job({ rest: { plugins: ['./own.mjs'] }, readerType: 'own' })
    const files = { 'job.json': text, 'own.mjs': pluginSource('reader', 'own') }
    expect((await load(files)).plan?.reader.origin).toBe('./own.mjs')
    expect(texts(await load(files, 'job.json', { usePlugins: false }))).toEqual([
      expect.stringMatching(/^error steps\[0\]\.stepType: no reader for the stepType "own"/),
      'warning plugins[0]: is not loaded because of --no-plugins',
    ])
  })

  it('names a job after its file, its servers and its tables, not after its secrets', async () => {
    const name = async (reader: object, environment = { SHOP_PASSWORD: 'hush' }) =>
      (await load({ 'job.json': job({ reader }) }, 'job.json', { environment })).plan?.name
    const first = await name({})
    expect(await name({}, { SHOP_PASSWORD: 'other' })).toBe(first)
    expect(await name({ batchSize: 5 })).toBe(first)
    expect(await name({ table: 'u' })).not.toBe(first)
    expect(await name({ datasource: 'mysql://db/other' })).not.toBe(first)
    expect(await name({ table: 't_$[yyyymmdd]' })).not.toBe(await name({ table: 't_$[yyyymm]' }))
  })

  it('fills parameters, and names every one that has no value', async () => {
    const text = job({ reader: { table: 't_${dt}_$bizdate_${nope}', batchSize: '${size}' } })
    const parameters = { dt: '$[yyyy-mm-dd]', size: '12' }
    const loaded = await load({ 'job.json': text }, 'job.json', { parameters })
    expect(texts(loaded)).toEqual([
      'error steps[0].parameter.table: ${nope}: the parameter has no value',
    ])
    const allowed = await load({ 'job.json': text }, 'job.json', {
      parameters,
      allowUnresolved: true,
    })
    expect(allowed.plan?.reader.config).toMatchObject({ table: 't_2025-11-01_$bizdate_${nope}' })
    expect(texts(allowed)[0]).toMatch(/^warning /)
  })

  it('computes dates in the time zone of the job', async () => {
    const rest = { setting: { common: { column: { timeZone: 'America/New_York' } } } }
    const text = job({ reader: { table: '$[yyyymmddhh24]' }, rest })
    const { plan } = await load({ 'job.json': text })
    expect(plan?.reader.config).toMatchObject({ table: '2025103120' })
    expect(plan?.settings.timeZone).toBe('America/New_York')
  })

  it('takes names of what every object has for unknown names', async () => {
    const rest = { setting: { common: { column: { timeZone: '${__proto__}' } } } }
    const loaded = await load({
      'job.json': job({ reader: { table: '${constructor}' }, rest }),
      'datasources.yaml':
        'datasources: { cache: { type: constructor, host: "${env:toString}" }, shop: { type: mysql, host: h } }',
    })
    expect(texts(loaded)).toEqual([
      expect.stringMatching(/\$\{constructor\}: the parameter has no value/),
      expect.stringMatching(/data source "cache" cannot be used/),
      expect.stringMatching(/\$\{__proto__\}: the parameter has no value/),
      expect.stringMatching(/there is no time zone/),
      expect.stringMatching(/environment variable toString is not set/),
      expect.stringMatching(/no server is named/),
    ])
  })

  it('never shows a secret', async () => {
    const text = job({
      reader: { datasource: 'mysql://u:hush@h:x/db' },
      writer: { connection: { jdbcUrl: 'jdbc:oracle:u/hush@h', password: 'hush' } },
    })
    const loaded = await load({
      'job.json': text,
      'datasources.yaml': 'datasources: { cache: { type: redis, url: "redis://:hush@h:bad/0" } }',
    })
    expect(loaded.problems.length).toBeGreaterThanOrEqual(3)
    expect(JSON.stringify(loaded.problems)).not.toContain('hush')
  })

  it('reports a data source that is not named, unless the plugin has', async () => {
    const text = job({ reader: { datasource: '' } })
    expect(texts(await load({ 'job.json': text }))).toEqual([
      'error steps[0].parameter.datasource: no data source is named',
    ])
  })

  it('points at both files when a data source is wrong', async () => {
    const { problems } = await load({ 'job.json': job({}) }, 'job.json', { environment: {} })
    expect(problems).toMatchObject([
      {
        file: 'job.json',
        line: 8,
        message:
          'steps[0].parameter.datasource: the data source "shop" cannot be used: see datasources.yaml',
      },
      {
        file: 'datasources.yaml',
        line: 2,
        message: 'datasources.shop.password: the environment variable SHOP_PASSWORD is not set',
      },
    ])
  })

  it('gives a plan or problems for whatever becomes of a job file', async () => {
    const sample = readFileSync(
      path.join(import.meta.dirname, '../../test-data/seed-sample.txt'),
      'utf8',
    )
    const texts_ = [sample, job({}), '{"job": {"content": [{"reader": {"name": "mysqlreader"}}]}}']
    const files = Object.fromEntries(texts_.map((text, index) => [`${index}.json`, text]))
    expect(Object.keys(files)).toHaveLength(3)
    const edit = fc.record({
      at: fc.nat(),
      remove: fc.integer({ min: 0, max: 30 }),
      insert: fc.constantFrom(
        '',
        '{',
        '}',
        '[',
        ']',
        '"',
        ',',
        ':',
        'null',
        '1',
        '"x"',
        '${',
        '{}',
        '[]',
        '-1',
      ),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...texts_),
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        async (text, edits) => {
          let changed = text
          for (const { at, remove, insert } of edits) {
            const start = at % (changed.length + 1)
            changed = changed.slice(0, start) + insert + changed.slice(start + remove)
          }
          const { plan, problems } = await load({ 'job.json': changed })
          expect(plan !== undefined).toBe(
            problems.every((problem) => problem.severity === 'warning'),
          )
          for (const problem of problems) expect(problem.message).not.toBe('')
        },
      ),
      { numRuns: 150 },
    )
  })

  it('gives a plan or problems for whatever stands where', async () => {
    const base = JSON.parse(
      job({
        rest: {
          setting: { errorLimit: { record: '0' }, speed: { throttle: true, mbps: '1' } },
          order: { hops: [{ from: 'Reader', to: 'Writer' }] },
          plugins: [],
        },
      }),
    ) as unknown
    const paths: (string | number)[][] = []
    const walk = (value: unknown, at: (string | number)[]): void => {
      paths.push(at)
      if (typeof value !== 'object' || value === null) return
      for (const key of Object.keys(value)) {
        walk((value as Record<string, unknown>)[key], [
          ...at,
          Array.isArray(value) ? Number(key) : key,
        ])
      }
    }
    walk(base, [])
    const odd = fc.constantFrom<unknown>(null, '', 'x', 0, -1, 1e300, true, [], {}, [null], [[]], {
      a: 1,
    })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), odd, async (at, value) => {
        const copy = { root: structuredClone(base) }
        let place: Record<string | number, unknown> = copy
        for (const key of ['root', ...at].slice(0, -1)) place = place[key] as typeof place
        place[['root', ...at].at(-1) ?? ''] = value
        const { plan, problems } = await load({ 'job.json': JSON.stringify(copy.root) })
        expect(plan !== undefined).toBe(problems.every((problem) => problem.severity === 'warning'))
      }),
      { numRuns: 150 },
    )
  })
})
