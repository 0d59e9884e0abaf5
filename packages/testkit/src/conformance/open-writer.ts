import assert from 'node:assert/strict'
import type { RejectedRow, WriteOptions, WriteResult, WriterSession } from '@millrace/core/plugin'
import { byteLengthOfCell, type RecordBatch, type Row } from '@millrace/core/record'
import { never } from './open-reader.ts'
import { validConfig } from './schema-cases.ts'
import { testContext } from './test-context.ts'
import { eventually } from './waiting.ts'
import type { WriterHarness, WriterTarget } from './writer-harness.ts'

/** Opens a session without connecting. */
export async function openWriter(
  harness: WriterHarness,
  target: WriterTarget,
): Promise<WriterSession> {
  const config = await validConfig(harness.plugin.config, target.config)
  const { context } = testContext(target.dataSources)
  return harness.plugin.open(config, context, { signal: never })
}

/** Opens a session and runs the calls that come before writing. */
export async function openCheckedWriter(
  harness: WriterHarness,
  target: WriterTarget,
): Promise<WriterSession> {
  const session = await openWriter(harness, target)
  try {
    await session.check(target.schema, { signal: never })
    return session
  } catch (error) {
    await session[Symbol.asyncDispose]()
    throw error
  }
}

/** A batch of rows; each writes a copy, since whoever holds a batch owns it. */
export function batchOf(target: WriterTarget, rows: readonly Row[]): RecordBatch {
  let byteSize = 0
  for (const row of rows) for (const cell of row) byteSize += byteLengthOfCell(cell)
  return { schema: target.schema, rows: rows.map((row) => [...row]), byteSize }
}

/** A write and what it was asked to admit. */
export interface TriedWrite {
  readonly result: WriteResult
  /** The rejected rows of each call of `admit`. */
  readonly admitted: readonly (readonly RejectedRow[])[]
}

/** Writes batches one after the other in split `s`, and keeps what `admit` was called with. */
export class TestChannel {
  readonly #session: WriterSession
  #sequence = 0

  constructor(session: WriterSession) {
    this.#session = session
  }

  /** Writes the next batch of the split. */
  async write(
    batch: RecordBatch,
    options: { isAdmitted?: boolean } & Partial<WriteOptions> = {},
  ): Promise<TriedWrite> {
    const { isAdmitted = true, ...others } = options
    const admitted: (readonly RejectedRow[])[] = []
    const progress = { split: 's', sequence: ++this.#sequence, fence: 'conformance' }
    const result = await this.#session.write(batch, {
      signal: never,
      progress,
      admit: (rejected) => {
        admitted.push([...rejected])
        return isAdmitted
      },
      ...others,
    })
    return { result, admitted }
  }
}

/** Fails when the writer keeps connections open. */
export async function assertWriterClosed(
  harness: WriterHarness,
  target: WriterTarget,
  after: string,
): Promise<void> {
  await eventually(
    async () => ((await target.openConnections?.()) ?? 0) === 0,
    `the writer keeps connections open after ${after}`,
    harness.timeoutMs,
  )
}

/** Fails when the target holds other values than these. */
export async function assertContents(
  target: WriterTarget,
  expected: Readonly<Record<string, readonly string[]>>,
  promise: string,
): Promise<void> {
  const contents = await target.contents()
  const found = Object.fromEntries([...contents].sort(([left], [right]) => (left < right ? -1 : 1)))
  assert.deepEqual(found, { ...expected }, promise)
}
