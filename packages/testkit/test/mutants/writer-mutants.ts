import { PluginError, type WriteOptions } from '@millrace/core/plugin'
import { z } from 'zod'
import type { WriterHarness } from '../../src/index.ts'
import { secret } from '../memory-harness.ts'
import { changing, config, plugin, session, writing, type BreakingWriter } from './broken-writer.ts'
import type { Mutant } from './mutant.ts'

const never = new AbortController().signal
const written = { sent: true, rejected: [], bytesWritten: 1 } as const

/** Fails with another error where it should with that of the plugin. */
function failingWith(makeError: (password: string) => Error): BreakingWriter {
  return session((whole, parameters) => ({
    check: async (schemas, options) => {
      const { password } = parameters as { password?: string }
      if (password === undefined) return await whole.check(schemas, options)
      throw makeError(password)
    },
  }))
}

/** Mutants that write wrongly. */
export const writerMutants: readonly Mutant<WriterHarness>[] = [
  {
    name: 'does not say what it guarantees',
    breaks: 'manifest',
    says: /the plugin has no guarantee\(\)/,
    breaking: plugin(() => ({ guarantee: undefined as never })),
  },
  {
    name: 'accepts any parameters',
    breaks: 'parameters',
    says: /the schema accepts parameters of wrong types: \{"password":5\}/,
    breaking: config(z.any()),
  },
  {
    name: 'refuses unknown parameters',
    breaks: 'parameters',
    says: /refuses an unknown parameter: .*millraceUnknownParameter/,
    breaking: config(z.strictObject({})),
  },
  {
    name: 'does not describe a parameter',
    breaks: 'parameters',
    says: /says nothing of password/,
    breaking: config(z.looseObject({ password: z.string().optional() })),
  },
  {
    name: 'takes no batch at all',
    breaks: 'limits',
    says: /maxInFlight is 0/,
    breaking: session((whole) => ({ limits: { ...whole.limits, maxInFlight: 0 } })),
  },
  {
    name: 'lets batches overtake each other',
    breaks: 'order per key',
    says: /the key k0 holds .*, expected .*, in the order of the batches/,
    breaking: writing((whole) => async (batch, options) => {
      if (options.progress.sequence % 2 === 1)
        await new Promise((resolve) => setTimeout(resolve, 10))
      return whole.write(batch, options)
    }),
  },
  {
    name: 'drops the last row of a batch and counts it',
    breaks: 'order per key',
    says: /the key k1 holds .*, expected/,
    breaking: writing((whole) => async (batch, options) => {
      const result = await whole.write({ ...batch, rows: batch.rows.slice(0, -1) }, options)
      return { ...result, written: batch.rows.length }
    }),
  },
  {
    name: 'asks admit twice',
    breaks: 'rejected rows',
    says: /admit was called 2 times for one batch/,
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
    breaks: 'rejected rows',
    says: /admit names rows 0, 1, 2, 3, 4 as rejected, expected 1, 3/,
    breaking: writing((whole) => (batch, options) => {
      const [first] = whole.preview(batch).rejected
      if (!first) return whole.write(batch, options)
      options.admit(batch.rows.map((_, row) => ({ row, error: first.error })))
      return Promise.resolve({ ...written, written: 0 })
    }),
  },
  {
    name: 'writes only up to the first bad row, and says it wrote all',
    breaks: 'rejected rows',
    says: /the row of k2, a neighbour of a rejected one, holds nothing/,
    breaking: writing((whole) => async (batch, options) => {
      const last = whole.preview(batch).rejected.at(-1)?.row ?? batch.rows.length - 1
      return whole.write({ ...batch, rows: batch.rows.slice(0, last + 1) }, options)
    }),
  },
  {
    name: 'keeps quiet about rows that the target refuses',
    breaks: 'rejected rows',
    says: /the result names rows none as rejected, expected 1/,
    breaking: writing((whole) => async (batch, options) => {
      const result = await whole.write(batch, options)
      return { ...result, rejected: [] }
    }),
  },
  {
    name: 'counts rejected rows as written, too',
    breaks: 'accounting',
    says: /9 written and 4 rejected do not make 9 rows/,
    breaking: writing((whole) => async (batch, options) => {
      const result = await whole.write(batch, options)
      return { ...result, written: batch.rows.length }
    }),
  },
  {
    name: 'rejects a row twice',
    breaks: 'accounting',
    says: /row 3 was rejected twice/,
    breaking: writing((whole) => async (batch, options) => {
      const result = await whole.write(batch, options)
      return { ...result, rejected: [...result.rejected, ...result.rejected] }
    }),
  },
  {
    name: 'rejects without a reason',
    breaks: 'accounting',
    says: /row 3 was rejected without a reason/,
    breaking: writing((whole) => async (batch, options) => {
      const result = await whole.write(batch, options)
      const rejected = result.rejected.map(({ row }) => ({ row, error: { code: '', message: '' } }))
      return { ...result, rejected }
    }),
  },
  {
    name: 'does not count what it sends',
    breaks: 'accounting',
    says: /0 bytes are said to be sent for 5 rows/,
    breaking: writing((whole) => async (batch, options) => {
      return { ...(await whole.write(batch, options)), bytesWritten: 0 }
    }),
  },
  {
    name: 'never ends an empty batch',
    breaks: 'accounting',
    says: /a write never ends/,
    breaking: writing(
      (whole) => (batch, options) =>
        batch.rows.length === 0 ? new Promise(() => undefined) : whole.write(batch, options),
    ),
  },
  {
    name: 'sends before it asks admit',
    breaks: 'admit',
    says: /the key k0 holds \[v0\], expected nothing when admit says no/,
    breaking: writing((whole) => async (batch, options) => {
      const result = await whole.write(batch, { ...options, admit: () => true })
      return options.admit([]) ? result : { ...result, sent: false, written: 0 }
    }),
  },
  {
    name: 'puts rows that are deleted, although it applies no deletes',
    breaks: 'operation codes',
    says: /admit names rows none as rejected, expected 1, which is a delete/,
    breaking: changing((changes) => {
      const operations = changes.operations.map((code) => (code === 'd' ? 'c' : code))
      return { ...changes, operations }
    }),
  },
  {
    name: 'says nothing of what a repeat leaves',
    breaks: 'guarantee',
    says: /it does not say what writing twice leaves/,
    breaking: plugin(() => ({ guarantee: () => ({ isIdempotent: false }) })),
  },
  {
    name: 'says of itself what is not so',
    breaks: 'guarantee',
    says: /it says isIdempotent: true, expected false/,
    breaking: plugin(() => ({ guarantee: () => ({ isIdempotent: true }) })),
  },
  {
    name: 'promises idempotence although it appends',
    breaks: 'guarantee',
    says: /the key k0 holds \[v0, v2, v0, v2\], expected \[v0, v2\], since isIdempotent is promised/,
    breaking: (harness) => ({
      ...plugin(() => ({ guarantee: () => ({ isIdempotent: true }) }))(harness),
      isIdempotent: true,
    }),
  },
  {
    name: 'writes in preview',
    breaks: 'preview',
    says: /the key k0 holds \[v0\], expected nothing after a preview/,
    breaking: session((whole) => ({
      preview: (batch) => {
        const progress = { split: 's', sequence: 1, fence: 'f' }
        void whole.write(batch, { signal: never, progress, admit: () => true })
        return whole.preview(batch)
      },
    })),
  },
  {
    name: 'shows bad rows in preview as good ones',
    breaks: 'preview',
    says: /it names rows none as rejected, expected 1/,
    breaking: session((whole) => ({
      preview: (batch) => ({ ...whole.preview(batch), rejected: [] }),
    })),
  },
  {
    name: 'connects when opened',
    breaks: 'open',
    says: /1 connections are open before check or write was called/,
    breaking: plugin((healthy) => ({
      open: async (parameters, context, options) => {
        const whole = await healthy.open(parameters, context, options)
        await whole.check([{ table: 't', version: 1, fields: [], key: [] }], options)
        return whole
      },
    })),
  },
  {
    name: 'writes although the signal is aborted',
    breaks: 'abort',
    says: /it is not heard: the write succeeds/,
    breaking: writing(
      (whole) => (batch, options) => whole.write(batch, { ...options, signal: never }),
    ),
  },
  {
    name: 'rejects an abort with an error of its own',
    breaks: 'abort',
    says: /rejected with another error than the reason of the signal: Error: aborted/,
    breaking: writing((whole) => async (batch, options) => {
      try {
        return await whole.write(batch, options)
      } catch {
        throw new Error('aborted')
      }
    }),
  },
  {
    name: 'counts no connections',
    breaks: 'connections',
    says: /the harness counts none of a session that has written/,
    breaking: (harness) => ({
      ...harness,
      makeTarget: async () => ({ ...(await harness.makeTarget()), openConnections: () => 0 }),
    }),
  },
  {
    name: 'keeps its connection when disposed',
    breaks: 'dispose',
    says: /the writer keeps connections open after dispose/,
    breaking: session(() => ({ [Symbol.asyncDispose]: async () => undefined })),
  },
  ...(['refused', 'unreachable'] as const).flatMap((part): Mutant<WriterHarness>[] => {
    const promise = part === 'refused' ? 'refused access' : 'unreachable hosts'
    return [
      {
        name: `finds nothing wrong (${part})`,
        breaks: promise,
        says: /neither open nor check fails/,
        breaking: session(() => ({ check: async () => [] })),
      },
      {
        name: `lets the bare error of the driver out (${part})`,
        breaks: promise,
        says: /the error is no PluginError: .*ECONNREFUSED/,
        breaking: failingWith(() => new Error('ECONNREFUSED')),
      },
    ]
  }),
  {
    name: 'tells the password in its error',
    breaks: 'secrets',
    says: /the error or one of its causes tells the password/,
    breaking: failingWith((password) => {
      return new PluginError({ code: 'TARGET_UNREACHABLE', message: `refused ${password}` })
    }),
  },
  {
    name: 'tells the password in the reason of a rejected row',
    breaks: 'secrets',
    says: /a preview tells the password/,
    breaking: session((whole) => ({
      preview: (batch) => {
        const error = { code: 'REFUSED', message: `not for ${secret}` }
        return { ...whole.preview(batch), rejected: [{ row: 0, error }] }
      },
    })),
  },
  {
    name: 'tells the password in a finding',
    breaks: 'secrets',
    says: /a finding, a log message or the identity tells the password/,
    breaking: plugin(() => ({
      validate: (parameters) => [
        { severity: 'warning', path: [], message: `weak: ${JSON.stringify(parameters)}` },
      ],
    })),
  },
]
