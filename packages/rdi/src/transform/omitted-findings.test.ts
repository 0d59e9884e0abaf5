import { describe, expect, it } from 'vitest'
import { job, jmespath, output, routesOf, table } from '../../test/route-fixture.ts'
import type { TableJob } from '../model/table-job.ts'

const columns = { id: 'int', note: 'string', city: 'string' } as const
const identity = [0]
const large = { ...table('person', columns, { identity }), omittable: [1] }

async function warningsOf(one: Partial<TableJob>, schema = large): Promise<readonly string[]> {
  const warnings: string[] = []
  const scripts = new Proxy({}, { get: () => () => 'x' })
  const routes = routesOf({ jobs: [job({ table: 'person', ...one })], scripts })
  await using _ = await routes.transform.compile([schema], {
    logger: { debug: () => {}, info: () => {}, warn: (line) => warnings.push(line) },
    timeZone: 'UTC',
    signal: new AbortController().signal,
    follows: true,
  })
  return warnings
}

const withField = (text: string): Partial<TableJob> => ({
  blocks: [{ uses: 'add_field', fields: [{ field: 'label', expression: jmespath(text) }] }],
})
const filtered = (text: string): Partial<TableJob> => ({
  blocks: [{ uses: 'filter', expression: jmespath(text) }],
})

describe('large values that a change leaves out', () => {
  it.each<[string, Partial<TableJob>]>([
    ['a hash', { outputs: [output({ dataType: 'hash' })] }],
    ['a document', { outputs: [output({ dataType: 'json' })] }],
    [
      'a stream without them',
      { outputs: [output({ dataType: 'stream', mapping: [{ column: 'city', alias: 'city' }] })] },
    ],
    ['a field made of others', withField('upper(city)')],
  ])('are not missed by %s', async (_, one) => {
    expect(await warningsOf(one)).toEqual([])
  })

  it.each<[string, Partial<TableJob>, RegExp]>([
    [
      'a stream',
      { outputs: [output({ dataType: 'stream' })] },
      /^jobs\/invoice\.yaml: output 1 \(stream\) needs note of the table public\.person; .*lacks the field \(.*ALTER TABLE public\.person REPLICA IDENTITY FULL/,
    ],
    [
      'a string',
      { outputs: [output({ dataType: 'string', arguments: { value: 'note' } })] },
      /output 1 \(string\) needs note .*dirty record/,
    ],
    ['a computed field', withField('upper(note)'), /block 1 \(add_field\) .*stays as it was/],
  ])('are missed by %s', async (_, one, message) => {
    expect(await warningsOf(one)).toEqual([expect.stringMatching(message)])
  })

  it('are missed by a filter', async () => {
    const warnings = await warningsOf(filtered("note == 'x'"))
    expect(warnings).toContainEqual(
      expect.stringMatching(/block 1 \(filter\) needs note .*dirty record/),
    )
  })

  it('are none where all is sent', async () => {
    const { omittable: _, ...whole } = large
    expect(
      await warningsOf({ outputs: [output({ dataType: 'stream' })] }, whole as typeof large),
    ).toEqual([])
  })
})
