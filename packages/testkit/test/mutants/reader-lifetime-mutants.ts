import { PluginError, type Logger } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import type { ReaderHarness } from '../../src/index.ts'
import { secret } from '../memory-harness.ts'
import {
  batches,
  plugin,
  readAhead,
  reading,
  session,
  splits,
  type BreakingReader,
} from './broken-reader.ts'
import type { Mutant } from './mutant.ts'

const never = new AbortController().signal

/** An iteration whose end is not heard. */
export function withoutReturn(iterable: AsyncIterable<RecordBatch>): AsyncIterable<RecordBatch> {
  const iterator = iterable[Symbol.asyncIterator]()
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => iterator.next(),
      return: async () => ({ done: true, value: undefined }),
    }),
  }
}

/** Hears no abort. */
const deaf: BreakingReader = reading(
  (whole) => (split, options) => whole.read(split, { ...options, signal: never }),
)

/** Fails with another error where it should with that of the plugin. */
function failingWith(makeError: (password: string, cause: unknown) => Error): BreakingReader {
  return plugin((healthy) => ({
    open: async (parameters, context, options) => {
      try {
        return await healthy.open(parameters, context, options)
      } catch (cause) {
        throw makeError((parameters as { password: string }).password, cause)
      }
    },
  }))
}

const telling = (message: string, cause?: unknown) =>
  new PluginError({ code: 'SOURCE_UNREACHABLE', message, cause })

