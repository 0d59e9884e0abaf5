/**
 * One value of one row.
 *
 * Text stays text: integers beyond 2^53 and decimals are never a JavaScript `number`, dates and times are the
 * wall-clock text the source holds, JSON is JSON text with digits and key order untouched. What a cell means is
 * told by the {@link LogicalType} of its column:
 *
 * | logical type  | form of the cell                                                                        |
 * | ------------- | --------------------------------------------------------------------------------------- |
 * | `bool`        | `boolean`                                                                               |
 * | `int`         | decimal digits as `string`, or a safe integer `number`, or `bigint`                     |
 * | `float`       | shortest decimal text as `string` (`NaN`, `Infinity`, `-Infinity`), or `number`         |
 * | `decimal`     | the source's digits as `string`, scale kept (`1.50`)                                    |
 * | `string`      | `string`                                                                                |
 * | `bytes`       | `Uint8Array`                                                                            |
 * | `date`        | `YYYY-MM-DD` (also zero dates, `infinity`, years of more than four digits, ` BC`)       |
 * | `time`        | `HH:MM:SS[.ffffff]`, MySQL's range of ±838 hours included                               |
 * | `datetime`    | wall clock, never shifted: `YYYY-MM-DD HH:MM:SS[.ffffff]`                               |
 * | `timestamptz` | an instant, written as its wall clock in UTC in the form of `datetime`, without a zone  |
 * | `uuid`        | `string`                                                                                |
 * | `json`        | JSON text as `string`                                                                   |
 * | `value`       | a type of its own in each row: text, number or boolean as it is, objects and arrays as the JSON text in a `Uint8Array` |
 *
 * `null` is NULL. `undefined` means "the source did not send it" (an unchanged TOAST value, say). Text that is not
 * valid in the source's own encoding arrives as `Uint8Array` whatever the logical type: no byte is changed on the way.
 */
export type Cell = string | number | bigint | boolean | Uint8Array | null | undefined

/** Cells by position in `TableSchema.fields`. The batch owns the row: transforms may edit it in place. */
export type Row = Cell[]

/** The null of a document's field that is there, as a cell of type `value`: the JSON text. */
export const jsonNull: Uint8Array = Buffer.from('null')

/** Whether a cell of type `value` is {@link jsonNull}, or bytes like it. */
export function isJsonNull(cell: Cell): boolean {
  if (cell === jsonNull) return true
  return (
    cell instanceof Uint8Array &&
    cell.length === 4 &&
    jsonNull.every((byte, at) => cell[at] === byte)
  )
}
