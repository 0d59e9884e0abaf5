import { expect, it, onTestFinished } from 'vitest'
import { jsonNull, type Row } from '@millrace/core/record'
import { change, tableOf } from './acceptance-rows.ts'
import { recordedPlace } from './json-place.ts'
import { runPipeline } from './pipeline-run.ts'

const json = (value: unknown) => Buffer.from(JSON.stringify(value))

/** Documents as the reader of MongoDB gives them. */
const people = (() => {
  const fields = { _id: 'value', name: 'value', address: 'value', note: 'value' } as const
  const { schema, rows } = tableOf('people', fields)
  return { schema: { ...schema, documents: 'whole' as const }, rows }
})()

const created: Row = ['ada', 'Ada', json({ city: 'Oslo', geo: [1.5, null] }), jsonNull]
const updated: Row = ['ada', 'Ada L.', json({ city: 'Rome' }), null]

async function commandsOf(job: string, processors: readonly string[] = []): Promise<string[]> {
  const place = await recordedPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
  const input = {
    tables: [people],
    changes: [
      change('c', [...created]),
      change('u', [...updated]),
      change('d', ['ada', undefined, undefined, undefined]),
    ],
  }
  const jobs = job === '' ? {} : job
  const { report, dirty } = await runPipeline(
    { jobs, processors, target: place.target, batchSize: 1 },
    input,
  )
  expect(report).toMatchObject({ status: 'complete', recordsDirty: 0, errors: [] })
  expect(dirty).toEqual([])
  const writes = place.server.writes.filter((command) => !command.includes('millrace:{shop}'))
  return writes.map((command) => command.join(' '))
}

const key = 'people:_id:ada'

it('documents are replaced as they are, and deleted', async () => {
  expect(await commandsOf('', ['target_data_type: json'])).toEqual([
    `JSON.SET ${key} $ {"_id":"ada","name":"Ada","address":{"city":"Oslo","geo":[1.5,null]},"note":null}`,
    `JSON.SET ${key} $ {"_id":"ada","name":"Ada L.","address":{"city":"Rome"}}`,
    `DEL ${key}`,
  ])
})

it('documents are merged without what they have lost', async () => {
  const job = `source: {table: people}
output: [{uses: redis.write, with: {data_type: json, on_update: merge}}]
`
  expect((await commandsOf(job)).slice(-4)).toEqual([
    `JSON.SET ${key} $ {} NX`,
    `JSON.MERGE ${key} $ {"address":null,"note":null}`,
    `JSON.MERGE ${key} $ {"_id":"ada","name":"Ada L.","address":{"city":"Rome"}}`,
    `DEL ${key}`,
  ])
})

it('expressions reach into documents, and find null for fields that nobody has seen', async () => {
  const job = `source: {table: people, row_format: full}
transform:
  - uses: add_field
    with:
      fields:
        - {field: after.city, expression: after.address.city, language: jmespath}
        - {field: after.nick, expression: after.nickname || 'none', language: jmespath}
output: [{uses: redis.write, with: {data_type: json, mapping: [_id, city, nick, missing]}}]
`
  expect((await commandsOf(job)).slice(0, 2)).toEqual([
    `JSON.SET ${key} $ {"_id":"ada","city":"Oslo","nick":"none"}`,
    `JSON.SET ${key} $ {"_id":"ada","city":"Rome","nick":"none"}`,
  ])
})