/** Mutants that begin, break off and end wrongly. */
export const readerLifetimeMutants: readonly Mutant<ReaderHarness>[] = [
  {
    name: 'keeps reading when the iteration was ended',
    breaks: 'early end',
    says: /reads that were ended early pile up connections/,
    breaking: reading((whole) => (split, options) => withoutReturn(whole.read(split, options))),
  },
  {
    name: 'reads on after an abort',
    breaks: 'abort',
    says: /it is not heard: the read goes on/,
    breaking: deaf,
  },
  {
    name: 'rejects a plan that is aborted with an error of its own',
    breaks: 'abort',
    says: /split is rejected with another error: Error: aborted/,
    breaking: session((whole) => ({
      split: (desired, options) =>
        whole.split(desired, options).catch(() => {
          throw new Error('aborted')
        }),
    })),
  },
  {
    name: 'rejects an abort with an error of its own',
    breaks: 'abort',
    says: /rejected with another error than the reason of the signal: Error: aborted/,
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
    name: 'keeps its connection when an abort ends it',
    breaks: 'abort',
    says: /keeps connections open after an abort in mid-read/,
    breaking: (harness) => {
      let kept = 0
      const counting: ReaderHarness = {
        ...harness,
        hold: async (dataset) => {
          const source = await harness.hold(dataset)
          const count = source.openConnections?.bind(source)
          return { ...source, openConnections: async () => Number(await count?.()) + kept }
        },
      }
      return reading(
        (whole) =>
          async function* (split, options) {
            try {
              yield* whole.read(split, options)
            } catch (error) {
              kept += 1
              throw error
            }
          },
      )(counting)
    },
  },
  {
    name: 'counts no connections',
    breaks: 'connections',
    says: /the harness counts none while a read is under way/,
    breaking: (harness) => ({
      ...harness,
      hold: async (dataset) => ({ ...(await harness.hold(dataset)), openConnections: () => 0 }),
    }),
  },
  {
    name: 'fails when disposed twice',
    breaks: 'dispose',
    says: /the second call is rejected/,
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
    name: 'lets the bare error of a source that fails out',
    breaks: 'dispose',
    says: /the read fails with what is no PluginError: Error: ECONNRESET/,
    breaking: reading(
      (whole) =>
        async function* (split, options) {
          try {
            yield* whole.read(split, options)
          } catch {
            throw new Error('ECONNRESET')
          }
        },
    ),
  },
  {
    name: 'reads everything before the first batch',
    breaks: 'slow consumer',
    says: /5000 of 5000 rows were read for a consumer that took 10/,
    breaking: reading((whole) => (split, options) => readAhead(whole.read(split, options))),
  },
  {
    name: 'holds everything before the first batch',
    breaks: 'slow consumer',
    says: /[\d.]+ MB of 10.0 MB are held for a consumer that took one batch/,
    breaking: reading((whole) => (split, options) => readAhead(whole.read(split, options))),
  },
  ...(['refused', 'unreachable'] as const).flatMap((part): Mutant<ReaderHarness>[] => {
    const promise = part === 'refused' ? 'refused access' : 'unreachable hosts'
    return [
      {
        name: `lets everybody in, and nobody (${part})`,
        breaks: promise,
        says: /neither open nor check fails/,
        breaking: (harness) => ({
          ...harness,
          [part]: { secret: 'x', source: () => harness.hold({ schema: emptySchema, rows: [] }) },
        }),
      },
      {
        name: `lets the bare error of the driver out (${part})`,
        breaks: promise,
        says: /the error is no PluginError: .*ECONNREFUSED/,
        breaking: failingWith(() => new Error('ECONNREFUSED')),
      },
      {
        name: `gives the error another exit code (${part})`,
        breaks: promise,
        says: /SOURCE_FAILED makes the exit code 1, expected 3/,
        breaking: failingWith(() => new PluginError({ code: 'SOURCE_FAILED', message: 'failed' })),
      },
    ]
  }),
  {
    name: 'tells the password in its error',
    breaks: 'secrets',
    says: /the error or one of its causes tells the password/,
    breaking: failingWith((password) => telling(`refused: app:${password}@host`)),
  },
  {
    name: 'tells the password in a cause of its error',
    breaks: 'secrets',
    says: /the error or one of its causes tells the password/,
    breaking: failingWith((password, cause) =>
      telling('refused', Object.assign(new Error('driver', { cause }), { options: { password } })),
    ),
  },
  {
    name: 'logs the password',
    breaks: 'secrets',
    says: /a finding, a log message or the identity tells the password/,
    breaking: plugin((healthy) => ({
      open: (parameters, context, options) => {
        context.logger.debug(`connecting with ${JSON.stringify(parameters)}`)
        return healthy.open(parameters, context, options)
      },
    })),
  },
  {
    name: 'logs the password when it plans',
    breaks: 'secrets',
    says: /a log message tells the password/,
    breaking: (harness) => {
      let logger: Logger | undefined
      const opening = plugin((healthy) => ({
        open: (parameters, context, options) => {
          logger = context.logger
          return healthy.open(parameters, context, options)
        },
      }))
      const planning = splits((split) => {
        logger?.info(`cut for app:${secret}`)
        return split
      })
      return planning(opening(harness))
    },
  },
  {
    name: 'keeps the password in its splits',
    breaks: 'secrets',
    says: /a split or its range tells the password/,
    breaking: splits((split) => ({ ...split, id: `${split.id}@${secret}` })),
  },
  {
    name: 'keeps the password in its positions',
    breaks: 'secrets',
    says: /a position tells the password/,
    breaking: batches(({ position, ...batch }) => ({
      ...batch,
      ...(position && { position: { ...position, token: [position.token, secret] } }),
    })),
  },
  {
    name: 'tells the password in the error of a read',
    breaks: 'secrets',
    says: /the error of a read or one of its causes tells the password/,
    breaking: reading(
      (whole) =>
        async function* (split, options) {
          try {
            yield* whole.read(split, options)
          } catch (cause) {
            throw telling(`lost app:${encodeURIComponent(secret)}@host`, cause)
          }
        },
    ),
  },
  {
    name: 'has the password in its identity',
    breaks: 'secrets',
    says: /a finding, a log message or the identity tells the password/,
    breaking: plugin(() => ({ identity: (parameters) => parameters as never })),
  },
]

const emptySchema = { table: 'empty', version: 1, fields: [], key: [] }
