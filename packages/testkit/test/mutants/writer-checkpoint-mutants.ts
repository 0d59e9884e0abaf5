import type { Checkpoint, WriteOptions } from '@millrace/core/plugin'
import type { WriterHarness } from '../../src/index.ts'
import { changing, checkpoint, session, writing } from './broken-writer.ts'
import type { Mutant } from './mutant.ts'

/** Writes with other progress. */
function progressing(change: (progress: WriteOptions['progress']) => WriteOptions['progress']) {
  return writing(
    (whole) => (batch, options) =>
      whole.write(batch, { ...options, progress: change(options.progress) }),
  )
}

/** As if no checkpoint were to be kept. */
function withoutRecord({ split, sequence, fence }: WriteOptions['progress']) {
  return { split, sequence, fence }
}

/** Mutants, of a writer that keeps the last row of a key, that keep progress wrongly. */
export const writerCheckpointMutants: readonly Mutant<WriterHarness>[] = [
  {
    name: 'has a checkpoint that is not declared',
    breaks: 'checkpoint',
    says: /keepsCheckpoint is declared none, and the session gives with-data/,
    breaking: ({ keepsCheckpoint, ...harness }) => {
      if (keepsCheckpoint === undefined) throw new Error('the healthy writer keeps one')
      return harness
    },
  },
  {
    name: 'keeps progress in the session',
    breaks: 'checkpoint',
    says: /the checkpoint stands at 0, expected 2, in a later session/,
    breaking: progressing((progress) => withoutRecord(progress)),
  },
  {
    name: 'forgets the header',
    breaks: 'checkpoint',
    says: /the header read later is null/,
    breaking: checkpoint((whole) => ({
      begin: (_: unknown, call: Parameters<Checkpoint['begin']>[1]) => whole.begin(null, call),
    })),
  },
  {
    name: 'applies a batch that is there',
    breaks: 'exactly once',
    says: /the key k0 holds \[repeated\], expected \[v0\], after batch 1 was repeated/,
    breaking: writing((whole) => async (batch, options) => {
      try {
        return await whole.write(batch, options)
      } catch {
        const progress = withoutRecord(options.progress)
        return await whole.write(batch, { ...options, admit: () => true, progress })
      }
    }),
  },
  {
    name: 'moves on with a batch that was not written',
    breaks: 'progress',
    says: /the checkpoint stands at 1, expected 0, after batches that were not written/,
    breaking: writing((whole) => async (batch, options) => {
      let isAdmitted = true
      const admit: WriteOptions['admit'] = (rejected) => (isAdmitted = options.admit(rejected))
      const result = await whole.write(batch, { ...options, admit })
      if (isAdmitted) return result
      await whole.write({ ...batch, rows: [] }, { ...options, admit: () => true })
      return result
    }),
  },
  {
    name: 'moves on from anywhere',
    breaks: 'progress',
    says: /an update from 1 at 2 is accepted/,
    breaking: checkpoint((whole) => ({
      update: (
        progress: Parameters<Checkpoint['update']>[0],
        call: Parameters<Checkpoint['update']>[1],
      ) => whole.update({ ...progress, expected: undefined }, call),
    })),
  },
  {
    name: 'ends a job without looking',
    breaks: 'finish',
    says: /an end behind batch 2 at 1 is accepted/,
    breaking: checkpoint((whole) => ({
      finish: (
        header: Parameters<Checkpoint['finish']>[0],
        _: unknown,
        call: Parameters<Checkpoint['finish']>[2],
      ) => whole.finish(header, new Map(), call),
    })),
  },
  {
    name: 'begins over what stands there',
    breaks: 'begin',
    says: /the checkpoint stands at 1, expected 0, after begin/,
    breaking: checkpoint((whole) => ({
      begin: async (
        header: Parameters<Checkpoint['begin']>[0],
        call: Parameters<Checkpoint['begin']>[1],
      ) => {
        const content = await whole.read(call)
        await whole.begin(header, call)
        for (const [split, { sequence, record }] of content?.splits ?? [])
          await whole.update({ split, expected: undefined, sequence, record }, call)
      },
    })),
  },
  {
    name: 'begins anew when the header is amended',
    breaks: 'amend',
    says: /the checkpoint stands at 0, expected 1, after amend/,
    breaking: checkpoint((whole) => ({
      amend: (
        header: Parameters<Checkpoint['begin']>[0],
        call: Parameters<Checkpoint['begin']>[1],
      ) => whole.begin(header, call),
    })),
  },
  {
    name: 'gives requests in reverse',
    breaks: 'requests',
    says: /those that wait are \[\{"table":"c"\}/,
    breaking: checkpoint((whole) => ({
      requests: async (call: Parameters<Checkpoint['read']>[0]) =>
        (await whole.requests(call)).toReversed(),
    })),
  },
  {
    name: 'gives the fence to everybody',
    breaks: 'fence',
    says: /a second run while the first lives is accepted/,
    breaking: checkpoint((whole) => ({
      acquire: (
        owner: Parameters<Checkpoint['acquire']>[0],
        call: Parameters<Checkpoint['acquire']>[1],
      ) => whole.acquire(owner, call).catch(() => undefined),
    })),
  },
  {
    name: 'writes on without the fence',
    breaks: 'lost fence',
    says: /a batch of a run that lost it is accepted/,
    breaking: writing((whole) => async (batch, options) => {
      const progress = withoutRecord(options.progress)
      return await whole.write(batch, { ...options, progress })
    }),
  },
  {
    name: 'removes nothing when a table is emptied',
    breaks: 'truncate',
    says: /the key before holds \[v0\], expected nothing after it/,
    breaking: session(() => ({
      truncate: async () => ({ sent: true, written: 0, rejected: [], bytesWritten: 0 }),
    })),
  },
  {
    name: 'puts rows that are deleted',
    breaks: 'operation codes',
    says: /the key deleted holds \[v0\], expected nothing, once all changes are applied/,
    breaking: writing(
      (whole) =>
        ({ schema, rows, byteSize }, options) =>
          whole.write({ schema, rows, byteSize }, options),
    ),
  },
  {
    name: 'puts the row of a changed key, and keeps the old one',
    breaks: 'operation codes',
    says: /the key here holds \[v0\], expected nothing, once the keys have changed/,
    breaking: changing((changes) => ({ ...changes, before: changes.before.map(() => null) })),
  },
  {
    name: 'looks only at whole rows for a changed key',
    breaks: 'operation codes',
    says: /the key away holds \[v0\], expected nothing, once the keys have changed/,
    breaking: changing((changes) => {
      const before = changes.before.map((row) => (row?.includes(undefined) ? null : row))
      return { ...changes, before }
    }),
  },
  {
    name: 'puts null where nothing was sent',
    breaks: 'operation codes',
    says: /the key whole holds \[null\], expected \[v0\], after an update that did not send the value/,
    breaking: writing((whole) => (batch, options) => {
      const rows = batch.rows.map((row) => row.map((cell) => cell ?? null))
      return whole.write({ ...batch, rows }, options)
    }),
  },
]
