import type { RejectedRow } from '@millrace/core/plugin'
import { classifyMoving, shownText } from '../connection/server-errors.ts'
import type { RespError } from '../resp/resp-error.ts'
import type { BatchRequest, CommandError } from './batch-request.ts'

/** The error replies of a batch, sorted by what has to be done about them. */
export interface Verdict {
  /** The first one that ends the job. */
  readonly fatal: CommandError | undefined
  /** Those that may be gone later. */
  readonly retryable: readonly CommandError[]
  /** Rows whose key holds another type. */
  readonly wrongType: readonly number[]
  /** Rows that are refused for good. */
  readonly refused: readonly RejectedRow[]
}

/**
 * Sorts the error replies of a request. A row appears once, however many of its commands were refused. Where the keys may
 * move to another node (`isMoving`), redirections are passing faults.
 */
export function judgeErrors(request: BatchRequest, isMoving: boolean): Verdict {
  const retryable: CommandError[] = []
  const wrongType = new Set<number>()
  const refused = new Map<number, RejectedRow>()
  let fatal: CommandError | undefined
  for (const item of request.errors) {
    const row = request.encoded.rows[item.at] ?? 0
    switch (classifyMoving(item.error, isMoving)) {
      case 'fatal':
        fatal ??= item
        break
      case 'retryable':
        retryable.push(item)
        break
      case 'wrong-type':
        wrongType.add(row)
        break
      case 'row':
        // Whether a key may expire does not depend on its row.
        if (item.at >= request.encoded.writeCount) fatal ??= item
        else refused.set(row, { row, error: refusal(item.error) })
        break
    }
  }
  return { fatal, retryable, wrongType: [...wrongType], refused: [...refused.values()] }
}

/** A row whose key holds another type, where such keys are left alone. */
export function wrongTypeRow(row: number): RejectedRow {
  return {
    row,
    error: {
      code: 'WRONG_TYPE',
      message: 'WRONGTYPE: the key holds a value of another type and was left as it is',
    },
  }
}

/** Why Redis refused a row, for its dirty record. */
export function refusal(error: RespError): RejectedRow['error'] {
  const isTooLarge = /exceeds maximum allowed size|invalid bulk length/i.test(error.message)
  return {
    code: isTooLarge ? 'VALUE_TOO_LARGE' : 'REFUSED',
    message: `Redis refused the row: ${shownText(error)}`,
  }
}
