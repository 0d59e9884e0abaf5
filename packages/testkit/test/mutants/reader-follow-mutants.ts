import { PluginError } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import type { FollowedSource, ReaderHarness } from '../../src/index.ts'
import {
  changeBatches,
  following,
  followingWith,
  readAhead,
  session,
  shifted,
  type BreakingReader,
} from './broken-reader.ts'
import type { Mutant } from './mutant.ts'
import { withoutReturn } from './reader-lifetime-mutants.ts'

const never = new AbortController().signal

/** Changes the source in a way that looks as if the reader were wrong. */
function source(
  change: (whole: Required<FollowedSource>) => Partial<FollowedSource>,
): BreakingReader {
  return (harness) => ({
    ...harness,
    holdFollowed: async (datasets) => {
      const whole = (await harness.holdFollowed?.(datasets)) as Required<FollowedSource>
      return { ...whole, ...change(whole) }
    },
  })
}

/** Changes what is told of the changes of a batch. */
function told(
  change: (changes: NonNullable<RecordBatch['changes']>, batch: RecordBatch) => object,
) {
  return changeBatches((batch) =>
    batch.changes === undefined
      ? batch
      : { ...batch, changes: { ...batch.changes, ...change(batch.changes, batch) } },
  )
}

let transaction = 0

