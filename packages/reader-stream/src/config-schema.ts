import { quotedInteger, z, type ConfigOf } from '@millrace/core/plugin'

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

const columnSchema = z.looseObject({
  type: z
    .string()
    .nullish()
    .describe('`string` (default), `long`, `double`, `date`, `bool` or `bytes`, in any case.'),
  value: scalar
    .optional()
    .describe(
      'The cell of every row. Numbers beyond 2^53 have to be quoted. `null` is NULL. A date is ISO text: with an ' +
        'offset or `Z` an instant, without one a wall clock.',
    ),
  random: z
    .string()
    .optional()
    .describe(
      'Two bounds, both included: `"8,15"`. A range of numbers or dates; lengths of a `string` or `bytes`; for ' +
        '`bool` the weights of false and true. Ignored where there is a `value`.',
    ),
  dateFormat: z
    .string()
    .optional()
    .describe("How a date is written, in Java's letters: `yyyy-MM-dd HH:mm:ss`. Default: ISO."),
  name: z.string().optional().describe('Name of the column. Default `column0`, `column1`, …'),
})

/** Parameters of the stream reader. */
export const streamReaderConfigSchema = z.looseObject({
  column: z.array(columnSchema).min(1).describe('The columns, in order.'),
  sliceRecordCount: quotedInteger({ min: 1 })
    .optional()
    .describe(
      'Rows of each split; there is a split for every channel. Needed unless `rows` is there.',
    ),
  rows: z
    .array(z.array(z.union([scalar, z.strictObject({ $bytes: z.base64() })])))
    .optional()
    .describe(
      'Rows with cells of their own, read as one split, in place of `value` and `random`. Bytes are text, or ' +
        '`{"$bytes": "<base64>"}`.',
    ),
  seed: quotedInteger({ min: 0 })
    .optional()
    .describe('Makes random cells the same in every run. Default: other cells in every run.'),
  delayMs: quotedInteger({ min: 0, max: 3_600_000 })
    .optional()
    .describe('Milliseconds to wait before each batch, to see progress. Default 0.'),
})

/** Validated parameters of the stream reader. */
export type StreamReaderConfig = ConfigOf<typeof streamReaderConfigSchema>
/** Validated parameters of one column. */
export type ColumnConfig = StreamReaderConfig['column'][number]
/** A cell as the job file has it. */
export type CellConfig = NonNullable<StreamReaderConfig['rows']>[number][number]
