import type { Logger, Split } from '@millrace/core/plugin'
import type { JsonValue } from '@millrace/core/record'
import {
  integerRanges,
  keyRangeCondition,
  rangesBetween,
  splitsPerTable,
  wholeTable,
  type KeyRange,
  type RelationalConfig,
} from '@millrace/core/sql'
import type { SourceConnection } from '../connection/source-connection.ts'
import { statementError } from '../connection/source-error.ts'
import { readEstimatedRows } from './read-catalogue.ts'
import { selectStatement } from './select-statement.ts'
import type { DescribedObject } from './source-object.ts'
import {
  boundExpression,
  boundLiteral,
  splitColumnOf,
  splitKeyOf,
  type SplitKey,
} from './split-key.ts'
import { quoteName } from './table-name.ts'

/** `Split.range` of this reader: which object, and which part of it. */
export interface SplitRange {
  readonly sourceIndex: number
  readonly objectIndex: number
  readonly key?: SplitKey
  readonly range: KeyRange
}

/** What planning needs of the session. */
export interface PlanContext {
  readonly config: RelationalConfig
  readonly logger: Logger
  readonly connectionFor: (sourceIndex: number) => Promise<SourceConnection>
  readonly signal: AbortSignal
}

/** Cuts the objects into splits, for `desired` channels. */
export async function planSplits(
  objects: readonly DescribedObject[],
  desired: number,
  context: PlanContext,
): Promise<readonly Split[]> {
  const { config } = context
  const tables = objects.filter(({ object }) => object.table !== undefined)
  const each = splitsPerTable(desired, tables.length, config.splitFactor)
  const splits: Split[] = []
  for (const described of objects) splits.push(...(await splitsOf(described, each, context)))
  return splits
}

async function splitsOf(
  described: DescribedObject,
  count: number,
  context: PlanContext,
): Promise<readonly Split[]> {
  const { object } = described
  const key = count > 1 ? keyOf(described, context) : undefined
  if (object.table === undefined) return [splitOf(described, undefined, wholeTable, 0)]
  const connection = await context.connectionFor(object.sourceIndex)
  try {
    const rows = await readEstimatedRows(connection, object.table, context.signal)
    if (key === undefined) return [splitOf(described, undefined, wholeTable, 0, rows)]
    const ranges = await rangesOf(connection, described, key, count, context)
    const share = rows === undefined ? undefined : Math.ceil(rows / ranges.length)
    return ranges.map((range, index) => splitOf(described, key, range, index, share))
  } catch (error) {
    context.signal.throwIfAborted()
    throw statementError(`cutting table ${object.label} by ${key?.column}`, error)
  }
}

/** The key to split by; `undefined`, with a warning, when the table can't be split by it. */
function keyOf(described: DescribedObject, { config, logger }: PlanContext): SplitKey | undefined {
  if (config.splitPk === undefined || described.object.table === undefined) return undefined
  const column = splitColumnOf(config.splitPk, described.catalogue)
  const key = column === undefined ? undefined : splitKeyOf(column)
  if (key === undefined) {
    const type = column === undefined ? 'a column the catalogue does not show' : column.columnType
    logger.warn(
      `table ${described.object.label} is read in one split: splitPk ${config.splitPk} is ${type}, expected an integer or text`,
    )
  }
  return key
}

function splitOf(
  { object }: DescribedObject,
  key: SplitKey | undefined,
  range: KeyRange,
  index: number,
  estimatedRows?: number,
): Split {
  const splitRange: SplitRange = {
    sourceIndex: object.sourceIndex,
    objectIndex: object.index,
    ...(key === undefined ? {} : { key }),
    range,
  }
  return {
    id: `${object.sourceIndex}/${object.label}/${index}`,
    table: object.label,
    range: splitRange as unknown as JsonValue,
    ...(estimatedRows === undefined ? {} : { estimatedRows }),
  }
}

/** The condition of a split, or `undefined` for a whole object. */
export function splitCondition({ key, range }: SplitRange): string | undefined {
  if (key === undefined) return undefined
  return keyRangeCondition(range, quoteName(key.column), (bound) => boundLiteral(key, bound))
}

async function rangesOf(
  connection: SourceConnection,
  { object }: DescribedObject,
  key: SplitKey,
  count: number,
  { config, signal }: PlanContext,
): Promise<readonly KeyRange[]> {
  const table = object.table?.quoted ?? ''
  const column = quoteName(key.column)
  if (key.kind !== 'integer') {
    const bounds = await orderedBounds(connection, table, key, count, config.where, signal)
    return rangesBetween(bounds, { isNullable: key.isNullable })
  }
  const sql = selectStatement(table, [`MIN(${column})`, `MAX(${column})`], config.where)
  const [row] = await connection.query(sql, signal)
  const [min, max] = row ?? []
  if (min == null || max == null) return [wholeTable]
  return integerRanges(BigInt(min), BigInt(max), count, { isNullable: key.isNullable })
}

/**
 * Keys at even distances in the server's own order: each is looked up from the one before, so the index on the key is
 * walked once in all. Strictly increasing by the column's collation, whatever that holds equal.
 */
async function orderedBounds(
  connection: SourceConnection,
  table: string,
  key: SplitKey,
  count: number,
  where: string | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const column = quoteName(key.column)
  const counted = await connection.query(
    selectStatement(table, [`COUNT(${column})`], where),
    signal,
  )
  const step = Math.ceil(Number(counted[0]?.[0] ?? 0) / count)
  const bounds: string[] = []
  if (step === 0) return bounds
  const expression = boundExpression(key, column)
  while (bounds.length < count - 1) {
    const last = bounds.at(-1)
    const after = last === undefined ? undefined : `${column} > ${boundLiteral(key, last)}`
    const sql = selectStatement(table, [expression], where, `${column} IS NOT NULL`, after)
    const offset = last === undefined ? step : step - 1
    const rows = await connection.query(
      `${sql} ORDER BY ${column} LIMIT 1 OFFSET ${offset}`,
      signal,
    )
    const bound = rows[0]?.[0]
    if (bound == null) break
    bounds.push(bound)
  }
  return bounds
}
