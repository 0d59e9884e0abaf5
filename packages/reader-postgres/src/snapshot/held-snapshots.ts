import type pg from 'pg'
import { PluginError, type Logger } from '@millrace/core/plugin'
import { abortable } from '../connection/cancel-query.ts'
import { closeClient, endClient } from '../connection/close-client.ts'
import { openSession, type SessionSettings } from '../connection/open-session.ts'
import { statementError } from '../connection/source-error.ts'
import { exportSnapshot } from './shared-snapshot.ts'

/** A connection that holds a snapshot open. */
export interface SnapshotHolder {
  readonly client: pg.Client
  /** Absent: the server exports none. */
  readonly snapshot: string | undefined
}

/** The snapshots that the reads of a run see, one for each data source. */
export class HeldSnapshots {
  readonly #logger: Logger
  readonly #isExact: boolean
  readonly #holders = new Map<number, SnapshotHolder>()
  /** Data sources whose snapshot is gone with the connection that held it. */
  readonly #gone = new Set<number>()
  #hasOwnInstants = false

  /** @param isExact - no read may see another instant than that of its snapshot: changes go on from there */
  constructor(logger: Logger, isExact: boolean) {
    this.#logger = logger
    this.#isExact = isExact
  }

  /** Takes a snapshot of a data source that has none yet. */
  async take(sourceIndex: number, settings: SessionSettings, signal: AbortSignal): Promise<void> {
    if (this.#holders.has(sourceIndex)) return
    this.#gone.delete(sourceIndex)
    const client = await openSession(settings, signal)
    try {
      const take = async () => await exportSnapshot(client, this.#logger)
      this.#hold(sourceIndex, { client, snapshot: await abortable(client, signal, take) })
    } catch (error) {
      closeClient(client)
      signal.throwIfAborted()
      throw statementError('taking the snapshot of this run', error)
    }
  }

  /** From now on reads see this one. */
  async replace(sourceIndex: number, holder: SnapshotHolder): Promise<void> {
    await this.release()
    this.#gone.delete(sourceIndex)
    this.#hold(sourceIndex, holder)
  }

  /** Lets go of all; reads that have begun are not touched. */
  async release(): Promise<void> {
    const clients = [...this.#holders.values()].map(({ client }) => client)
    this.#holders.clear()
    await Promise.all(clients.map(endClient))
  }

  /**
   * The connection that sees the snapshot of a data source, which was taken.
   *
   * @throws PluginError SOURCE_FAILED, retryable under another snapshot, when it was lost
   */
  heldClient(sourceIndex: number): pg.Client {
    const client = this.client(sourceIndex)
    if (client === undefined) throw snapshotLost()
    return client
  }

  /** The connection that sees the snapshot of a data source, if there is one. */
  client(sourceIndex: number): pg.Client | undefined {
    return this.#holders.get(sourceIndex)?.client
  }

  /** The snapshot by which the next read of a data source goes. */
  nameOf(sourceIndex: number): string | undefined {
    if (this.#gone.has(sourceIndex)) this.readAtOwnInstant()
    return this.#holders.get(sourceIndex)?.snapshot
  }

  /**
   * A read has found the snapshot gone.
   *
   * @throws PluginError SOURCE_FAILED, retryable under another snapshot, where it may not see another instant
   */
  readAtOwnInstant(): void {
    if (this.#isExact) throw snapshotLost()
    if (this.#hasOwnInstants) return
    this.#hasOwnInstants = true
    this.#logger.warn(
      'the connection that held the snapshot of this run was lost, and the snapshot with it: what is read from now on is read as of its own beginning',
    )
  }

  /** Whether all reads so far saw one snapshot; `undefined` where there is none to see. */
  get sawOneInstant(): boolean | undefined {
    if (this.#hasOwnInstants) return false
    const isHeld = [...this.#holders.values()].some(({ snapshot }) => snapshot !== undefined)
    return isHeld ? true : undefined
  }

  /** Whether there is one data source, and it has a snapshot. */
  get isOne(): boolean {
    return this.#holders.size === 1 && this.#holders.get(0)?.snapshot !== undefined
  }

  #hold(sourceIndex: number, holder: SnapshotHolder): void {
    this.#holders.set(sourceIndex, holder)
    holder.client.once('end', () => this.#lose(sourceIndex, holder))
  }

  /** After a restart another session's snapshot may have the name of ours: it is not asked for any more. */
  #lose(sourceIndex: number, holder: SnapshotHolder): void {
    if (this.#holders.get(sourceIndex) !== holder) return
    this.#holders.delete(sourceIndex)
    if (holder.snapshot !== undefined) this.#gone.add(sourceIndex)
  }
}

function snapshotLost(): PluginError {
  return new PluginError({
    code: 'SOURCE_FAILED',
    message:
      'the connection that held the snapshot of this run was lost, and the snapshot with it: what was not read yet would not meet the changes behind it',
    hint: 'Run the job again: it goes on under a new snapshot.',
    // Under the snapshot that is taken next.
    isRetryable: true,
  })
}