/** Mutants that follow wrongly. */
export const readerFollowMutants: readonly Mutant<ReaderHarness>[] = [
  {
    name: 'hands changes out in reverse',
    breaks: 'order of changes',
    says: /change 1 is u people 11, expected c people 11/,
    breaking: changeBatches((batch) => {
      const { operations, before, transactions, committedAtMs } = batch.changes ?? {}
      if (operations === undefined) return batch
      return {
        ...batch,
        rows: batch.rows.toReversed(),
        changes: {
          operations: operations.toReversed(),
          before: before?.toReversed() ?? [],
          transactions: transactions?.toReversed() ?? [],
          committedAtMs: committedAtMs?.toReversed() ?? [],
        },
      }
    }),
  },
  {
    name: 'says of every change that it creates',
    breaks: 'order of changes',
    says: /change 3 is c people 11, expected u people 11/,
    breaking: told(({ operations }) => ({ operations: operations.map(() => 'c') })),
  },
  {
    name: 'gives what it created a row before',
    breaks: 'order of changes',
    says: /change 1 \(c people 11\): .*row before/,
    breaking: told((_, { rows }) => ({ before: rows })),
  },
  {
    name: 'sends only the cells that stand in the key',
    breaks: 'order of changes',
    says: /change 1 \(c people 11\): its column name is undefined, expected "made 11"/,
    breaking: changeBatches((batch) => ({
      ...batch,
      rows: batch.rows.map((row) =>
        row.map((cell, at) => (batch.schema.key.includes(at) ? cell : undefined)),
      ),
    })),
  },
  {
    name: 'keeps only the last change of a batch',
    breaks: 'order of changes',
    says: /change 1 is u people 11, expected c people 11/,
    breaking: changeBatches((batch) => lastOf(batch)),
  },
  {
    name: 'makes a schema for every batch of changes',
    breaks: 'order of changes',
    says: /a batch of changes has another schema object/,
    breaking: changeBatches((batch) => ({ ...batch, schema: { ...batch.schema } })),
  },
  {
    name: 'numbers changes instead of transactions',
    breaks: 'transactions',
    says: /changes 1 and 2 are of one transaction and have the numbers \d+ and \d+/,
    breaking: told(({ transactions }) => ({ transactions: transactions.map(() => ++transaction) })),
  },
  {
    name: 'tells the time of commit in seconds',
    breaks: 'transactions',
    says: /a change was committed just now, and says \d+(?:\.\d+)? ms/,
    breaking: told(({ committedAtMs }) => ({
      committedAtMs: committedAtMs.map((timeMs) => Math.floor(timeMs / 1000)),
    })),
  },
  {
    name: 'ignores maxRows among changes',
    breaks: 'bounds of changes',
    says: /a batch has 60 changes, maxRows is 1/,
    breaking: followingWith((from, options) => [from, { ...options, maxRows: 1000 }]),
  },
  {
    name: 'ignores maxBytes among changes',
    breaks: 'bounds of changes',
    says: /a batch of 60 changes has \d+ bytes, maxBytes is 100/,
    breaking: followingWith((from, options) => [from, { ...options, maxBytes: 1_000_000 }]),
  },
  {
    name: 'tells the time of commit once for a batch',
    breaks: 'bounds of changes',
    says: /a batch of 7 changes has 1 committedAtMs/,
    breaking: told(({ committedAtMs }) => ({ committedAtMs: committedAtMs.slice(0, 1) })),
  },
  {
    name: 'gives no positions among changes',
    breaks: 'bounds of changes',
    says: /a batch of changes comes without a position/,
    breaking: changeBatches(({ schema, rows, byteSize, changes }) => ({
      schema,
      rows,
      byteSize,
      ...(changes === undefined ? {} : { changes }),
    })),
  },
  {
    name: 'hands a change out when the next one comes',
    breaks: 'maxDelayMs',
    says: /a change that was committed waits for more changes/,
    breaking: following(
      (whole) =>
        async function* (from, options) {
          let held: RecordBatch | undefined
          for await (const batch of whole.follow(from, options)) {
            if (held) yield held
            held = batch
          }
          if (held) yield held
        },
    ),
  },
  {
    name: 'hands out what is rolled back',
    breaks: 'committed only',
    says: /change 1 is c people 31, expected c people 33; others were rolled back/,
    breaking: source(({ commit }) => ({ rollBack: commit })),
  },
  {
    name: 'follows one change too far',
    breaks: 'until',
    says: /c notes 41 came, and was never made, until change 1/,
    breaking: followingWith((from, { until, ...options }) => [
      from,
      { ...options, ...(until === undefined ? {} : { until: shifted(until, 1) }) },
    ]),
  },
  {
    name: 'hands out what is to be left out',
    breaks: 'leaveOut',
    says: /change 4 is c notes 11, expected u people 11, with notes left out/,
    breaking: following((whole) => (from, options) => {
      const { leaveOut, ...others } = options
      return whole.follow(from, leaveOut === undefined ? options : others)
    }),
  },
  {
    name: 'gives no position behind what is left out',
    breaks: 'leaveOut',
    says: /\d+ changes come behind the last position/,
    breaking: changeBatches((batch) => (batch.rows.length === 0 ? undefined : batch)),
  },
  {
    name: 'cuts all tables when it takes one up',
    breaks: 'takeUp',
    says: /it cuts first\.people, too/,
    breaking: session((whole) => ({
      takeUp: async (_, desired, options) => (await whole.split(desired, options)).splits,
    })),
  },
  {
    name: 'forgets everything when something is acknowledged',
    breaks: 'acknowledge',
    says: /change 1 \(c people 52\) and those behind it never came, behind the acknowledged change 1/,
    breaking: (harness) => {
      let isAcknowledged = false
      return session((whole) => ({
        acknowledge: async () => {
          isAcknowledged = true
        },
        follow: async function* (from, options) {
          const end = await whole.currentPosition(options)
          yield* whole.follow(isAcknowledged ? end : from, options)
        },
      }))(harness)
    },
  },
  {
    name: 'always says that as much is left',
    breaks: 'logStatus',
    says: /7 bytes are left from the beginning, and 7 from the end/,
    breaking: session((whole) => ({
      logStatus: async (position, options) => ({
        ...(await whole.logStatus(position, options)),
        lagBytes: 7,
      }),
    })),
  },
  {
    name: 'gives the change of the position again',
    breaks: 'resume of changes',
    says: /change 1 is \S+ \S+ \d+, expected .* behind change 1/,
    breaking: followingWith((from, options) => [shifted(from, -1), options]),
  },
  {
    name: 'gives a batch the position of its first change',
    breaks: 'resume of changes',
    says: /change 1 is \S+ \S+ \d+, expected .* behind change \d+/,
    breaking: changeBatches((batch) => {
      const { position, rows } = batch
      if (position === undefined || rows.length < 2) return batch
      return { ...batch, position: shifted(position, 1 - rows.length) }
    }),
  },
  {
    name: 'gives a position inside a transaction as if it had ended',
    breaks: 'resume of changes',
    says: /behind change \d+/,
    breaking: changeBatches((batch) =>
      batch.position === undefined || batch.changes?.transactions[0] !== 1
        ? batch
        : { ...batch, position: { ...batch.position, token: 2 } },
    ),
  },
  {
    name: 'follows from the beginning when it does not know the position',
    breaks: 'positions of changes',
    says: /the position null is taken for one/,
    breaking: followingWith((from, options) => [
      typeof from.token === 'number' ? from : { ...from, token: 0 },
      { ...options, until: { token: 0, label: 'none' } },
    ]),
  },
  {
    name: 'skips what the source has forgotten',
    breaks: 'no gap',
    says: /change 0, which is forgotten, is taken for one/,
    breaking: following(
      (whole) =>
        async function* (from, options) {
          try {
            yield* whole.follow(from, options)
          } catch (error) {
            if (!PluginError.isInstance(error)) throw error
            const end = await whole.currentPosition(options)
            yield* whole.follow(shifted(end, -1), options)
          }
        },
    ),
  },
  {
    name: 'reads every split at an instant of its own',
    breaks: 'snapshot and changes',
    says: /the rows that were read have (?:not )?seen what .* is behind of/,
    breaking: session((whole) => ({
      read: async function* (split, options) {
        await new Promise((resolve) => setImmediate(resolve))
        await whole.takeSnapshot(options)
        yield* whole.read(split, options)
      },
    })),
  },
  {
    name: 'says that changes begin later than they do',
    breaks: 'snapshot and changes',
    says: /the rows that were read|do not make the table/,
    breaking: session((whole) => ({
      split: async (desired, options) => {
        const plan = await whole.split(desired, options)
        const followFrom = plan.followFrom && shifted(plan.followFrom, 3)
        return { ...plan, ...(followFrom === undefined ? {} : { followFrom }) }
      },
    })),
  },
  {
    name: 'takes no new snapshot',
    breaks: 'takeSnapshot',
    says: /reads see another instant: the row people 81 is missing/,
    breaking: session((whole) => ({ takeSnapshot: (options) => whole.currentPosition(options) })),
  },
  {
    name: 'gives the place of a snapshot too early',
    breaks: 'takeSnapshot',
    says: /behind its position come c notes 81, c people 181, expected c people 181/,
    breaking: session((whole) => ({
      takeSnapshot: async (options) => shifted(await whole.takeSnapshot(options), -1),
    })),
  },
  {
    name: 'passes over a table that is emptied',
    breaks: 'truncate',
    says: /c people 91, c people 92 came, expected c people 91, truncate people, c people 92/,
    breaking: changeBatches((batch) => (batch.isTruncate === true ? undefined : batch)),
  },
  {
    name: 'keeps to the columns it began with',
    breaks: 'definitions',
    says: /behind it the columns are id, name, note/,
    breaking: session((whole) => ({
      follow: async function* (from, options) {
        const first = new Map<string, RecordBatch['schema']>()
        for await (const batch of whole.follow(from, options)) {
          const { table } = batch.schema
          if (!first.has(table)) first.set(table, batch.schema)
          yield { ...batch, schema: first.get(table) ?? batch.schema }
        }
      },
    })),
  },
  {
    name: 'hears no abort while it follows',
    breaks: 'abort of changes',
    says: /it is not heard: the read goes on/,
    breaking: followingWith((from, options) => [from, { ...options, signal: never }]),
  },
  {
    name: 'keeps following when the iteration was ended',
    breaks: 'early end of changes',
    says: /keeps connections open after following that was ended early/,
    breaking: following((whole) => (from, options) => withoutReturn(whole.follow(from, options))),
  },
  {
    name: 'holds all changes before the first batch',
    breaks: 'slow consumer of changes',
    says: /[\d.]+ MB of 10.0 MB are held for a consumer that took one batch/,
    breaking: following((whole) => (from, options) => readAhead(whole.follow(from, options))),
  },
]

/** The last row of a batch with what is told of it. */
function lastOf(batch: RecordBatch): RecordBatch {
  const { changes } = batch
  if (changes === undefined) return batch
  return {
    ...batch,
    rows: batch.rows.slice(-1),
    changes: {
      operations: changes.operations.slice(-1),
      before: changes.before.slice(-1),
      transactions: changes.transactions.slice(-1),
      committedAtMs: changes.committedAtMs.slice(-1),
    },
  }
}
