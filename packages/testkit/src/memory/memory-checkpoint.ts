import {
  PluginError,
  type Checkpoint,
  type CheckpointContent,
  type CheckpointOwner,
  type ProgressUpdate,
  type SplitProgress,
  type WriteProgress,
} from '@millrace/core/plugin'
import type { JsonValue } from '@millrace/core/record'

/** What a checkpoint in memory holds; it outlives sessions. */
export class MemoryCheckpointStore {
  readonly splits = new Map<string, SplitProgress>()
  readonly requests: JsonValue[] = []
  header: JsonValue | undefined
  owner: CheckpointOwner | undefined
  #isOwnerAlive = false

  /**
   * Gives the fence to a run.
   *
   * @throws PluginError TARGET_FENCED while another run has it and lives
   */
  acquire(owner: CheckpointOwner): void {
    if (this.owner !== undefined && this.owner.run !== owner.run && this.#isOwnerAlive)
      throw fenced()
    this.owner = owner
    this.#isOwnerAlive = true
  }

  /** The run that has the fence counts as dead. */
  cut(): void {
    this.#isOwnerAlive = false
  }

  /** @throws PluginError TARGET_FENCED unless this run has the fence */
  requireFence(run: string | undefined): void {
    if (run === undefined || this.owner?.run !== run) throw fenced()
  }

  /**
   * Takes the progress of a batch, when it has one.
   *
   * @throws PluginError TARGET_FENCED when another run has the fence, TARGET_REWOUND when the split stands elsewhere
   */
  take({ split, sequence, record, fence }: WriteProgress): void {
    if (record !== undefined) this.set({ split, sequence, record, expected: sequence - 1 }, fence)
  }

  set({ split, expected, sequence, record }: ProgressUpdate, run: string | undefined): void {
    this.requireFence(run)
    if (expected !== undefined) this.require(split, expected)
    this.splits.set(split, { sequence, record })
  }

  /** @throws PluginError TARGET_REWOUND unless the split stands at that sequence */
  require(split: string, sequence: number): void {
    const found = this.splits.get(split)?.sequence ?? 0
    if (found === sequence) return
    throw new PluginError({
      code: 'TARGET_REWOUND',
      message: `Writing to the memory: ${split} stands at ${found}, expected ${sequence}.`,
      isRetryable: true,
    })
  }

  /** Puts back what stood there once. */
  restore({
    before,
    header,
  }: {
    readonly before: ReadonlyMap<string, SplitProgress>
    readonly header: JsonValue | undefined
  }): void {
    this.header = header
    this.splits.clear()
    for (const [split, progress] of before) this.splits.set(split, progress)
  }
}

function fenced(): PluginError {
  return new PluginError({
    code: 'TARGET_FENCED',
    message: 'Writing to the memory: another run has the fence.',
    hint: 'Wait until it has ended.',
  })
}

/** A checkpoint in memory, kept with the rows of a memory writer. */
export class MemoryCheckpoint implements Checkpoint {
  readonly atomicity = 'with-data'
  readonly #store: MemoryCheckpointStore
  #run: string | undefined

  constructor(store: MemoryCheckpointStore) {
    this.#store = store
  }

  async read(): Promise<CheckpointContent | undefined> {
    const { header, splits, owner } = this.#store
    return header === undefined ? undefined : { header, splits: new Map(splits), owner }
  }

  async acquire(owner: CheckpointOwner): Promise<void> {
    this.#store.acquire(owner)
    this.#run = owner.run
  }

  async begin(header: JsonValue): Promise<void> {
    this.#store.requireFence(this.#run)
    this.#store.splits.clear()
    this.#store.header = header
  }

  async amend(header: JsonValue): Promise<void> {
    this.#store.requireFence(this.#run)
    this.#store.header = header
  }

  async update(progress: ProgressUpdate): Promise<void> {
    this.#store.set(progress, this.#run)
  }

  async request(request: JsonValue): Promise<void> {
    this.#store.requests.push(request)
  }

  async requests(): Promise<readonly JsonValue[]> {
    return [...this.#store.requests]
  }

  async forgetRequests(count: number): Promise<void> {
    this.#store.requests.splice(0, count)
  }

  async finish(header: JsonValue, sequences: ReadonlyMap<string, number>): Promise<void> {
    this.#store.requireFence(this.#run)
    for (const [split, sequence] of sequences) this.#store.require(split, sequence)
    await this.begin(header)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#store.owner?.run === this.#run) this.#store.owner = undefined
  }
}
