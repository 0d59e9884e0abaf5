import type { Row, RowError } from '@millrace/core/record'
import type { RespWriter } from '../resp/resp-writer.ts'

/** Writes the command of one row, whose key is known; or says why the row is dirty, and leaves a half command behind. */
export type RowCommand = (
  row: Row,
  key: string | Uint8Array,
  writer: RespWriter,
) => RowError | undefined
