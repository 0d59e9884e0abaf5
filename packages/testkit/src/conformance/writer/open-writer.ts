import assert from 'node:assert/strict'
import type {
  PluginContext,
  RejectedRow,
  WriteOptions,
  WriteProgress,
  WriteResult,
  WriterSession,
} from '@millrace/core/plugin'
import {
  byteLengthOfCell,
  type OperationCode,
  type RecordBatch,
  type Row,
} from '@millrace/core/record'
import { cellKey } from '../../dataset.ts'
import { validConfig } from '../schema-cases.ts'
import { never, testContext } from '../test-context.ts'
import { eventually, within } from '../waiting.ts'
import type { WriterHarness, WriterTarget } from './writer-harness.ts'

/** A batch of rows; each writes a copy, since whoever holds a batch owns it. */
export function batchOf(target: WriterTarget, rows: readonly Row[]): RecordBatch {
  let byteSize = 0
  for (const row of rows) for (const cell of row) byteSize += byteLengthOfCell(cell)
  return { schema: target.schema, rows: rows.map((row) => [...row]), byteSize }
}

/** A key, and the value that the change says of it; `undefined`: the source did not send it. */
export type Pair = readonly [key: string, value: string | undefined]

/** A change of a pair, with the pair before where that is told. */
export type Change = readonly [operation: OperationCode, ...pair: Pair, before?: Pair]

/** A batch of changes, one transaction. */
export function changesOf(target: WriterTarget, changes: readonly Change[]): RecordBatch {
  const rows = changes.map(([, key, value]) => rowOf(target, [key, value]))
  return {
    ...batchOf(target, rows),
    changes: {
      operations: changes.map(([operation]) => operation),
      before: changes.map(([, , , before]) => (before ? rowOf(target, before) : null)),
      transactions: changes.map(() => 1),
      committedAtMs: changes.map(() => Date.now()),
    },
  }
}

/** The row of a pair. Cells that depend on the value are those that were not sent. */
function rowOf(target: WriterTarget, [key, value]: Pair): Row {
  if (value !== undefined) return target.row(key, value)
  const other = target.row(key, 'v1')
  return target
    .row(key, 'v0')
    .map((cell, at) => (cellKey(cell) === cellKey(other[at]) ? cell : undefined))
}

/** A write and what it was asked to admit. */
export interface TriedWrite {
  readonly result: WriteResult
  /** The rejected rows of each call of `admit`. */
  readonly admitted: readonly (readonly RejectedRow[])[]
}

/** How a batch is tried. */
export interface TryOptions {
  /** What `admit` says. Default true. */
  readonly isAdmitted?: boolean
  readonly signal?: AbortSignal
  readonly progress?: Partial<WriteProgress>
}

/** A session of the writer that is tried. Disposing it disposes the session. */
export class OpenWriter implements AsyncDisposable {
  readonly session: WriterSession
  readonly harness: WriterHarness
  readonly target: WriterTarget
  #sequence = 0
  #isDisposed = false

  private constructor(harness: WriterHarness, target: WriterTarget, session: WriterSession) {
    this.harness = harness
    this.target = target
    this.session = session
  }

  /** Opens a session without connecting. */
  static async unconnected(
    harness: WriterHarness,
    target: WriterTarget,
    overrides: Partial<PluginContext> = {},
  ): Promise<OpenWriter> {
    const config = await validConfig(harness.plugin.config, target.config)
    const { context } = testContext(target.dataSources, overrides)
    const session = await harness.plugin.open(config, context, { signal: never })
    return new OpenWriter(harness, target, session)
  }

  /** Opens a session and makes the calls that come before writing. */
  static async open(
    harness: WriterHarness,
    target: WriterTarget,
    overrides: Partial<PluginContext> = {},
  ): Promise<OpenWriter> {
    const writer = await OpenWriter.unconnected(harness, target, overrides)
    try {
      await writer.session.check([target.schema], { signal: never })
      return writer
    } catch (error) {
      await writer[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Writes the next batch of split `s`. */
  async write(
    batch: RecordBatch,
    { isAdmitted = true, signal = never, progress = {} }: TryOptions = {},
  ): Promise<TriedWrite> {
    const admitted: (readonly RejectedRow[])[] = []
    this.#sequence += 1
    const writing = this.session.write(batch, {
      signal,
      progress: { split: 's', sequence: this.#sequence, fence: 'conformance', ...progress },
      admit: ((rejected) => {
        admitted.push([...rejected])
        return isAdmitted
      }) satisfies WriteOptions['admit'],
    })
    const result = await within(writing, 'a write never ends', this.harness.timeoutMs)
    return { result, admitted }
  }

  /** Writes rows. */
  async writeRows(rows: readonly Row[], options: TryOptions = {}): Promise<TriedWrite> {
    return await this.write(batchOf(this.target, rows), options)
  }

  /** Disposes the session and fails when connections stay open. */
  async assertReleased(after: string): Promise<void> {
    await this[Symbol.asyncDispose]()
    await assertWriterClosed(this.harness, this.target, after)
  }

  /** Disposes the session once; the suite itself calls its dispose when it tries that. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return
    this.#isDisposed = true
    const disposing = Promise.resolve(this.session[Symbol.asyncDispose]())
    await within(disposing, 'dispose never ends', this.harness.timeoutMs)
  }
}

/** Fails when the writer keeps connections open. */
export async function assertWriterClosed(
  { timeoutMs }: WriterHarness,
  target: WriterTarget,
  after: string,
): Promise<void> {
  await eventually(
    async () => ((await target.openConnections?.()) ?? 0) === 0,
    `the writer keeps connections open after ${after}`,
    timeoutMs,
  )
}

/** Fails when the target holds other values than these, and says which key holds what. */
export async function assertContents(
  target: WriterTarget,
  expected: Readonly<Record<string, readonly string[]>>,
  circumstances: string,
): Promise<void> {
  const contents = await target.contents()
  for (const key of new Set([...Object.keys(expected), ...contents.keys()])) {
    const [found, wanted] = [contents.get(key), expected[key]].map(listOf)
    assert.equal(found, wanted, `the key ${key} holds ${found}, expected ${wanted}${circumstances}`)
  }
}

function listOf(values: readonly string[] | undefined): string {
  return values === undefined || values.length === 0 ? 'nothing' : `[${values.join(', ')}]`
}
