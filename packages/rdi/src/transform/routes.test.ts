import { describe, expect, it } from 'vitest'
import { ExpressionSyntaxError } from '../model/expression.ts'
import {
  compiled,
  jmespath,
  job,
  output,
  routesOf,
  scripted,
  shown,
  sql,
  table,
  transformed,
  warnings,
  type RouteSetup,
} from '../../test/route-fixture.ts'
import { compileRoutes } from './compile-routes.ts'
import type { ExpressionCompiler } from './expression-compiler.ts'
import { expressionFindings } from './route-findings.ts'
import { settings } from '../../test/route-fixture.ts'

const invoice = table('invoice', { id: 'int', country: 'string' })

describe('which job is for a table', () => {
  const routeOf = async (
    jobs: RouteSetup['jobs'],
    schema = invoice,
    others: Partial<RouteSetup> = {},
  ) => {
    await using transforms = await compiled(routesOf({ jobs, ...others }), [schema])
    return transforms.outputOf(schema).route
  }
  const match = (options: object) => ({ table: 'invoice', isCaseInsensitive: true, ...options })

  it.each([
    [{ table: 'INVOICE' }, 'invoice'],
    [{ table: 'INVOICE', isCaseInsensitive: false }, 'default'],
    [{ schema: 'PUBLIC' }, 'invoice'],
    [{ schema: 'sales' }, 'default'],
    [{ serverName: 'Shop' }, 'invoice'],
    [{ serverName: 'other' }, 'default'],
    [{ db: 'any' }, 'invoice'],
  ])('PostgreSQL: %j goes to %s', async (options, route) => {
    expect(await routeOf([job({ match: match(options) })])).toBe(route)
  })

  it.each([
    [{ db: 'Public' }, 'invoice'],
    [{ db: 'crm' }, 'default'],
    [{ schema: 'public' }, 'default'],
  ])('MySQL: %j goes to %s', async (options, route) => {
    expect(await routeOf([job({ match: match(options) })], invoice, { namespaceKind: 'db' })).toBe(
      route,
    )
  })

  it('its own before the one for all', async () => {
    const all = job({ name: 'all', table: '*' })
    expect(await routeOf([all, job()])).toBe('invoice')
    expect(await routeOf([all, job()], table('album', { id: 'int' }))).toBe('all')
  })

  it('only one', async () => {
    const jobs = [job(), job({ name: 'second', file: 'jobs/second.yaml' })]
    await expect(routeOf(jobs)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message:
        'Several jobs are for the table public.invoice: jobs/invoice.yaml, jobs/second.yaml.',
    })
  })

  it('none where the job writes to other targets', async () => {
    const routes = routesOf({ jobs: [job({ outputs: [output({ connection: 'other' })] })] })
    expect(routes.tableIsRouted(invoice)).toBe(false)
    expect(routes.tableIsRouted(table('album', {}))).toBe(true)
    expect(routes.outputs).toEqual({ default: [{ type: 'hash' }] })
    const elsewhere = routesOf({ jobs: [job()], connection: 'other' })
    expect(elsewhere.tableIsRouted(table('album', {}))).toBe(false)
  })

  it('keeps a job called default apart from what is done without one', async () => {
    const routes = routesOf({ jobs: [job({ name: 'default' })] })
    expect(Object.keys(routes.outputs)).toEqual(['default', 'default (built in)'])
  })
})

