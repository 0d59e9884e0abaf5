import { CommandError, errorCodes, type ErrorName } from '../commands/command-error.ts'

/** What DocumentDB's and PostgreSQL's error states are called in MongoDB; others are `UnknownError`. */
const namesByState: Readonly<Record<string, ErrorName>> = {
  M0000: 'InternalError',
  M0001: 'BadValue',
  M0003: 'FailedToParse',
  M0004: 'TypeMismatch',
  M0006: 'IllegalOperation',
  M0008: 'NamespaceNotFound',
  M0009: 'IndexNotFound',
  M000E: 'CursorNotFound',
  M000F: 'NamespaceExists',
  M000M: 'ImmutableField',
  M000P: 'InvalidOptions',
  M000Q: 'InvalidNamespace',
  M000U: 'CommandNotSupported',
  M001C: 'DuplicateKey',
  '0A000': 'CommandNotSupported',
  '42P01': 'NamespaceNotFound',
}

const unknownError = { code: 8, codeName: 'UnknownError' }

/**
 * @param error of the PostgreSQL driver
 * @returns the same as a client of MongoDB gets it
 */
export function engineError(error: unknown): CommandError {
  const message = error instanceof Error ? error.message : String(error)
  const state = String(Object(error)['code'])
  const name = namesByState[state]
  return name === undefined
    ? new CommandError(unknownError, `${message} (DocumentDB's error state ${state})`)
    : new CommandError(name, message)
}

/**
 * @param packed an error state in PostgreSQL's own form, six bits a letter, as `writeErrors` have it
 * @returns MongoDB's code
 */
export function codeOfPackedState(packed: number): number {
  const letters = Array.from({ length: 5 }, (_, index) =>
    String.fromCharCode(((packed >> (6 * index)) & 0x3f) + 0x30),
  )
  const name = namesByState[letters.join('')]
  return name === undefined ? unknownError.code : errorCodes[name]
}
