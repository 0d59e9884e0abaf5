import {
  integerRanges,
  keyRangeCondition,
  orderedBounds,
  rangesBetween,
  selectStatement,
  splitOrderOf,
  wholeTable,
  type KeyRange,
  type SplitDialect,
  type SplitRange,
} from '@millrace/core/sql'
import type { SourceConnection } from '../connection/source-connection.ts'
import { statementError } from '../connection/source-error.ts'
import { keyExpression, keyLiteral } from './key-literal.ts'
import { readEstimatedRows } from './read-catalogue.ts'
import type { DescribedObject } from './source-object.ts'
import { splitColumnOf, splitKeyOf, type SplitKey } from './split-key.ts'
import { quoteName } from './table-name.ts'

/** What cutting tables needs of the session. */
export interface SplitContext {
  readonly connectionFor: (sourceIndex: number) => Promise<SourceConnection>
  readonly signal: AbortSignal
}

/** How MySQL and MariaDB are asked for what `planSplits` needs. */
export function mysqlSplits(context: SplitContext): SplitDialect<DescribedObject, SplitKey> {
  return {
    keyOf,
    quoteName,
    async estimatedRows({ object }) {
      if (object.table === undefined) return undefined
      const connection = await context.connectionFor(object.sourceIndex)
      return await readEstimatedRows(connection, object.table, context.signal)
    },
    ranges: (described, key, count) => rangesOf(described, key, count, context),
    isResumable: (described, range) => splitOrderOf(described, range) !== undefined,
    failed(doing, error) {
      context.signal.throwIfAborted()
      return statementError(doing, error)
    },
  }
}

/** The column that `splitPk` names as a key, or the name of its type, which can't be split by. */
function keyOf({ catalogue }: DescribedObject, splitPk: string): SplitKey | string {
  const column = splitColumnOf(splitPk, catalogue)
  if (column === undefined) return 'a column the catalogue does not show'
  return splitKeyOf(column) ?? column.columnType
}

/** The key by which a split of an earlier session would be cut now; `undefined` when it can't be. */
export function keyNow(
  described: DescribedObject,
  { key }: SplitRange<SplitKey>,
): SplitKey | undefined {
  const now = key === undefined ? undefined : keyOf(described, quoteName(key.column))
  return typeof now === 'string' ? undefined : now
}

/** The condition of a split, or `undefined` for a whole object. */
export function splitCondition({ key, range }: SplitRange<SplitKey>): string | undefined {
  if (key === undefined) return undefined
  return keyRangeCondition(range, quoteName(key.column), (bound) =>
    keyLiteral(key, bound, key.column),
  )
}

async function rangesOf(
  { object }: DescribedObject,
  key: SplitKey,
  count: number,
  { connectionFor, signal }: SplitContext,
): Promise<readonly KeyRange[]> {
  const connection = await connectionFor(object.sourceIndex)
  const table = object.table?.quoted ?? ''
  const column = quoteName(key.column)
  const { where } = object
  const { isNullable } = key
  const firstRow = async (sql: string) => (await connection.query(sql, signal))[0] ?? []
  if (key.kind === 'integer') {
    const extremes = [`MIN(${column})`, `MAX(${column})`]
    const [min, max] = await firstRow(selectStatement(table, extremes, where))
    if (min == null || max == null) return [wholeTable]
    return integerRanges(BigInt(min), BigInt(max), count, { isNullable })
  }
  const [total] = await firstRow(selectStatement(table, [`COUNT(${column})`], where))
  const expression = keyExpression(key, column)
  const bounds = await orderedBounds({
    count,
    total: Number(total ?? 0),
    async next(last, offset) {
      const after =
        last === undefined ? undefined : `${column} > ${keyLiteral(key, last, key.column)}`
      const sql = selectStatement(table, [expression], where, `${column} IS NOT NULL`, after)
      const [bound] = await firstRow(`${sql} ORDER BY ${column} LIMIT 1 OFFSET ${offset}`)
      return bound ?? undefined
    },
  })
  return rangesBetween(bounds, { isNullable })
}
