import type { ReaderSession, ReadOptions, Split } from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'
import type { ReaderHarness, ReaderSource } from './reader-harness.ts'
import { validConfig } from './schema-cases.ts'
import { testContext } from './test-context.ts'
import { eventually } from './waiting.ts'

/** A signal that is never aborted. */
export const never: AbortSignal = new AbortController().signal

/** Opens a session and runs the calls that come before reading. */
export async function openChecked(
  harness: ReaderHarness,
  source: ReaderSource,
): Promise<ReaderSession> {
  const config = await validConfig(harness.plugin.config, source.config)
  const { context } = testContext(source.dataSources)
  const session = await harness.plugin.open(config, context, { signal: never })
  try {
    await session.check({ signal: never })
    await session.describe({ signal: never })
    return session
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw error
  }
}

/** Options of a read with bounds that are never in the way, unless they are given. */
export function readOptions(options: Partial<ReadOptions> = {}): ReadOptions {
  return { signal: never, maxRows: 10_000, maxBytes: 16_777_216, maxDelayMs: 1000, ...options }
}

/** Reads a split to its end. */
export async function readSplit(
  session: ReaderSession,
  split: Split,
  options: Partial<ReadOptions> = {},
): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = []
  for await (const batch of session.read(split, readOptions(options))) batches.push(batch)
  return batches
}

/** Begins to read a split, as the first `next` of its iterator. */
export function iteratorOf(
  session: ReaderSession,
  split: Split,
  options: Partial<ReadOptions> = {},
): AsyncIterator<RecordBatch> {
  return session.read(split, readOptions(options))[Symbol.asyncIterator]()
}

/** The first split of a plan for one channel. */
export async function onlySplit(session: ReaderSession): Promise<Split> {
  const { splits } = await session.split(1, { signal: never })
  const [split] = splits
  if (!split) throw new Error('a plan is never empty')
  return split
}

/** Fails when the reader keeps connections open. */
export async function assertAllClosed(
  harness: ReaderHarness,
  source: ReaderSource,
  after: string,
): Promise<void> {
  const count = async () => (await source.openConnections?.()) ?? 0
  await eventually(
    async () => (await count()) === 0,
    `the reader keeps connections open after ${after}`,
    harness.timeoutMs,
  )
}
