import { describe, expect, it } from 'vitest'
import { job, jmespath, output, routesOf, sql, table } from '../../test/route-fixture.ts'
import type { RouteSetup, Script } from '../../test/route-fixture.ts'
import type { TableJob } from '../model/table-job.ts'

const columns = { id: 'int', name: 'string', city: 'string', parent: 'int' } as const
const byKey = table('person', columns, { identity: [0] })
const always: Script = () => 'x'

async function found(
  jobs: readonly Partial<TableJob>[],
  options: Partial<RouteSetup> & {
    readonly schema?: typeof byKey
    readonly follows?: boolean
  } = {},
) {
  const warnings: string[] = []
  const scripts = new Proxy({}, { get: () => always })
  const routes = routesOf({
    jobs: jobs.map((one) => job({ table: 'person', ...one })),
    scripts,
    ...options,
  })
  const { schema = byKey, follows = true } = options
  try {
    await using transforms = await routes.transform.compile([schema], {
      logger: { debug: () => {}, info: () => {}, warn: (line) => warnings.push(line) },
      timeZone: 'UTC',
      signal: new AbortController().signal,
      follows,
    })
    expect(transforms.outputOf(schema).table).toBe('person')
    return { warnings }
  } catch (error) {
    return { warnings, error: error as Error & { code: string; hint: string } }
  }
}

const byCity = { outputs: [output({ key: jmespath("concat(['in:', city])") })] }

describe('what changes do not tell of the row before', () => {
  it('is an error where a key is made of it, with the statement that mends it', async () => {
    const { error } = await found([byCity])
    expect(error?.code).toBe('CONFIG_INVALID')
    expect(error?.message).toBe(
      'jobs/invoice.yaml: the key of output 1 depends on city of the table public.person, which its changes do not give as they were before: an update that changes them, or a delete, would leave the key of the row before behind',
    )
    expect(error?.hint).toBe(
      'Have the source log whole rows: ALTER TABLE public.person REPLICA IDENTITY FULL (PostgreSQL).',
    )
    const odd = { ...byKey, namespace: 'My "shop"', table: 'person' }
    expect((await found([byCity], { schema: odd })).error?.hint).toContain(
      'ALTER TABLE "My ""shop""".person REPLICA IDENTITY FULL',
    )
  })

  it('is nothing where it tells all, where the key is told, and where no changes come', async () => {
    const { identity: _, ...whole } = byKey
    expect(await found([byCity], { schema: whole })).toEqual({ warnings: [] })
    expect(await found([byCity], { follows: false })).toEqual({ warnings: [] })
    expect(await found([byCity], { schema: { ...byKey, identity: [0, 2] } })).toEqual({
      warnings: [],
    })
    expect(await found([{}])).toEqual({ warnings: [] })
    const constant = output({ key: jmespath('`city`'), dataType: 'stream' })
    expect(await found([{ outputs: [constant] }])).toEqual({ warnings: [] })
  })

  it('is an error for members, entries of a parent, keys of the config and keys over computed fields', async () => {
    const member = output({
      dataType: 'set',
      key: jmespath('`all`'),
      arguments: { member: 'name' },
    })
    expect((await found([{ outputs: [member] }])).error?.message).toContain(
      'the member of output 1 depends on name of',
    )
    const nest = {
      parentTable: 'p',
      parentKey: 'id',
      childKey: 'parent',
      nestingKey: 'id',
      path: '$.x',
    }
    const nested = output({ dataType: 'json', onUpdate: 'merge', nest })
    expect((await found([{ outputs: [nested] }])).error?.message).toContain(
      'the place of output 1 in its parent depends on parent of',
    )
    const keys = { place: 'config.yaml:1:1', table: 'person', namespace: 'public', keys: ['name'] }
    const keyless = { ...byKey, key: [], identity: [0] }
    expect((await found([{}], { schema: keyless, tables: [keys] })).error?.message).toContain(
      'the key of output 1 depends on name of',
    )
    const blocks: TableJob['blocks'] = [
      { uses: 'add_field', fields: [{ field: 'where', expression: sql("city || ' '") }] },
      { uses: 'rename_field', fields: [{ from: 'where', to: 'place' }] },
    ]
    const computed = { blocks, outputs: [output({ key: jmespath('place') })] }
    expect((await found([computed])).error?.message).toContain('depends on city of')
  })

  it('is a warning for filters, expressions over before, and deletes in streams', async () => {
    const filter: TableJob['blocks'] = [{ uses: 'filter', expression: jmespath("city == 'Oslo'") }]
    const { warnings, error } = await found([{ blocks: filter }])
    expect(error).toBeUndefined()
    expect(warnings).toEqual([
      'jobs/invoice.yaml: block 1 (filter) depends on city of the table public.person, which its changes do not give as they were before: deletes pass it, also those of rows that it kept out (Have the source log whole rows: ALTER TABLE public.person REPLICA IDENTITY FULL (PostgreSQL).)',
    ])
    const full: Partial<TableJob> = {
      rowFormat: 'full',
      blocks: [
        {
          uses: 'add_field',
          fields: [{ field: 'after.moved', expression: jmespath('before.city != after.city') }],
        },
      ],
    }
    expect((await found([full])).warnings[0]).toContain('an expression over before depends on city')
    const stream = output({ dataType: 'stream', key: jmespath("concat(['in:', city])") })
    const streamed = await found([{ outputs: [stream] }])
    expect(streamed.warnings[0]).toContain('deletes cannot be written and become dirty records')
    expect(streamed.error).toBeUndefined()
  })
})
