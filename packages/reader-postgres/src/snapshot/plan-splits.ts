import type pg from 'pg'
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
import { abortable } from '../connection/cancel-query.ts'
import { statementError } from '../connection/source-error.ts'
import { readEstimatedRows } from './read-catalogue.ts'
import { selectStatement } from './select-statement.ts'
import type { DescribedObject } from './source-object.ts'
import { boundLiteral, splitColumnOf, splitKeyOf, type SplitKey } from './split-key.ts'
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
  /** A connection that sees what the splits will see. */
  readonly clientFor: (sourceIndex: number) => pg.Client
  readonly signal: AbortSignal
}

/** Cuts the objects into splits, for `desired` channels. */
export async function planSplits(
  objects: readonly DescribedObject[],
  desired: number,
  context: PlanContext,
): Promise<readonly Split[]> {
  const tables = objects.filter(({ object }) => object.table !== undefined)
  const each = splitsPerTable(desired, tables.length, context.config.splitFactor)
  const splits: Split[] = []
  for (const described of objects) {
    const client = context.clientFor(described.object.sourceIndex)
    const cut = async () => await splitsOf(client, described, each, context)
    splits.push(...(await abortable(client, context.signal, cut)))
  }
  return splits
}

async function splitsOf(
  client: pg.Client,
  described: DescribedObject,
  count: number,
  context: PlanContext,
): Promise<readonly Split[]> {
  const { object } = described
  if (object.table === undefined) return [splitOf(described, undefined, wholeTable, 0)]
  const key = count > 1 ? keyOf(described, context) : undefined
  try {
    const rows = await readEstimatedRows(client, object.table)
    if (key === undefined) return [splitOf(described, undefined, wholeTable, 0, rows)]
    const ranges = await rangesOf(client, described, key, count, context.config.where)
    const share = rows === undefined ? undefined : Math.ceil(rows / ranges.length)
    return ranges.map((range, index) => splitOf(described, key, range, index, share))
  } catch (error) {
    throw statementError(`cutting table ${object.label} by ${key?.column ?? 'nothing'}`, error)
  }
}

/** The key to split by; `undefined`, with a warning, when the table can't be split by it. */
function keyOf(described: DescribedObject, { config, logger }: PlanContext): SplitKey | undefined {
  if (config.splitPk === undefined) return undefined
  const column = splitColumnOf(config.splitPk, described.catalogue)
  const key = column === undefined ? undefined : splitKeyOf(column)
  if (key === undefined) {
    const type = column === undefined ? 'a column the catalogue does not show' : column.typeName
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
  client: pg.Client,
  { object }: DescribedObject,
  key: SplitKey,
  count: number,
  where: string | undefined,
): Promise<readonly KeyRange[]> {
  const table = object.table?.text ?? ''
  const column = quoteName(key.column)
  if (key.kind === 'text') {
    const bounds = await orderedBounds(client, table, key, count, where)
    return rangesBetween(bounds, { isNullable: key.isNullable })
  }
  const sql = selectStatement(table, [`MIN(${column})::text`, `MAX(${column})::text`], where)
  const [min, max] = (await firstRow(client, sql)) ?? []
  if (min == null || max == null) return [wholeTable]
  return integerRanges(BigInt(min), BigInt(max), count, { isNullable: key.isNullable })
}

/**
 * Keys at even distances in the server's own order: each is looked up from the one before, so an index on the key is
 * walked once in all. Strictly increasing by the column's collation, whatever that holds equal.
 */
async function orderedBounds(
  client: pg.Client,
  table: string,
  key: SplitKey,
  count: number,
  where: string | undefined,
): Promise<readonly string[]> {
  const column = quoteName(key.column)
  const [total] =
    (await firstRow(client, selectStatement(table, [`COUNT(${column})::text`], where))) ?? []
  const step = Math.ceil(Number(total ?? 0) / count)
  const bounds: string[] = []
  while (step > 0 && bounds.length < count - 1) {
    const last = bounds.at(-1)
    const after = last === undefined ? undefined : `${column} > ${boundLiteral(key, last)}`
    const sql = selectStatement(table, [`${column}::text`], where, `${column} IS NOT NULL`, after)
    const offset = last === undefined ? step : step - 1
    const [bound] =
      (await firstRow(client, `${sql} ORDER BY ${column} LIMIT 1 OFFSET ${offset}`)) ?? []
    // Text of a database without an encoding that is not UTF-8 can't be told back to the server as a bound.
    if (bound == null || bound.includes('\ufffd')) break
    bounds.push(bound)
  }
  return bounds
}

async function firstRow(
  client: pg.Client,
  text: string,
): Promise<readonly (string | null)[] | undefined> {
  const { rows } = await client.query<(string | null)[]>({ rowMode: 'array', text })
  return rows[0]
}
