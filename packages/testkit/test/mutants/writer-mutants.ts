import {
  defineWriter,
  PluginError,
  type WriteOptions,
  type WriterPlugin,
  type WriterSession,
} from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import { z } from 'zod'
import type { Breaking } from '../memory-harness.ts'
import type { Mutant } from './reader-mutants.ts'

/** Replaces members of every session. */
function session(
  replace: (whole: WriterSession) => Partial<WriterSession>,
): Breaking<WriterPlugin> {
  return (plugin) => ({
    ...plugin,
    open: async (...parameters) => {
      const whole = await plugin.open(...parameters)
      return {
        limits: whole.limits,
        check: (schema, options) => whole.check(schema, options),
        write: (batch, options) => whole.write(batch, options),
        preview: (batch) => whole.preview(batch),
        [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose](),
        ...replace(whole),
      }
    },
  })
}

/** Replaces the way of writing. */
function writing(
  replace: (
    whole: WriterSession,
  ) => (batch: RecordBatch, options: WriteOptions) => ReturnType<WriterSession['write']>,
): Breaking<WriterPlugin> {
  return session((whole) => ({ write: replace(whole) }))
}

function config(schema: z.ZodType): Breaking<WriterPlugin> {
  return (plugin) => defineWriter({ ...plugin, config: schema as never })
}

const never = new AbortController().signal

export const writerMutants: readonly Mutant<WriterPlugin>[] = [
  {
    name: 'accepts any parameters',
    fails: 'parameters of wrong types are refused by the schema',
    breaking: config(z.any()),
  },
  {
    name: 'refuses unknown parameters',
    fails: 'unknown parameters pass the schema, so that the runtime can name the nearest',
    breaking: config(z.strictObject({})),
  },
  {
    name: 'does not describe a parameter',
    fails: 'the JSON Schema has every parameter with a description',
    breaking: config(z.looseObject({ password: z.string().optional() })),
  },
  {
    name: 'takes no batch at all',
    fails: 'limits are positive and the guarantee is told',
    breaking: session((whole) => ({ limits: { ...whole.limits, maxInFlight: 0 } })),
  },
  {
    name: 'lets batches overtake each other',
    fails: 'batches of a split are applied in order per key, with as many under way as allowed',
    breaking: writing((whole) => async (batch, options) => {
      if (options.progress.sequence % 2 === 1) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      return whole.write(batch, options)
    }),
  },
  {
    name: 'drops the last row of a batch and counts it',
    fails: 'batches of a split are applied in order per key, with as many under way as allowed',
    breaking: writing((whole) => async (batch, options) => {
      const result = await whole.write({ ...batch, rows: batch.rows.slice(0, -1) }, options)
      return { ...result, written: batch.rows.length }
    }),
  },
  {
    name: 'asks admit twice',
    fails: 'a row that is found wrong goes to admit, and its neighbours are written',
    breaking: writing((whole) => (batch, options) => {
      const admit: WriteOptions['admit'] = (rejected) => {
        options.admit(rejected)
        return options.admit(rejected)
      }
      return whole.write(batch, { ...options, admit })
    }),
  },
  {
    name: 'rejects a whole batch for one bad row',
    fails: 'a row that is found wrong goes to admit, and its neighbours are written',
    breaking: writing((whole) => (batch, options) => {
      const { rejected } = whole.preview(batch)
      const [first] = rejected
      if (!first) return whole.write(batch, options)
      options.admit(batch.rows.map((_, row) => ({ row, error: first.error })))
      return Promise.resolve({ sent: true, written: 0, rejected: [], bytesWritten: 0 })
    }),
  },
  {
    name: 'keeps quiet about rows that the target refuses',
    fails: 'a row that the target refuses is rejected, and its neighbours are written',
    breaking: writing((whole) => async (batch, options) => {
      const result = await whole.write(batch, options)
      return { ...result, rejected: [] }
    }),
  },
  {
    name: 'names the wrong row as refused',
    fails: 'a row that the target refuses is rejected, and its neighbours are written',
    breaking: writing((whole) => async (batch, options) => {
      const result = await whole.write(batch, options)
      return { ...result, rejected: result.rejected.map((one) => ({ ...one, row: one.row + 1 })) }
    }),
  },
  {
    name: 'sends before it asks admit',
    fails: 'nothing is sent when admit says no',
    breaking: writing((whole) => async (batch, options) => {
      const result = await whole.write(batch, { ...options, admit: () => true })
      const isAdmitted = options.admit([])
      return isAdmitted ? result : { ...result, sent: false, written: 0 }
    }),
  },
  {
    name: 'never ends an empty batch',
    fails: 'an empty batch is written and changes nothing',
    breaking: writing(
      (whole) => (batch, options) =>
        batch.rows.length === 0 ? new Promise(() => undefined) : whole.write(batch, options),
    ),
  },
  {
    name: 'promises idempotence although it appends',
    fails: 'the guarantee holds: rows written twice leave what it says',
    breaking: (plugin) => ({ ...plugin, guarantee: () => ({ isIdempotent: true }) }),
  },
  {
    name: 'writes in preview',
    fails: 'preview names a command per good row, rejects what write rejects, and sends nothing',
    breaking: session((whole) => ({
      preview: (batch) => {
        const progress = { split: 's', sequence: 1, fence: 'f' }
        void whole.write(batch, { signal: never, progress, admit: () => true })
        return whole.preview(batch)
      },
    })),
  },
  {
    name: 'connects when opened',
    fails: 'open does not connect, and preview works without a connection',
    breaking: (plugin) => ({
      ...plugin,
      open: async (parameters, context, options) => {
        const whole = await plugin.open(parameters, context, options)
        await whole.check({ table: 't', version: 1, fields: [], key: [] }, options)
        return whole
      },
    }),
  },
  {
    name: 'writes although the signal is aborted',
    fails: 'a write with a signal already aborted rejects with its reason and sends nothing',
    breaking: writing((whole) => async (batch, options) => {
      await whole.write(batch, { ...options, signal: never })
      options.signal.throwIfAborted()
      return { sent: true, written: batch.rows.length, rejected: [], bytesWritten: 0 }
    }),
  },
  {
    name: 'rejects an abort with an error of its own',
    fails: 'an abort while a write is under way ends it: done, or rejected with its reason',
    breaking: writing((whole) => async (batch, options) => {
      try {
        return await whole.write(batch, options)
      } catch {
        throw new Error('aborted')
      }
    }),
  },
  {
    name: 'keeps its connection when disposed',
    fails: 'dispose closes everything and may be called twice',
    breaking: session(() => ({ [Symbol.asyncDispose]: async () => undefined })),
  },
  {
    name: 'tells the password in its error',
    fails: 'refused access is a clear error that tells no secret',
    breaking: (plugin) => ({
      ...plugin,
      open: async (parameters, context, options) => {
        const whole = await plugin.open(parameters, context, options)
        const { password } = parameters as { password?: string }
        const check = async () => {
          if (password === undefined) return []
          throw new PluginError({ code: 'TARGET_UNREACHABLE', message: `refused ${password}` })
        }
        return {
          limits: whole.limits,
          check,
          write: (batch, writeOptions) => whole.write(batch, writeOptions),
          preview: (batch) => whole.preview(batch),
          [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose](),
        }
      },
    }),
  },
]
