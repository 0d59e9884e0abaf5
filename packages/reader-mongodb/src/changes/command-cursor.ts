import type { ClientSession, Document, Long, Timestamp } from 'mongodb'
import type { SourceClient } from '../connection/source-client.ts'
import type { ClusterTime } from './stream-position.ts'

/** What the server sends of a cursor at once. */
export interface CursorReply {
  /** The bytes of each document; they stand in the memory of the reply. */
  readonly documents: readonly Buffer[]
  /** Of a change stream: behind everything that was read so far. */
  readonly token: Document | undefined
  /** Of a read as of one instant: which one. */
  readonly atClusterTime: ClusterTime | undefined
}

/** What a cursor is opened with. */
export interface CursorCommand {
  readonly database: string
  readonly command: Document
  /** Documents in one reply at most; absent: as many as the server takes for good. */
  readonly batchSize?: number
}

/**
 * A cursor made of plain commands: documents stay bytes, each reply is seen with its resume token, and nothing is resumed behind
 * our back. Errors are those of the driver.
 */
export class CommandCursor {
  readonly #source: SourceClient
  readonly #session: ClientSession
  readonly #command: CursorCommand
  #id: Long | undefined
  #collection = ''

  constructor(source: SourceClient, command: CursorCommand) {
    this.#source = source
    this.#command = command
    // Without one of its own the cursor would belong to a session that other commands use, too.
    this.#session = source.client.startSession({ causalConsistency: false })
  }

  /** Whether the server has more, or may have. */
  get isOpen(): boolean {
    return this.#id !== undefined && !this.#id.isZero()
  }

  /** Opens it; gives the first documents. */
  async open(signal: AbortSignal): Promise<CursorReply> {
    const { command, batchSize } = this.#command
    const cursor = batchSize === undefined ? {} : { batchSize }
    const isFind = command['find'] !== undefined
    const reply = await this.#run({ ...command, ...(isFind ? cursor : { cursor }) }, signal)
    return this.#take(reply, 'firstBatch')
  }

  /** @param maxTimeMs - how long a change stream waits for a change */
  async next(signal: AbortSignal, maxTimeMs?: number): Promise<CursorReply> {
    const { batchSize } = this.#command
    const more = {
      getMore: this.#id,
      collection: this.#collection,
      ...(batchSize === undefined ? {} : { batchSize }),
      ...(maxTimeMs === undefined ? {} : { maxTimeMS: maxTimeMs }),
    }
    return this.#take(await this.#run(more, signal), 'nextBatch')
  }

  /** Lets go of it, at the server, too, as far as that can be reached. */
  async close(): Promise<void> {
    const id = this.#id
    this.#id = undefined
    try {
      if (id !== undefined && !id.isZero()) {
        const command = { killCursors: this.#collection, cursors: [id] }
        await this.#source.client.db(this.#command.database).command(command, {
          session: this.#session,
          timeoutMS: killTimeoutMs,
        })
      }
    } catch {
      // The server closes it when nobody asks for a while.
    } finally {
      await this.#session.endSession()
    }
  }

  async #run(command: Document, signal: AbortSignal): Promise<Document> {
    return await this.#source.client.db(this.#command.database).command(command, {
      session: this.#session,
      signal,
      promoteLongs: false,
      fieldsAsRaw: { firstBatch: true, nextBatch: true },
    })
  }

  #take(reply: Document, batch: 'firstBatch' | 'nextBatch'): CursorReply {
    const cursor = reply['cursor'] as Document
    this.#id = cursor['id'] as Long
    const namespace = String(cursor['ns'])
    this.#collection = namespace.slice(namespace.indexOf('.') + 1)
    const time = (cursor['atClusterTime'] ?? reply['atClusterTime']) as Timestamp | undefined
    return {
      documents: (cursor[batch] as Uint8Array[]).map((bytes) =>
        Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      ),
      token: cursor['postBatchResumeToken'] as Document | undefined,
      atClusterTime: time && clusterTimeOf(time),
    }
  }
}

const killTimeoutMs = 1000

/** A time of the cluster as the driver has it. */
export function clusterTimeOf({ t, i }: Timestamp): ClusterTime {
  return { seconds: t, increment: i }
}
