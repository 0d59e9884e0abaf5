import {
  defineReader,
  PluginError,
  type ReaderPlugin,
  type ReaderSession,
} from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import { z } from 'zod'
import type { Breaking } from '../memory-harness.ts'

/** A reader that breaks one promise. */
export interface Mutant<P> {
  readonly name: string
  /** Name of the case that has to fail. */
  readonly fails: string
  readonly breaking: Breaking<P>
}

type Read = ReaderSession['read']

/** Replaces methods of every session. */
function session(
  replace: (whole: ReaderSession) => Partial<ReaderSession>,
): Breaking<ReaderPlugin> {
  return (plugin) => ({
    ...plugin,
    open: async (...parameters) => {
      const whole = await plugin.open(...parameters)
      return {
        check: (options) => whole.check(options),
        describe: (options) => whole.describe(options),
        split: (desired, options) => whole.split(desired, options),
        read: (split, options) => whole.read(split, options),
        [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose](),
        ...replace(whole),
      }
    },
  })
}

/** Replaces the way of reading. */
function reading(replace: (whole: ReaderSession) => Read): Breaking<ReaderPlugin> {
  return session((whole) => ({ read: replace(whole) }))
}

/** Changes every batch; `undefined` leaves it out. */
function batches(
  change: (batch: RecordBatch, index: number) => RecordBatch | undefined,
): Breaking<ReaderPlugin> {
  return reading(
    (whole) =>
      async function* (split, options) {
        let index = 0
        for await (const batch of whole.read(split, options)) {
          const changed = change(batch, index++)
          if (changed) yield changed
        }
      },
  )
}

/** Says of some splits, by their place in the plan, that they are not resumable. */
function unresumable(isMeant: (index: number) => boolean): Breaking<ReaderPlugin> {
  return session((whole) => ({
    split: async (desired, options) => {
      const plan = await whole.split(desired, options)
      const splits = plan.splits.map((split, index) => ({ ...split, resumable: !isMeant(index) }))
      return { ...plan, splits }
    },
  }))
}

/** Goes on some rows from where it was told to. */
function movingPosition(rows: number): Breaking<ReaderPlugin> {
  return reading((whole) => (split, options) => {
    const { from } = options
    if (!from) return whole.read(split, options)
    const { end } = split.range as { end: number }
    const token = Math.min(Number(from.token) + rows, end)
    return whole.read(split, { ...options, from: { ...from, token } })
  })
}

function config(schema: z.ZodType): Breaking<ReaderPlugin> {
  return (plugin) => defineReader({ ...plugin, config: schema as never })
}

const loose = { table: z.string().optional().describe('x'), password: z.string().optional() }
let counter = 0

