import type pg from 'pg'
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
import { abortable } from '../connection/cancel-query.ts'
import { statementError } from '../connection/source-error.ts'
import { readEstimatedRows } from './read-catalogue.ts'
import type { DescribedObject } from './source-object.ts'
import { boundLiteral, splitColumnOf, splitKeyOf, type SplitKey } from './split-key.ts'
import { quoteName } from './table-name.ts'

/** What cutting tables needs of the session. */
export interface SplitContext {
  /** A connection that sees what the splits will see. */
  readonly clientFor: (sourceIndex: number) => Promise<pg.Client>
  /** A connection without a transaction, which keeps no lock on what it has looked at. */
  readonly controlFor: (sourceIndex: number) => Promise<pg.Client>
  readonly signal: AbortSignal
}

/** How PostgreSQL is asked for what `planSplits` needs. */
export function postgresSplits(context: SplitContext): SplitDialect<DescribedObject, SplitKey> {
  return {
    keyOf,
    quoteName,
    async estimatedRows({ object }) {
      const { table } = object
      if (table === undefined) return undefined
      const client = await context.controlFor(object.sourceIndex)
      return await abortable(client, context.signal, () => readEstimatedRows(client, table))
    },
    async ranges(described, key, count) {
      const client = await context.clientFor(described.object.sourceIndex)
      const ask = () => rangesOf(client, described, key, count)
      return await abortable(client, context.signal, ask)
    },
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
  return splitKeyOf(column) ?? column.typeName
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
  return keyRangeCondition(range, quoteName(key.column), boundLiteral)
}

async function rangesOf(
  client: pg.Client,
  { object }: DescribedObject,
  key: SplitKey,
  count: number,
): Promise<readonly KeyRange[]> {
  const table = object.table?.text ?? ''
  const column = quoteName(key.column)
  const { where } = object
  const { isNullable } = key
  if (key.kind === 'integer') {
    const extremes = [`MIN(${column})::text`, `MAX(${column})::text`]
    const [min, max] = await firstRow(client, selectStatement(table, extremes, where))
    if (min == null || max == null) return [wholeTable]
    return integerRanges(BigInt(min), BigInt(max), count, { isNullable })
  }
  const counted = selectStatement(table, [`COUNT(${column})::text`], where)
  const [total] = await firstRow(client, counted)
  const bounds = await orderedBounds({
    count,
    total: Number(total ?? 0),
    async next(last, offset) {
      const after = last === undefined ? undefined : `${column} > ${boundLiteral(last)}`
      const sql = selectStatement(table, [`${column}::text`], where, `${column} IS NOT NULL`, after)
      const [bound] = await firstRow(client, `${sql} ORDER BY ${column} LIMIT 1 OFFSET ${offset}`)
      // Text of a database without an encoding that is not UTF-8 can't be told back to the server as a bound.
      return bound == null || bound.includes('\ufffd') ? undefined : bound
    },
  })
  return rangesBetween(bounds, { isNullable })
}

async function firstRow(client: pg.Client, text: string): Promise<readonly (string | null)[]> {
  const { rows } = await client.query<(string | null)[]>({ rowMode: 'array', text })
  return rows[0] ?? []
}
