import { Binary, BSON, Decimal128, Double, Int32, Long, ObjectId } from 'bson'
import { TextBatchBuilder, type TableSchema } from '@millrace/core/record'
import { bench, describe } from 'vitest'
import { DocumentDecoder } from '../src/types/document-decoder.ts'
import { FieldPlaces, FieldTable } from '../src/types/field-table.ts'
import { JsonWriter } from '../src/types/json-writer.ts'
import { TextMemory } from '../src/types/text-sink.ts'

// What the comments of the sources say, for 1000 documents of ten fields of ten types:
// npx vitest bench --run --project unit packages/reader-mongodb

const documents = Array.from({ length: 1000 }, (_, at) =>
  Buffer.from(
    BSON.serialize({
      _id: new ObjectId(),
      name: `customer ${at}`,
      town: ['Bergen', 'Lyon', 'Porto', 'Graz'][at % 4],
      age: new Int32(18 + (at % 70)),
      visits: Long.fromNumber(at * 7919),
      balance: Decimal128.fromString(`${at % 100_000}.${String(at % 100).padStart(2, '0')}`),
      rating: new Double((at % 50) / 10),
      active: at % 3 === 0,
      since: new Date(Date.UTC(2020, 0, 1) + at * 60_000),
      tag: new Binary(Buffer.from([at & 0xff, at >> 8])),
    }),
  ),
)
const names = Object.keys(BSON.deserialize(documents[0]!))
const json = { style: 'relaxed', printsNulls: true } as const
const schema: TableSchema = {
  table: 'customers',
  version: 1,
  key: [],
  fields: names.map((name) => ({ name, type: 'string', nullable: true, nativeType: 'bson' })),
}
const columns = names.map((name) => ({ name, type: 'string', form: 'text' as const }))

describe('fields as text', () => {
  bench('BSON library', () => {
    let text = ''
    for (const bytes of documents)
      for (const value of Object.values(BSON.deserialize(bytes, { promoteValues: false })))
        text = String(value)
    if (text === '') throw new Error('nothing was read')
  })

  const decoder = new DocumentDecoder(columns as never, {
    json,
    objectIds: 'hex',
    timeZone: 'UTC',
  })
  const builder = new TextBatchBuilder(schema, { maxRows: documents.length, maxBytes: 1 << 24 })
  bench('decoder', () => {
    for (const bytes of documents) builder.endRow(decoder.decode(bytes, 0, builder))
    builder.take().release()
  })
})

describe('documents as JSON', () => {
  bench('BSON library', () => {
    for (const bytes of documents)
      BSON.EJSON.stringify(BSON.deserialize(bytes, { promoteValues: false }), { relaxed: true })
  })

  const writer = new JsonWriter(json)
  const memory = new TextMemory()
  bench('writer', () => {
    for (const bytes of documents) {
      memory.length = 0
      writer.writeDocument(memory, bytes, 0)
      memory.bytes.toString('utf8', 0, memory.length)
    }
  })
})

describe('places of fields', () => {
  const scan = (look: 'in turn' | 'by name') => {
    const table = new FieldTable()
    for (const [slot, name] of names.entries()) table.addField(name, slot)
    const places = new FieldPlaces(names.length)
    // Another order each time has every name looked up.
    const reversed = documents.map((bytes) =>
      Buffer.from(
        BSON.serialize(
          Object.fromEntries(
            Object.entries(BSON.deserialize(bytes, { promoteValues: false })).toReversed(),
          ),
        ),
      ),
    )
    return () => {
      for (const [at, bytes] of documents.entries())
        table.scan(look === 'by name' && at % 2 ? (reversed[at] as Buffer) : bytes, 0, places)
    }
  }
  bench('fields in their order', scan('in turn'))
  bench('fields in turning orders', scan('by name'))
})
