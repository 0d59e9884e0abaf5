import { z } from 'zod'
import type { ReaderHarness } from '../../src/index.ts'
import {
  batches,
  config,
  moved,
  plugin,
  reading,
  session,
  shifted,
  splits,
} from './broken-reader.ts'
import type { Mutant } from './mutant.ts'

const loose = { table: z.string().optional().describe('x'), password: z.string().optional() }
let counter = 0

/** Mutants that plan and read wrongly. */
export const readerMutants: readonly Mutant<ReaderHarness>[] = [
  {
    name: 'has a stepType that no job file can hold',
    breaks: 'manifest',
    says: /the plugin has no stepType of small letters, digits and hyphens, no description/,
    breaking: plugin(() => ({ stepType: 'Acme X', description: '' })),
  },
  {
    name: 'accepts any parameters',
    breaks: 'parameters',
    says: /the schema accepts parameters of wrong types: \{"table":5\}/,
    breaking: config(z.looseObject({ table: z.any().describe('x') })),
  },
  {
    name: 'refuses unknown parameters',
    breaks: 'parameters',
    says: /refuses an unknown parameter: .*millraceUnknownParameter/,
    breaking: config(z.strictObject(loose)),
  },
  {
    name: 'does not describe a parameter',
    breaks: 'parameters',
    says: /says nothing of password/,
    breaking: config(z.looseObject(loose)),
  },
  {
    name: 'gives all splits one id',
    breaks: 'split ids',
    says: /two splits have the id same/,
    breaking: splits((split) => ({ ...split, id: 'same' })),
  },
  {
    name: 'makes up new split ids each time',
    breaks: 'split ids',
    says: /two plans of one table have the splits 1, 2, 3, 4, then 5, 6, 7, 8/,
    breaking: (harness) => {
      counter = 0
      return splits((split) => ({ ...split, id: `${++counter}` }))(harness)
    },
  },
  {
    name: 'begins a split with the last row of the one before',
    breaks: 'split coverage',
    says: /^split coverage: row \d+ was read twice \(splits people:0 and people:1\), with 2 splits desired$/m,
    breaking: splits((split, index) => moved(split, index === 0 ? 0 : -1, 0)),
  },
  {
    name: 'loses the last row of a split',
    breaks: 'split coverage',
    says: /row \d+ was lost, with 2 splits desired/,
    breaking: splits((split, index, { length }) => moved(split, 0, index < length - 1 ? -1 : 0)),
  },
  {
    name: 'changes a cell',
    breaks: 'split coverage',
    says: /row 1 was changed: its column name is "NAME 0", expected "name 0"/,
    breaking: batches((batch) => ({
      ...batch,
      rows: batch.rows.map(([id, name, note]) => [id, String(name).toUpperCase(), note]),
    })),
  },
  {
    name: 'takes rows that are alike for one',
    breaks: 'split coverage',
    says: /row 1 was lost \(2 rows of the table are alike\), in a table without a key/,
    breaking: batches((batch) => {
      const seen = new Set<string>()
      const rows = batch.rows.filter((row) => {
        const key = JSON.stringify(row)
        return !seen.has(key) && seen.add(key)
      })
      return { ...batch, rows }
    }),
  },
  {
    name: 'has no split for an empty table',
    breaks: 'split coverage',
    says: /the plan of an empty table has no split/,
    breaking: splits((split) => (split.estimatedRows === 0 ? undefined : split)),
  },
  {
    name: 'keeps what a split means in the object itself',
    breaks: 'stored splits',
    says: /row 1 was lost, from a stored plan/,
    breaking: session((whole) => {
      const ranges = new WeakMap<object, never>()
      return {
        split: async (desired, options) => {
          const plan = await whole.split(desired, options)
          for (const split of plan.splits) ranges.set(split, split.range as never)
          return plan
        },
        read: (split, options) =>
          whole.read({ ...split, range: ranges.get(split) ?? { start: 0, end: 0 } }, options),
      }
    }),
  },
  {
    name: 'cuts tables without saying so',
    breaks: 'parallelSplits',
    says: /it is not declared, and a table is cut into 4 splits/,
    breaking: plugin(({ capabilities }) => ({
      capabilities: { ...capabilities, parallelSplits: false },
    })),
  },
  {
    name: 'ignores maxRows',
    breaks: 'maxRows',
    says: /a batch has \d+ rows, maxRows is 1/,
    breaking: reading(
      (whole) => (split, options) => whole.read(split, { ...options, maxRows: 900 }),
    ),
  },
  {
    name: 'hands out batches without rows',
    breaks: 'maxRows',
    says: /a batch without rows was handed out/,
    breaking: reading(
      (whole) =>
        async function* (split, options) {
          for await (const batch of whole.read(split, options)) {
            yield batch
            yield { ...batch, rows: [], byteSize: 0 }
          }
        },
    ),
  },
  {
    name: 'ignores maxBytes',
    breaks: 'maxBytes',
    says: /a batch of \d+ rows has \d+ bytes, maxBytes is 400/,
    breaking: reading(
      (whole) => (split, options) => whole.read(split, { ...options, maxBytes: 1e6 }),
    ),
  },
  {
    name: 'counts bytes by the row',
    breaks: 'byteSize',
    says: /a batch says 10 bytes, its cells have \d+/,
    breaking: batches((batch) => ({ ...batch, byteSize: batch.rows.length })),
  },
  {
    name: 'hands out full batches alone',
    breaks: 'maxDelayMs',
    says: /rows that have come wait for more rows/,
    breaking: reading(
      (whole) =>
        async function* (split, options) {
          const all = []
          for await (const batch of whole.read(split, options)) all.push(batch)
          yield* all
        },
    ),
  },
  {
    name: 'makes a schema for every batch',
    breaks: 'describe',
    says: /a batch has another schema object/,
    breaking: batches((batch) => ({ ...batch, schema: { ...batch.schema } })),
  },
  {
    name: 'describes other columns',
    breaks: 'describe',
    says: /it tells the columns name, note, the table has id, name, note/,
    breaking: session((whole) => ({
      describe: async (options) => {
        const schemas = await whole.describe(options)
        return schemas.map((schema) => ({ ...schema, fields: schema.fields.slice(1) }))
      },
    })),
  },
  {
    name: 'declares that it does not follow, and does',
    breaks: 'capabilities',
    says: /follow is declared false, and the session has follow/,
    breaking: plugin(({ capabilities }) => ({ capabilities: { ...capabilities, follow: false } })),
  },
  {
    name: 'declares resumableSplits and has none',
    breaks: 'capabilities',
    says: /resumableSplits is declared true, and split \S+ of a table with a key says resumable: false/,
    breaking: splits((split) => ({ ...split, resumable: false })),
  },
  {
    name: 'describes the first table alone',
    breaks: 'several tables',
    says: /describe tells people: id \(key\), name, note, the source has .* notes/,
    breaking: session((whole) => ({
      describe: async (options) => (await whole.describe(options)).slice(0, 1),
    })),
  },
  {
    name: 'tells tables apart by their name alone',
    breaks: 'several tables',
    says: /row \d+ was .*, in the table people/,
    breaking: session((whole) => ({
      read: async function* (split, options) {
        const schemas = await whole.describe(options)
        for await (const batch of whole.read(split, options)) {
          const named = schemas.find(({ table }) => table === batch.schema.table)
          yield { ...batch, schema: named ?? batch.schema }
        }
      },
    })),
  },
  {
    name: 'gives positions nobody asked for',
    breaks: 'positions',
    says: /positions are not asked for, and a batch has row \d+/,
    breaking: reading(
      (whole) => (split, options) => whole.read(split, { ...options, positions: true }),
    ),
  },
  {
    name: 'gives no positions in resumable splits',
    breaks: 'positions',
    says: /is resumable, positions are asked for, and a batch has none/,
    breaking: batches(({ schema, rows, byteSize }) => ({ schema, rows, byteSize })),
  },
  {
    name: 'begins anew when it does not know the position',
    breaks: 'positions',
    says: /the position null is taken for one/,
    breaking: reading((whole) => (split, { from, ...options }) => {
      const isKnown = typeof from?.token === 'number'
      return whole.read(split, { ...options, ...(isKnown ? { from } : {}) })
    }),
  },
  ...([-1, 1] as const).map((by): Mutant<ReaderHarness> => ({
    name: by < 0 ? 'reads the row of the position again' : 'leaves out the row behind the position',
    breaks: 'resume',
    says:
      by < 0
        ? /row \d+ was read, and is not in the table, reading split \S+ behind row 3/
        : /row \d+ was lost, reading split \S+ behind row 3/,
    breaking: reading((whole) => (split, options) => {
      const { from } = options
      if (!from) return whole.read(split, options)
      const { end } = split.range as { end: number | null }
      const { token } = shifted(from, by)
      const last = Math.min(Number(token), end ?? 30)
      return whole.read(split, { ...options, from: { ...from, token: last } })
    }),
  })),
  {
    name: 'goes on only in the session that made the plan',
    breaks: 'resume',
    says: /row \d+ was lost/,
    breaking: session((whole) => {
      let isPlanned = false
      return {
        split: async (desired, options) => {
          isPlanned = true
          return await whole.split(desired, options)
        },
        read: async function* (split, options) {
          if (isPlanned || !options.from) yield* whole.read(split, options)
        },
      }
    }),
  },
  {
    name: 'reads behind the position to end at when no positions are asked for',
    breaks: 'until',
    says: /reading split \S+ until row 3 with positions: false/,
    breaking: reading((whole) => (split, { until, ...options }) => {
      const isKept = options.positions === true && until !== undefined
      return whole.read(split, { ...options, ...(isKept ? { until } : {}) })
    }),
  },
]
