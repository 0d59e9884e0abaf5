import { PluginError } from '../plugin/errors.ts'
import type { JsonValue, Position } from '../record/record-batch.ts'

/** A value of one key column, as the reader writes it into a position. */
export interface KeyValue {
  readonly column: string
  /** What the reader makes a literal of; `null` for NULL. */
  readonly value: JsonValue
  /** For people. */
  readonly text: string
}

const maxTextLength = 40

/** The position of a row: `[["shop","7"],["id","42"]]`, the columns of the order with their values. */
export function keyPosition(values: readonly KeyValue[]): Position {
  return {
    token: values.map(({ column, value }) => [column, value]),
    label: values.map(({ column, text }) => `${column} ${shortened(text)}`).join(', '),
  }
}

function shortened(text: string): string {
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text
}

/**
 * The values of a position for the columns of an order.
 *
 * @param doing - for the message: `reading table orders`
 * @throws PluginError POSITION_LOST when it is no position in this order
 */
export function keyValues(
  { token }: Position,
  columns: readonly { readonly name: string; readonly isNullable: boolean }[],
  doing: string,
): readonly JsonValue[] {
  const entries = entriesOf(token)
  if (entries.length === 0) {
    throw positionLost(doing, 'the position to go on from is none of this reader')
  }
  const names = entries.map(([name]) => name).join(', ')
  const expected = columns.map(({ name }) => name).join(', ')
  if (names !== expected) {
    const found = `the position to go on from is one by ${names}`
    throw positionLost(doing, `${found}, the rows are now in the order of ${expected}`)
  }
  for (const [index, { name, isNullable }] of columns.entries()) {
    if (entries[index]?.[1] !== null || isNullable) continue
    throw positionLost(doing, `the position to go on from has NULL in ${name}`)
  }
  return entries.map(([, value]) => value)
}

/** The columns and values of a token; none unless all of it is such. */
function entriesOf(token: JsonValue): readonly (readonly [string, JsonValue])[] {
  if (!isList(token)) return []
  const entries = token.filter(isEntry)
  return entries.length === token.length ? entries : []
}

function isEntry(value: JsonValue): value is readonly [string, JsonValue] {
  return isList(value) && value.length === 2 && typeof value[0] === 'string'
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/**
 * The error for a split or a position of an earlier session that does not fit the job or the table any more.
 *
 * @param doing - `reading table orders`
 * @param found - what does not fit
 */
export function positionLost(doing: string, found: string): PluginError {
  return new PluginError({
    code: 'POSITION_LOST',
    message: `${doing}: ${found}`,
    hint: 'The job or the table has changed since the position was kept: run the job from the beginning.',
  })
}