export const readerMutants: readonly Mutant<ReaderPlugin>[] = [
  {
    name: 'accepts any parameters',
    fails: 'parameters of wrong types are refused by the schema',
    breaking: config(z.looseObject({ table: z.any().describe('x') })),
  },
  {
    name: 'refuses unknown parameters',
    fails: 'unknown parameters pass the schema, so that the runtime can name the nearest',
    breaking: config(z.strictObject(loose)),
  },
  {
    name: 'does not describe a parameter',
    fails: 'the JSON Schema has every parameter with a description',
    breaking: config(z.looseObject(loose)),
  },
  {
    name: 'gives all splits one id',
    fails: 'split ids are unique',
    breaking: session((whole) => ({
      split: async (desired, options) => {
        const plan = await whole.split(desired, options)
        return { ...plan, splits: plan.splits.map((split) => ({ ...split, id: 'same' })) }
      },
    })),
  },
  {
    name: 'makes up new split ids each time',
    fails: 'the same part of the source has the same split id in a later session',
    breaking: session((whole) => ({
      split: async (desired, options) => {
        const plan = await whole.split(desired, options)
        return { ...plan, splits: plan.splits.map((split) => ({ ...split, id: `${++counter}` })) }
      },
    })),
  },
  {
    name: 'loses the last row of a split',
    fails: 'every row is read exactly once over all splits, also after a round trip through JSON',
    breaking: session((whole) => ({
      split: async (desired, options) => {
        const plan = await whole.split(desired, options)
        const splits = plan.splits.map((split) => {
          const { start, end } = split.range as { start: number; end: number }
          return { ...split, range: { start, end: end - 1 } }
        })
        return { ...plan, splits }
      },
    })),
  },
  {
    name: 'keeps what a split means in the object itself',
    fails: 'every row is read exactly once over all splits, also after a round trip through JSON',
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
    fails: 'without the capability parallelSplits a table is one split',
    breaking: (plugin) => ({
      ...plugin,
      capabilities: { ...plugin.capabilities, parallelSplits: false },
    }),
  },
  {
    name: 'has no split for an empty table',
    fails: 'an empty table has at least one split and no rows',
    breaking: session((whole) => ({
      split: async (desired, options) => {
        const plan = await whole.split(desired, options)
        return { ...plan, splits: plan.splits.filter((split) => split.estimatedRows !== 0) }
      },
    })),
  },
  {
    name: 'ignores maxRows',
    fails: 'batches keep maxRows and maxBytes; a larger row comes alone',
    breaking: reading(
      (whole) => (split, options) => whole.read(split, { ...options, maxRows: 1000 }),
    ),
  },
  {
    name: 'ignores maxBytes',
    fails: 'batches keep maxRows and maxBytes; a larger row comes alone',
    breaking: reading(
      (whole) => (split, options) => whole.read(split, { ...options, maxBytes: 1_000_000 }),
    ),
  },
  {
    name: 'counts bytes by the row',
    fails: 'batches keep maxRows and maxBytes; a larger row comes alone',
    breaking: batches((batch) => ({ ...batch, byteSize: batch.rows.length })),
  },
  {
    name: 'hands out batches without rows',
    fails: 'batches keep maxRows and maxBytes; a larger row comes alone',
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
    name: 'makes a schema for every batch',
    fails: 'describe tells the columns of the batches, which share one schema object',
    breaking: batches((batch) => ({ ...batch, schema: { ...batch.schema } })),
  },
  {
    name: 'describes other columns',
    fails: 'describe tells the columns of the batches, which share one schema object',
    breaking: session((whole) => ({
      describe: async (options) => {
        const schema = await whole.describe(options)
        return { ...schema, fields: schema.fields.slice(1) }
      },
    })),
  },
  {
    name: 'declares follow without having it',
    fails: 'capability flags agree with the methods and the splits there are',
    breaking: (plugin) => ({ ...plugin, capabilities: { ...plugin.capabilities, follow: true } }),
  },
  {
    name: 'declares resumableSplits and has none',
    fails: 'capability flags agree with the methods and the splits there are',
    breaking: unresumable(() => true),
  },
  {
    name: 'gives positions nobody asked for',
    fails: 'batches carry positions only when asked, and in a resumable split',
    breaking: reading(
      (whole) => (split, options) => whole.read(split, { ...options, positions: true }),
    ),
  },
  {
    name: 'gives no positions in resumable splits',
    fails: 'batches carry positions only when asked, and in a resumable split',
    breaking: batches(({ schema, rows, byteSize }) => ({ schema, rows, byteSize })),
  },
  {
    name: 'gives positions in splits that are not resumable',
    fails: 'batches carry positions only when asked, and in a resumable split',
    breaking: unresumable((index) => index === 1),
  },
  {
    name: 'reads the row of the position again',
    fails: 'reading on from every position, in a later session, gives the rest and nothing twice',
    breaking: movingPosition(-1),
  },
  {
    name: 'leaves out the row behind the position',
    fails: 'reading on from every position, in a later session, gives the rest and nothing twice',
    breaking: movingPosition(1),
  },
  {
    name: 'gives the position of the row before the last',
    fails: 'reading on from every position, in a later session, gives the rest and nothing twice',
    breaking: batches(({ position, ...batch }) =>
      position === undefined
        ? batch
        : { ...batch, position: { ...position, token: Number(position.token) - 1 } },
    ),
  },
  {
    name: 'goes on only in the session that made the plan',
    fails: 'reading on from every position, in a later session, gives the rest and nothing twice',
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
    name: 'begins anew when it does not know the position',
    fails: 'a position that does not fit is refused as lost',
    breaking: reading((whole) => (split, { from, ...options }) => {
      const isKnown = typeof from?.token === 'number'
      return whole.read(split, { ...options, ...(isKnown ? { from } : {}) })
    }),
  },
  {
    name: 'keeps reading when the iteration was ended',
    fails: 'ending the iteration early releases what the read had open',
    breaking: reading((whole) => (split, options) => {
      const iterator = whole.read(split, options)[Symbol.asyncIterator]()
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => iterator.next(),
          return: async () => ({ done: true, value: undefined }),
        }),
      }
    }),
  },
  {
    name: 'reads on after an abort',
    fails: 'an abort in mid-read rejects with its reason and releases what was open',
    breaking: reading(
      (whole) =>
        async function* (split, options) {
          options.signal.throwIfAborted()
          const { signal } = new AbortController()
          yield* whole.read(split, { ...options, signal })
        },
    ),
  },
  {
    name: 'rejects an abort with an error of its own',
    fails: 'an abort in mid-read rejects with its reason and releases what was open',
    breaking: reading(
      (whole) =>
        async function* (split, options) {
          try {
            yield* whole.read(split, options)
          } catch {
            throw new Error('aborted')
          }
        },
    ),
  },
  {
    name: 'does not hear an abort while it waits',
    fails: 'an abort while the source is silent rejects at once and releases what was open',
    breaking: reading(
      (whole) =>
        async function* (split, options) {
          const { signal } = new AbortController()
          options.signal.throwIfAborted()
          yield* whole.read(split, { ...options, signal })
        },
    ),
  },
  {
    name: 'begins although the signal is aborted',
    fails: 'a read with a signal already aborted rejects with its reason',
    breaking: reading(
      (whole) =>
        async function* (split, options) {
          const { signal } = new AbortController()
          for await (const batch of whole.read(split, { ...options, signal })) {
            yield batch
            options.signal.throwIfAborted()
          }
        },
    ),
  },
  {
    name: 'fails when disposed twice',
    fails: 'dispose closes everything and may be called twice',
    breaking: session(() => {
      let isDisposed = false
      return {
        [Symbol.asyncDispose]: async () => {
          if (isDisposed) throw new Error('already disposed')
          isDisposed = true
        },
      }
    }),
  },
  {
    name: 'reads everything before the first batch',
    fails: 'a consumer that waits is not run ahead of',
    breaking: reading(
      (whole) =>
        async function* (split, options) {
          const all: RecordBatch[] = []
          for await (const batch of whole.read(split, options)) all.push(batch)
          yield* all
        },
    ),
  },
  {
    name: 'tells the password in its error',
    fails: 'refused access is a clear error that tells no secret',
    breaking: (plugin) => ({
      ...plugin,
      open: async (parameters, context, options) => {
        try {
          return await plugin.open(parameters, context, options)
        } catch (cause) {
          const { password } = parameters as { password?: string }
          throw new PluginError({
            code: 'SOURCE_UNREACHABLE',
            message: 'refused',
            cause: Object.assign(new Error('driver', { cause }), { options: { password } }),
          })
        }
      },
    }),
  },
  {
    name: 'lets the bare error of the driver out',
    fails: 'refused access is a clear error that tells no secret',
    breaking: (plugin) => ({
      ...plugin,
      open: async (...parameters) => {
        try {
          return await plugin.open(...parameters)
        } catch {
          throw new Error('ECONNREFUSED')
        }
      },
    }),
  },
]
