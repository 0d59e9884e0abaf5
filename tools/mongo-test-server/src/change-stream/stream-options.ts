import type { Timestamp } from 'bson'
import { CommandError } from '../commands/command-error.ts'
import type { BsonDocument } from '../documents/bson-document.ts'
import { clusterTimeOf } from '../storage/cluster-clock.ts'
import type { DataStore } from '../storage/data-store.ts'
import { readResumeToken, type StreamPosition } from './resume-token.ts'

/** What a change stream is about; without a collection a database, without both the cluster. */
export interface StreamScope {
  readonly database: string | undefined
  readonly collection: string | undefined
}

/** The arguments of `$changeStream`. */
export interface StreamOptions {
  readonly scope: StreamScope
  readonly fullDocument: 'default' | 'updateLookup' | 'whenAvailable' | 'required'
  readonly fullDocumentBeforeChange: 'off' | 'whenAvailable' | 'required'
  readonly showExpandedEvents: boolean
  /** The events after this. */
  readonly start: StreamPosition
}

const fullDocuments = ['default', 'updateLookup', 'whenAvailable', 'required'] as const
const beforeChanges = ['off', 'whenAvailable', 'required'] as const

/**
 * @param stage argument of `$changeStream`
 * @param scope
 * @param store
 * @returns what it asks for
 * @throws {CommandError} ChangeStreamHistoryLost when the place to start at is no longer in the operation log
 */
export function streamOptions(
  stage: BsonDocument,
  scope: StreamScope,
  store: DataStore,
): StreamOptions {
  const start = startOf(stage, store)
  if (start.time < store.log.keptSince) throw historyLost()
  return {
    scope: stage['allChangesForCluster'] === true ? wholeCluster : scope,
    fullDocument: oneOf(fullDocuments, stage['fullDocument'], 'fullDocument'),
    fullDocumentBeforeChange: oneOf(
      beforeChanges,
      stage['fullDocumentBeforeChange'],
      'fullDocumentBeforeChange',
    ),
    showExpandedEvents: stage['showExpandedEvents'] === true,
    start,
  }
}

const wholeCluster: StreamScope = { database: undefined, collection: undefined }

/** @returns the error of a stream whose place is no longer in the operation log */
export function historyLost(): CommandError {
  return new CommandError(
    'ChangeStreamHistoryLost',
    'Resume of change stream was not possible, as the resume point may no longer be in the oplog.',
    { labels: ['NonResumableChangeStreamError'] },
  )
}

function startOf(stage: BsonDocument, store: DataStore): StreamPosition {
  if (stage['resumeAfter'] !== undefined) {
    const position = readResumeToken(stage['resumeAfter'])
    if (position.invalidation) {
      throw new CommandError(
        'InvalidResumeToken',
        'Attempting to resume a change stream using resumeAfter is not allowed from an invalidate notification.',
      )
    }
    return position
  }
  if (stage['startAfter'] !== undefined) return readResumeToken(stage['startAfter'])
  const operationTime = stage['startAtOperationTime'] as Timestamp | undefined
  const time = operationTime === undefined ? store.clock.now + 1 : clusterTimeOf(operationTime)
  return { time, place: undefined, invalidation: false, fragment: 0 }
}

function oneOf<T extends string>(allowed: readonly [T, ...T[]], value: unknown, name: string): T {
  if (value === undefined || value === null) return allowed[0]
  const found = allowed.find((candidate) => candidate === value)
  if (found !== undefined) return found
  throw new CommandError(
    'BadValue',
    `Enumeration value ${JSON.stringify(value)} for field '$changeStream.${name}' is not a valid value.`,
  )
}
