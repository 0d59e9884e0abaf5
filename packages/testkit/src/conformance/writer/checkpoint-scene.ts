import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { PluginError, type Checkpoint, type SplitProgress } from '@millrace/core/plugin'
import type { JsonValue } from '@millrace/core/record'
import { never } from '../test-context.ts'
import { rejectionOf } from '../waiting.ts'
import { OpenWriter, type TriedWrite } from './open-writer.ts'
import type { WriterHarness, WriterTarget } from './writer-harness.ts'

/** Why the cases of checkpoints are skipped. */
export function withoutCheckpoint({ keepsCheckpoint }: WriterHarness): string | undefined {
  return keepsCheckpoint === undefined ? 'keepsCheckpoint is not declared' : undefined
}

/** A run of a job that writes through a session of its own and keeps its progress in the target. */
export class CheckpointRun implements AsyncDisposable {
  readonly name: string
  readonly checkpoint: Checkpoint
  readonly #writer: OpenWriter

  private constructor(name: string, writer: OpenWriter, checkpoint: Checkpoint) {
    this.name = name
    this.#writer = writer
    this.checkpoint = checkpoint
  }

  static async open(
    harness: WriterHarness,
    target: WriterTarget,
    job: string,
    name: string,
  ): Promise<CheckpointRun> {
    const writer = await OpenWriter.open(harness, target, { job })
    const checkpoint = await writer.session.checkpoint?.(job, { signal: never })
    assert.ok(checkpoint, 'keepsCheckpoint is declared, and the session gives no checkpoint')
    return new CheckpointRun(name, writer, checkpoint)
  }

  /** Takes the fence. */
  async acquire(): Promise<void> {
    await this.checkpoint.acquire({ run: this.name, host: 'conformance', pid: 1 }, call)
  }

  /** Takes the fence and begins anew. */
  async begin(header: JsonValue = { is: 'begun' }): Promise<void> {
    await this.acquire()
    await this.checkpoint.begin(header, call)
  }

  /** Writes `value` under `key` as the batch of that number of split `s`. */
  async write(
    sequence: number,
    key: string,
    value: string,
    options: { readonly signal?: AbortSignal; readonly isAdmitted?: boolean } = {},
  ): Promise<TriedWrite> {
    const { target } = this.#writer
    const progress = { sequence, fence: this.name, record: { at: sequence } }
    return await this.#writer.writeRows([target.row(key, value)], { ...options, progress })
  }

  /** What stands in the checkpoint for split `s`. */
  async progress(): Promise<SplitProgress | undefined> {
    return (await this.checkpoint.read(call))?.splits.get('s')
  }

  /** Fails unless the checkpoint holds what the batch of that number left; 0: nothing. */
  async assertProgress(sequence: number, circumstances: string): Promise<void> {
    const found = await this.progress()
    const text = `the checkpoint stands at ${found?.sequence ?? 0}, expected ${sequence}${circumstances}`
    assert.equal(found?.sequence ?? 0, sequence, text)
    const record = JSON.stringify(found?.record)
    const kept = `the checkpoint holds the record ${record} at ${sequence}${circumstances}`
    assert.equal(record, sequence === 0 ? undefined : JSON.stringify({ at: sequence }), kept)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.checkpoint[Symbol.asyncDispose]()
    await this.#writer[Symbol.asyncDispose]()
  }
}

const call = { signal: never }

/** A target, and runs of one job on it. */
export interface CheckpointScene {
  readonly harness: WriterHarness
  readonly target: WriterTarget
  /** Opens a run; everything is disposed with the scene. */
  readonly run: (name: string) => Promise<CheckpointRun>
}

/** Makes a target for runs of a job that nobody else has. */
export async function onCheckpoint(
  harness: WriterHarness,
  act: (scene: CheckpointScene) => Promise<void>,
): Promise<void> {
  await using target = await harness.makeTarget()
  const job = `conformance_${randomBytes(4).toString('hex')}`
  const runs: CheckpointRun[] = []
  const run = async (name: string) => {
    const opened = await CheckpointRun.open(harness, target, job, name)
    runs.push(opened)
    return opened
  }
  try {
    await act({ harness, target, run })
  } finally {
    for (const one of runs) await one[Symbol.asyncDispose]()
  }
}

/** Fails unless a call is refused with that code. */
export async function assertRefused(
  waiting: Promise<unknown>,
  code: 'TARGET_FENCED' | 'TARGET_REWOUND',
  what: string,
  { timeoutMs }: WriterHarness,
): Promise<void> {
  const error = await rejectionOf(waiting, `${what} is accepted`, timeoutMs)
  assertCode(error, code, what)
}

/** Fails unless an error has that code. */
export function assertCode(
  error: unknown,
  code: 'TARGET_FENCED' | 'TARGET_REWOUND',
  what: string,
): void {
  const found = PluginError.isInstance(error) ? error.code : String(error)
  assert.equal(found, code, `${what} is refused with ${found}, expected ${code}`)
}
