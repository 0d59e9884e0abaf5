import type { BsonDocument } from '../documents/bson-document.ts'

/** MongoDB's error codes by name, those that this server gives: https://www.mongodb.com/docs/manual/reference/error-codes/. */
export const errorCodes = {
  InternalError: 1,
  BadValue: 2,
  HostUnreachable: 6,
  HostNotFound: 7,
  FailedToParse: 9,
  Unauthorized: 13,
  TypeMismatch: 14,
  AuthenticationFailed: 18,
  IllegalOperation: 20,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  CursorNotFound: 43,
  NoMatchingDocument: 47,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  CommandNotFound: 59,
  ImmutableField: 66,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  NetworkTimeout: 89,
  NotAReplicaSet: 123,
  OnlyReplicaSetsHaveChangeStreams: 40573,
  ShutdownInProgress: 91,
  WriteConflict: 112,
  CommandNotSupported: 115,
  NoSuchTransaction: 251,
  TransactionTooOld: 225,
  SnapshotUnavailable: 246,
  SnapshotTooOld: 239,
  TransactionCommitted: 256,
  ChangeStreamFatalError: 280,
  ChangeStreamHistoryLost: 286,
  InvalidResumeToken: 260,
  CommandNotSupportedOnView: 166,
  InvalidPipelineOperator: 168,
  PrimarySteppedDown: 189,
  NotWritablePrimary: 10107,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  InterruptedAtShutdown: 11600,
  Interrupted: 11601,
  InterruptedDueToReplStateChange: 11602,
  NotPrimaryNoSecondaryOk: 13435,
  NotPrimaryOrSecondary: 13436,
} as const

export type ErrorName = keyof typeof errorCodes

/** An error that the client gets as the reply to its command. */
export class CommandError extends Error {
  readonly code: number
  readonly codeName: string
  readonly labels: string[]
  /** Beside the usual fields of an error reply. */
  readonly details: BsonDocument

  /**
   * @param error name of a code, or a code and its name
   * @param message
   * @param options error labels and further fields of the reply
   */
  constructor(
    error: ErrorName | { readonly code: number; readonly codeName: string },
    message: string,
    { labels = [], details = {} }: { labels?: readonly string[]; details?: BsonDocument } = {},
  ) {
    super(message)
    const named = typeof error === 'string'
    this.code = named ? errorCodes[error] : error.code
    this.codeName = named ? error : error.codeName
    this.labels = [...labels]
    this.details = details
  }

  /** Adds a label unless the error has it. */
  addLabel(label: string): this {
    if (!this.labels.includes(label)) this.labels.push(label)
    return this
  }
}

/**
 * @param code
 * @returns MongoDB's name of it
 */
export function errorName(code: number): string {
  return Object.entries(errorCodes).find(([, known]) => known === code)?.[0] ?? `Location${code}`
}
