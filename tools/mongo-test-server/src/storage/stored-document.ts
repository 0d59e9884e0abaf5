import type { ClusterTime } from './cluster-clock.ts'

/** What a document was from one time until the next version. */
export interface DocumentVersion {
  /** BSON; undefined: it did not exist. */
  readonly bytes: Buffer | undefined
  readonly since: ClusterTime
  /** What it was before, as far as that is kept. */
  previous: DocumentVersion | undefined
}

/** All versions of the document with one `_id`. */
export interface StoredDocument {
  /** Order key of its `_id`. */
  readonly key: string
  latest: DocumentVersion
}

/**
 * @param document
 * @param time undefined: now
 * @returns its bytes at that time; undefined when it did not exist
 */
export function bytesAt(
  document: StoredDocument,
  time: ClusterTime | undefined,
): Buffer | undefined {
  let version: DocumentVersion | undefined = document.latest
  if (time === undefined) return version.bytes
  while (version !== undefined && version.since > time) version = version.previous
  return version?.bytes
}

/**
 * Lets go of what nobody may ask for any more.
 *
 * @param document
 * @param horizon the oldest time at which it may still be read
 */
export function forgetVersionsBefore(document: StoredDocument, horizon: ClusterTime): void {
  let version = document.latest
  while (version.since > horizon && version.previous !== undefined) version = version.previous
  version.previous = undefined
}
