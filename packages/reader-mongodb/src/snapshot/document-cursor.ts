import type { FindCursor } from 'mongodb'
import { batchInReply, type DocumentBatch } from './reply-batch.ts'

/** The part of the driver's cursors that is used beyond their typed interface, where it is there; pinned by the tests. */
interface CursorWithReply {
  readonly documents?: {
    /** The part `cursor` of the reply that came last. */
    readonly cursor?: { toBytes?(): Uint8Array }
    /** All of its documents have been taken. */
    clear?(): void
  } | null
}

/**
 * The documents of one `find`, as the server sends them. While one batch is decoded the next is on its way; more than that
 * is never fetched ahead.
 */
export class DocumentCursor {
  readonly #cursor: FindCursor<Uint8Array>
  #pending: Promise<boolean>

  /** @param cursor - of raw documents, nothing of which was read */
  constructor(cursor: FindCursor<Uint8Array>) {
    this.#cursor = cursor
    this.#pending = this.#fetch()
  }

  /** Settles when {@link take} may be called: true, or false at the end. Rejects with the driver's error. */
  get ready(): Promise<boolean> {
    return this.#pending
  }

  /** The documents that are here; only after `ready` was true. */
  take(): readonly DocumentBatch[] {
    const batches = this.#takeReply() ?? batchesOf(this.#cursor.readBufferedDocuments())
    this.#pending = this.#fetch()
    return batches
  }

  /** Ends the cursor at the server, too. Never fails. */
  async close(): Promise<void> {
    try {
      await this.#cursor.close()
    } catch {
      // A server that is gone has no cursor left.
    }
  }

  #fetch(): Promise<boolean> {
    const fetched = this.#cursor.hasNext()
    // It is awaited later, or by nobody when the read is left.
    fetched.catch(() => undefined)
    return fetched
  }

  /** The whole reply: the driver looks into every document before it gives its bytes. */
  #takeReply(): readonly DocumentBatch[] | undefined {
    const { documents } = this.#cursor as unknown as CursorWithReply
    if (typeof documents?.clear !== 'function') return undefined
    const bytes = documents.cursor?.toBytes?.()
    const batch = bytes === undefined ? undefined : batchInReply(bytes)
    if (batch === undefined) return undefined
    documents.clear()
    return [batch]
  }
}

/** Documents of one answer share its memory; one view of it saves one for every document. */
function batchesOf(documents: readonly Uint8Array[]): readonly DocumentBatch[] {
  const batches: { source: Buffer; offsets: number[] }[] = []
  let memory: ArrayBufferLike | undefined
  for (const { buffer, byteOffset } of documents) {
    if (buffer !== memory) {
      memory = buffer
      batches.push({ source: Buffer.from(buffer), offsets: [] })
    }
    batches.at(-1)?.offsets.push(byteOffset)
  }
  return batches
}
