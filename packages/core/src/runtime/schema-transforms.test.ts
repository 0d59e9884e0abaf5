import { expect, it } from 'vitest'
import type { RecordBatch } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'
import type { CompiledTransforms } from '../transform/index.ts'
import { SchemaTransforms } from './schema-transforms.ts'

const schemaOf = (version: number, isDocuments = true): TableSchema => ({
  table: 't',
  version,
  fields: [],
  key: [],
  ...(isDocuments && { documents: 'whole' as const }),
})
const batchOf = (schema: TableSchema): RecordBatch => ({ schema, rows: [], byteSize: 0 })

/** Transforms that wait until they are told to go on. */
class Waiting implements CompiledTransforms {
  readonly schemas: readonly TableSchema[]
  isDisposed = false
  goOn = () => {}
  readonly #until: Promise<void>

  constructor(schemas: readonly TableSchema[], waits = false) {
    this.schemas = schemas
    this.#until = waits ? new Promise((resolve) => (this.goOn = resolve)) : Promise.resolve()
  }

  outputOf(schema: TableSchema): TableSchema {
    return schema
  }

  async apply(batch: RecordBatch) {
    expect(this.schemas).toContain(batch.schema)
    await this.#until
    expect(this.isDisposed).toBe(false)
    return { batch, rejected: [], filtered: 0 }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true
  }
}

function transformsOf(first: TableSchema, waits = false) {
  const made: Waiting[] = [new Waiting([first], waits)]
  const checked: number[] = []
  const transforms = new SchemaTransforms(made[0]!, {
    schemas: [first],
    compile: async (schemas) => {
      const next = new Waiting(schemas)
      made.push(next)
      return next
    },
    check: async ({ version }) => void checked.push(version),
  })
  return { transforms, made, checked }
}

it('is made again for each new schema of documents once, whatever the order of batches', async () => {
  const [one, two, three] = [schemaOf(1), schemaOf(2), schemaOf(3)]
  const { transforms, made, checked } = transformsOf(one)
  for (const schema of [one, two, one, two, three, one, three])
    await transforms.apply(batchOf(schema))
  expect(checked).toEqual([2, 3])
  expect(made.map(({ schemas }) => schemas.length)).toEqual([1, 2, 3])
  await transforms[Symbol.asyncDispose]()
  expect(made.map(({ isDisposed }) => isDisposed)).toEqual([true, true, true])
})

it('keeps a few schemas of documents, and the last one of a table', async () => {
  const documents = transformsOf(schemaOf(0))
  for (let version = 1; version <= 20; version += 1)
    await documents.transforms.apply(batchOf(schemaOf(version)))
  expect(documents.made.at(-1)?.schemas).toHaveLength(8)
  const table = transformsOf(schemaOf(0, false))
  await table.transforms.apply(batchOf(schemaOf(1, false)))
  expect(table.made.at(-1)?.schemas).toHaveLength(1)
})

it('lets batches that are under way end, and compiles for several at once only once', async () => {
  const [one, two] = [schemaOf(1), schemaOf(2)]
  const { transforms, made } = transformsOf(one, true)
  const waiting = transforms.apply(batchOf(one))
  await Promise.all([transforms.apply(batchOf(two)), transforms.apply(batchOf(two))])
  expect(made).toHaveLength(2)
  expect(made[0]?.isDisposed).toBe(false)
  made[0]?.goOn()
  await waiting
  expect(made[0]?.isDisposed).toBe(true)
})
