import type { SplitProgress, WriteProgress } from '@millrace/core/plugin'
import type { Cell, JsonValue, OperationCode, Row, TableSchema } from '@millrace/core/record'

/** A batch as it was written: the rows that were, and where they belong. */
export interface MemoryWrite {
  readonly schema: TableSchema
  readonly rows: readonly (readonly Cell[])[]
  /** Of the rows, where they are changes. */
  readonly operations?: readonly OperationCode[]
  /** The rows before, of those that are changes, as far as the source gave them. */
  readonly rowsBefore?: readonly (Row | null)[]
  /** Everything of the table was removed. */
  readonly isTruncate?: boolean
  readonly progress: WriteProgress
  /** What stood in the checkpoint for each split until then. */
  readonly before: ReadonlyMap<string, SplitProgress>
  /** The header of the checkpoint at the time. */
  readonly header: JsonValue | undefined
}

/** The last row of each key that was not deleted. */
export function tableOf(writes: readonly MemoryWrite[]): ReadonlyMap<string, readonly Cell[]> {
  const table = new Map<string, readonly Cell[]>()
  for (const { schema, rows, operations, rowsBefore, isTruncate } of writes) {
    if (isTruncate === true) table.clear()
    for (const [index, row] of rows.entries()) {
      const key = keyOf(schema, row)
      const before = rowsBefore?.[index]
      const keyBefore = before ? keyOf(schema, before) : key
      const standing = table.get(keyBefore) ?? table.get(key)
      if (keyBefore !== key) table.delete(keyBefore)
      if (operations?.[index] === 'd') table.delete(key)
      else
        table.set(
          key,
          row.map((cell, at) => (cell === undefined ? standing?.[at] : cell)),
        )
    }
  }
  return table
}

function keyOf({ key }: TableSchema, row: readonly Cell[]): string {
  return JSON.stringify(key.map((at) => String(row[at])))
}
