import type { BsonDocument } from '../documents/bson-document.ts'
import { errorCodes, type CommandError, type ErrorName } from './command-error.ts'

/** Errors after which a client may send a write again. */
const retryable = codes([
  'HostUnreachable',
  'HostNotFound',
  'NetworkTimeout',
  'ShutdownInProgress',
  'PrimarySteppedDown',
  'NotWritablePrimary',
  'InterruptedAtShutdown',
  'InterruptedDueToReplStateChange',
  'NotPrimaryNoSecondaryOk',
  'NotPrimaryOrSecondary',
])

/** Errors after which a client may open a change stream again. */
const resumable = new Set([...retryable, errorCodes.CursorNotFound])

/**
 * Adds the labels that MongoDB gives to errors, by which drivers decide whether to try again.
 *
 * @param error
 * @param name of the command
 * @param command
 * @returns the error
 */
export function labelled(error: CommandError, name: string, command: BsonDocument): CommandError {
  const retries = command['txnNumber'] !== undefined && command['autocommit'] === undefined
  const ends = name === 'commitTransaction' || name === 'abortTransaction'
  if (retryable.has(error.code)) {
    if (retries || ends) error.addLabel('RetryableWriteError')
    else if (command['autocommit'] === false) error.addLabel('TransientTransactionError')
  }
  const streams = name === 'getMore' || isChangeStream(command)
  if (streams && resumable.has(error.code)) error.addLabel('ResumableChangeStreamError')
  return error
}

function codes(names: readonly ErrorName[]): ReadonlySet<number> {
  return new Set(names.map((name) => errorCodes[name]))
}

function isChangeStream({ aggregate, pipeline }: BsonDocument): boolean {
  const first: unknown = Array.isArray(pipeline) ? pipeline[0] : undefined
  return aggregate !== undefined && Object.hasOwn(Object(first), '$changeStream')
}
