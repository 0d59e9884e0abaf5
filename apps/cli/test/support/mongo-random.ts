import fc from 'fast-check'
import { Decimal128, Long, ObjectId, UUID, type Document } from 'mongodb'

/** Collections of the random workload: `item` is read by its other fields, too, `paper` may be dropped. */
export const randomCollections = ['item', 'paper'] as const
export type RandomCollection = (typeof randomCollections)[number]

export type RandomId = number | string | ObjectId | Long | UUID | Decimal128

/** `_id`s of several types; few, so that they meet. */
export const randomIds: readonly [RandomId, RandomId, ...RandomId[]] = [
  1,
  'two',
  new ObjectId('65a1b2c3d4e5f60718293a4b'),
  Long.fromString('9007199254740993'),
  new UUID('00112233-4455-6677-8899-aabbccddeeff'),
  Decimal128.fromString('6.50'),
]
/** What one command, or two, do to a collection; `key` is the place of an `_id`. */
export type RandomDocumentChange = KeyedChange | { readonly kind: 'update all' | 'delete all' }

export type KeyedChange =
  | { readonly kind: 'insert' | 'reinsert'; readonly key: number; readonly fields: Document }
  | {
      readonly kind: 'replace'
      readonly key: number
      readonly fields: Document
      readonly upsert: boolean
    }
  /** Update operators, or stages of a pipeline, that change the document further than its version. */
  | {
      readonly kind: 'update'
      readonly key: number
      readonly update: Document | readonly Document[]
      readonly filter?: Document
    }
  | { readonly kind: 'no-op' | 'delete'; readonly key: number }

export interface RandomDocumentTransaction {
  readonly collection: RandomCollection
  readonly changes: readonly RandomDocumentChange[]
  /** `single`: each change by itself. `drop`: no change, `paper` goes and comes back empty. */
  readonly end: 'commit' | 'abort' | 'single' | 'drop'
}

const key = fc.nat(randomIds.length - 1)
const group = fc.constantFrom('x', 'y', 'z:é')
const leaf = fc.constantFrom<unknown>(
  null,
  '',
  'é 名',
  'two\nlines',
  7,
  -1.5,
  true,
  Long.fromString('-9007199254740995'),
  Decimal128.fromString('1.50'),
  new Date('1969-12-31T23:59:59.123Z'),
  new ObjectId('507f1f77bcf86cd799439011'),
)
const embedded = fc.record(
  { city: leaf, no: fc.nat(9), deep: fc.record({ a: fc.array(leaf, { maxLength: 3 }) }) },
  { requiredKeys: [] },
)
const list = fc.array(fc.oneof(leaf, embedded), { maxLength: 4 })
/** `grp` is in keys, so that every document has it; the others come and go. */
const others = { name: leaf, note: leaf, count: fc.nat(9), address: embedded, tags: list }
const fields = fc.record({ grp: group, ...others }, { requiredKeys: ['grp'] })
const someFields = fc.record({ grp: group, ...others }, { requiredKeys: [] })
const fieldNames = Object.keys(others)

const update = fc.oneof(
  someFields.map(($set) => ({ update: { $set } })),
  fc.subarray(fieldNames, { minLength: 1 }).map((names) => ({ update: { $unset: flags(names) } })),
  fc.tuple(someFields, fc.subarray(fieldNames)).map(([set, names]) => ({
    update: {
      $set: Object.fromEntries(Object.entries(set).filter(([name]) => !names.includes(name))),
      $unset: flags(names),
    },
  })),
  leaf.map((city) => ({ update: { $set: { 'address.city': city } } })),
  fc.array(leaf, { maxLength: 2 }).map((a) => ({ update: { $set: { 'address.deep.a': a } } })),
  fc.constantFrom('address.city', 'address.deep', 'address.deep.a').map((path) => ({
    update: { $unset: flags([path]) },
  })),
  list.map(($each) => ({ update: { $push: { tags: { $each } } } })),
  leaf.map((tag) => ({ update: { $addToSet: { tags: tag } } })),
  leaf.map((tag) => ({ update: { $pull: { tags: tag } } })),
  fc.constantFrom(1, -1).map((end) => ({ update: { $pop: { tags: end } } })),
  leaf.map((tag) => ({
    update: { $set: { 'tags.0': tag } },
    filter: { 'tags.0': { $exists: true } },
  })),
  fc.integer({ min: -3, max: 3 }).map((by) => ({ update: { $inc: { count: by } } })),
  fc.constantFrom(['name', 'note'], ['note', 'memo'], ['memo', 'name']).map(([from = '', to]) => ({
    update: { $rename: { [from]: to } },
  })),
  group.map((grp) => ({
    update: [{ $set: { grp, name: { $concat: ['$grp', '!'] } } }, { $unset: 'note' }],
  })),
)

const change: fc.Arbitrary<RandomDocumentChange> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('insert' as const), key, fields }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('replace' as const),
      key,
      fields,
      upsert: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc
      .record({ kind: fc.constant('update' as const), key, of: update })
      .map(({ of, ...rest }) => ({ ...rest, ...of })),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('no-op', 'delete'), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reinsert' as const), key, fields }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('update all', 'delete all') }) },
)

function flags(names: readonly string[]): Document {
  return Object.fromEntries(names.map((name) => [name, 1]))
}

/** Some transactions of one client. */
export const randomDocumentTransactions: fc.Arbitrary<readonly RandomDocumentTransaction[]> =
  fc.array(
    fc.record({
      collection: fc.constantFrom(...randomCollections),
      changes: fc.array(change, { minLength: 1, maxLength: 10 }),
      end: fc.oneof(
        { weight: 6, arbitrary: fc.constant('commit' as const) },
        { weight: 6, arbitrary: fc.constant('single' as const) },
        { weight: 2, arbitrary: fc.constant('abort' as const) },
        { weight: 1, arbitrary: fc.constant('drop' as const) },
      ),
    }),
    { minLength: 1, maxLength: 15 },
  )
