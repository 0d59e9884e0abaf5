import type { BsonDocument } from '../documents/bson-document.ts'

/** What a cursor gives at once. */
export interface CursorBatch {
  /** BSON. */
  readonly documents: readonly Buffer[]
  /** Whether more may come. */
  readonly open: boolean
  /** Of change streams: where to go on when this batch has been handled. */
  readonly postBatchResumeToken?: BsonDocument
}

/** How much a batch may hold. */
export interface BatchLimits {
  /** undefined: as many as fit. */
  readonly maxDocuments: number | undefined
  /** How long to wait for a first document, where more may come. */
  readonly awaitMs: number
  /** Ends the waiting. */
  readonly signal: AbortSignal
}

/** A result that clients fetch in batches. */
export interface ServerCursor {
  readonly namespace: string
  /** Order of `ChangeStreamHistoryLost` and the like: clients resume change streams by themselves. */
  readonly isChangeStream: boolean
  nextBatch(limits: BatchLimits): Promise<CursorBatch>
}

/** Documents of a batch take up no more than this: a message has at most 48 MB, a document 16 MiB. */
export const maxBatchBytes = 16 * 1024 * 1024

/**
 * @param namespace
 * @param documents read as they are asked for
 * @returns a cursor over them
 */
export function documentCursor(namespace: string, documents: Iterator<Buffer>): ServerCursor {
  let waiting: Buffer | undefined
  const next = (): Buffer | undefined => {
    const result = documents.next()
    return result.done === true ? undefined : result.value
  }
  return {
    namespace,
    isChangeStream: false,
    nextBatch: async ({ maxDocuments = Infinity }) => {
      const batch: Buffer[] = []
      let bytes = 0
      waiting ??= next()
      while (waiting !== undefined && batch.length < maxDocuments) {
        bytes += waiting.length
        if (bytes > maxBatchBytes && batch.length > 0) break
        batch.push(waiting)
        waiting = next()
      }
      return { documents: batch, open: waiting !== undefined }
    },
  }
}