describe('outputs', () => {
  it('escape what would be a column in a constant key', () => {
    const keyOf = (expression: Parameters<typeof output>[0]) =>
      routesOf({ jobs: [job({ outputs: [output(expression)] })] }).outputs['invoice']?.[0]?.key
    expect(keyOf({ key: jmespath('`a#{b}`') })).toEqual({ template: 'a##{b}' })
    expect(keyOf({ key: jmespath("'raw'") })).toEqual({ template: 'raw' })
    expect(keyOf({ key: jmespath('`"quoted"`') })).toEqual({ template: 'quoted' })
    expect(keyOf({ key: sql("'it''s'") })).toEqual({ template: "it's" })
    expect(keyOf({ key: jmespath('`null`') })).toEqual({ column: '$key0' })
    expect(keyOf({ key: jmespath('id') })).toEqual({ column: '$key0' })
    expect(keyOf({ key: sql('id') })).toEqual({ column: '$key0' })
  })

  it('have columns of their own each, and see the same record', async () => {
    const setup: RouteSetup = {
      jobs: [
        job({
          outputs: [
            output({ key: jmespath('a(id)') }),
            output({ connection: 'other', key: jmespath('never') }),
            output({ key: jmespath('b(id)'), expire: sql('id'), temporal: 'iso', maxLength: 5 }),
          ],
        }),
      ],
      scripts: { 'a(id)': (get) => `a${get('id')}`, 'b(id)': (get) => `b${get('id')}` },
    }
    expect(routesOf(setup).outputs['invoice']).toEqual([
      { type: 'hash', key: { column: '$key0' } },
      {
        type: 'hash',
        key: { column: '$key1' },
        expire: { column: '$expire1' },
        temporal: 'iso',
        maxLength: 5,
      },
    ])
    const { batch } = await transformed(setup, invoice, [['7', 'Chad']])
    expect(shown(batch)).toEqual([
      { id: '7', country: 'Chad', $key0: 'a7', $key1: 'b7', $expire1: 7 },
    ])
  })

  it('reject keys and expiries that are none', async () => {
    const setup = (key: unknown, expire: unknown): RouteSetup => ({
      jobs: [job({ outputs: [output({ key: jmespath('k()'), expire: jmespath('e()') })] })],
      scripts: { 'k()': () => key as never, 'e()': () => expire as never },
    })
    const reasonOf = async (key: unknown, expire: unknown) =>
      (await transformed(setup(key, expire), invoice, [['1', '']])).rejected[0]?.error.message
    expect(await reasonOf(['a'], 1)).toBe(
      'the key of output 1: the expression k() gave a list of 1, expected text or a number',
    )
    expect(await reasonOf('a', 'soon')).toBe(
      'expire of output 1: the expression e() gave a text, expected a number of seconds',
    )
    const { batch } = await transformed(setup(true, '90.9'), invoice, [['1', '']])
    expect(shown(batch)).toEqual([{ id: '1', country: '', $key0: 'True', $expire0: 90 }])
  })

  it('have empty columns for names that the table lacks, which is said', async () => {
    const setup: RouteSetup = {
      jobs: [job({ outputs: [output({ mapping: [{ column: 'Country', alias: 'c' }] })] })],
    }
    await using transforms = await compiled(routesOf(setup), [invoice])
    expect(transforms.outputOf(invoice).fields.map(({ name }) => name)).toEqual([
      'id',
      'country',
      'Country',
    ])
    expect(warnings).toEqual([
      'jobs/invoice.yaml writes the field "Country", which rows of invoice do not have; did you mean "country"?',
    ])
  })

  it('keep the default key when blocks change the fields it is made of', async () => {
    const setup: RouteSetup = {
      jobs: [job({ blocks: [{ uses: 'remove_field', fields: [{ field: 'id' }] }] })],
      tables: [{ table: 'log', keys: ['at', 'who'], place: 'config.yaml:9:3' }],
    }
    const { batch } = await transformed(setup, invoice, [['7', 'Chad']])
    expect(shown(batch)).toEqual([{ country: 'Chad', $key0: 'invoice:id:7' }])
    const log = table('log', { at: 'date', who: 'string', what: 'string' }, { key: [] })
    const { output: schema } = await transformed(setup, log, [['2026-01-02', 'me', '']])
    expect(schema.key).toEqual([0, 1])
    const byDate: RouteSetup = {
      ...setup,
      jobs: [
        job({ ...setup.jobs[0], table: 'log', match: { table: 'log', isCaseInsensitive: true } }),
      ],
    }
    const keyed = await transformed(byDate, log, [['2026-01-02', 'me', '']])
    expect(shown(keyed.batch)[0]?.['$key0']).toBe('log:at:20455:who:me')
  })
})

