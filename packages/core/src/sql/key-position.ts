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
 * @param nullable - which of the columns may be NULL
 * @param doing - for the message: `reading table orders`
 * @throws PluginError POSITION_LOST when it is no position in this order
 */
export function keyValues(
  position: Position,
  columns: readonly string[],
  nullable: readonly boolean[],
  doing: string,
): readonly JsonValue[] {
  const { token } = position
  const entries = isList(token) ? token.map((entry) => (isList(entry) ? entry : [])) : []
  const isPosition = entries.every(
    ([name, value], index) =>
      typeof name === 'string' &&
      value !== undefined &&
      (value !== null || nullable[index] === true),
  )
  if (entries.length === 0 || !isPosition)
    throw positionLost(doing, 'the position to go on from is none of this reader')
  const names = entries.map(([name]) => String(name))
  if (names.length !== columns.length || names.some((name, index) => name !== columns[index])) {
    const found = `the position to go on from is one by ${names.join(', ')}`
    throw positionLost(doing, `${found}, the rows are now in the order of ${columns.join(', ')}`)
  }
  return entries.map(([, value]) => value ?? null)
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
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