describe('mistakes', () => {
  it('name the file and the place of an expression that is none', async () => {
    const compiler = {
      ...scripted({ fine: () => 1 }),
      compile: (language: 'jmespath' | 'sql', texts: readonly string[]) => {
        if (texts.includes('a b')) throw new ExpressionSyntaxError('unexpected b', 2)
        return scripted({}).compile(language, texts, { realFields: [] })
      },
    }
    const blocks = [
      {
        uses: 'add_field' as const,
        fields: ['id', 'a b'].map((text, index) => ({
          field: `f${index}`,
          expression: { ...jmespath(text), place: `jobs/invoice.yaml:${index + 5}:9` },
        })),
      },
    ]
    const { transform } = compileRoutes({
      jobs: [job({ blocks })],
      connection: 'target',
      source: {
        serverNames: [],
        namespaceKind: 'schema',
        settings: { decimals: 'string', binary: 'base64' },
      },
      settings,
      lookups: () => {
        throw new Error('no lookups here')
      },
      compiler,
    })
    const logger = { debug: () => {}, info: () => {}, warn: () => {} }
    const { signal } = new AbortController()
    await expect(
      transform.compile([invoice], { logger, timeZone: 'UTC', signal }),
    ).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message:
        'jobs/invoice.yaml:6:9: "a b" is no valid JMESPath expression (at character 3): unexpected b',
    })
  })

  it('are found in all expressions at once', async () => {
    const compiler: ExpressionCompiler = {
      ...scripted({}),
      compile: (language, texts) => {
        if (texts.some((text) => text.includes(' '))) throw new ExpressionSyntaxError('a space')
        return scripted({}).compile(language, texts, { realFields: [] })
      },
    }
    const place = 'jobs/invoice.yaml:7:3'
    const jobs = [
      job({
        blocks: [
          { uses: 'filter', expression: sql('a b') },
          { uses: 'map', expression: { fields: [{ name: 'x', value: jmespath('fine') }] } },
        ],
        outputs: [output({ key: { ...jmespath('c d'), place }, expire: jmespath('e f') })],
      }),
    ]
    expect(await expressionFindings(jobs, compiler)).toEqual([
      {
        severity: 'error',
        place: 'jobs/test.yaml:1:1',
        message: '"a b" is no valid SQL expression: a space',
      },
      { severity: 'error', place, message: '"c d" is no valid JMESPath expression: a space' },
      {
        severity: 'error',
        place: 'jobs/test.yaml:1:1',
        message: '"e f" is no valid JMESPath expression: a space',
      },
    ])
  })

  it('name a table without a key for which none is given', async () => {
    const log = table('log', { at: 'date' }, { key: [] })
    await expect(compiled(routesOf({ jobs: [] }), [log])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message:
        'The table public.log has no primary key, and no job says what the keys of its rows are.',
    })
    const blocks = [{ uses: 'remove_field' as const, fields: [{ field: 'at' }] }]
    const jobs = [job({ table: 'log', blocks })]
    await expect(compiled(routesOf({ jobs }), [log])).rejects.toThrow(
      'jobs/invoice.yaml does not say',
    )
    const keyed = [job({ table: 'log', outputs: [output({ key: jmespath('`k`') })] })]
    await using transforms = await compiled(routesOf({ jobs: keyed }), [log])
    expect(transforms.outputOf(log).route).toBe('invoice')
  })

  it('say which column of keys is not there', async () => {
    const log = table('log', { at: 'date' }, { key: [] })
    const tables = [{ table: 'log', keys: ['When'], place: 'config.yaml:9:3' }]
    await expect(compiled(routesOf({ jobs: [], tables }), [log])).rejects.toMatchObject({
      code: 'SOURCE_OBJECT_MISSING',
      message: 'config.yaml:9:3: keys names the column "When", which the table log does not have.',
    })
  })

  it('warn of keys that change by themselves', () => {
    const jobs = [job({ outputs: [output({ key: jmespath('uuid()') })] })]
    expect(routesOf({ jobs }).findings).toMatchObject([{ severity: 'warning' }])
  })
})

describe('the identity of the transform', () => {
  it('tells jobs apart by what they do, not by where it stands', () => {
    const of = (text: string, place: string) =>
      routesOf({ jobs: [job({ outputs: [output({ key: { ...jmespath(text), place } })] })] })
        .transform.identity
    expect(of('id', 'a:1:1')).toEqual(of('id', 'b:2:2'))
    expect(of('id', 'a:1:1')).not.toEqual(of('country', 'a:1:1'))
  })

  it('is that of its job for one table, whatever else there is', () => {
    const own = job({ outputs: [output({ key: jmespath('id') })] })
    const of = (jobs: readonly ReturnType<typeof job>[], name: string) =>
      routesOf({ jobs }).transform.identityOf?.(table(name, { id: 'int' }))
    expect(of([own], own.match.table)).toEqual(
      of(
        [
          { ...own, name: 'renamed' },
          job({ name: 'bill', match: { ...own.match, table: 'bill' } }),
        ],
        own.match.table,
      ),
    )
    expect(of([own], own.match.table)).not.toEqual(of([], own.match.table))
    expect(of([own], 'other')).toEqual(of([], 'other'))
  })
})
