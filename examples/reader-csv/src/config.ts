import { quotedBoolean, z, type ConfigOf, type Finding } from '@millrace/core/plugin'
import { columnTypes } from './cells.ts'

const columnSchema = z.union([
  z.string(),
  z.looseObject({
    name: z.string().describe('Its name: in the header of a CSV file, a key of a JSON object.'),
    type: z
      .enum(columnTypes)
      .default('string')
      .describe('What its cells are (default `string`). A cell that is none makes the row dirty.'),
  }),
])

/** Parameters of the step. Unknown ones pass: Millrace itself names the nearest known one. */
export const configSchema = z.looseObject({
  path: z
    .string()
    .min(1)
    .describe(
      'A file, a folder, or a pattern with `*` and `?` in the name of the file (`data/2026-*.csv`). Relative to the working directory.',
    ),
  format: z
    .enum(['csv', 'jsonl'])
    .optional()
    .describe(
      '`csv`, or `jsonl` for one JSON object or array a line. Default: by the ending (.csv, .tsv, .txt; .jsonl, .ndjson).',
    ),
  columns: z
    .array(columnSchema)
    .min(1)
    .optional()
    .describe(
      'Columns to read: a name, or `name` and `type`. Default: those of the header, all of type `string`.',
    ),
  delimiter: z
    .string()
    .min(1)
    .optional()
    .describe('What parts cells of CSV. Default: a comma, in .tsv a tab.'),
  header: quotedBoolean()
    .optional()
    .describe('Whether the first record of a CSV file names its columns (default true).'),
  encoding: z.enum(['utf8', 'latin1']).default('utf8').describe('Of the text (default `utf8`).'),
  nullValue: z
    .string()
    .default('')
    .describe('A cell of CSV that is just this, without quotes, is NULL (default: nothing).'),
})

export type Config = ConfigOf<typeof configSchema>
export type Format = 'csv' | 'jsonl'
export type Encoding = Config['encoding']

/** A column as the job asks for it. */
export interface Column {
  readonly name: string
  readonly type: (typeof columnTypes)[number]
}

/** The columns of the job; undefined where they are those of the header. */
export function columnsOf({ columns }: Config): readonly Column[] | undefined {
  return columns?.map((column) =>
    typeof column === 'string' ? { name: column, type: 'string' } : column,
  )
}

export function hasHeader({ header }: Config): boolean {
  return header ?? true
}

/** What is wrong without looking at a file. */
export function validate(config: Config): readonly Finding[] {
  const findings: Finding[] = []
  const columns = columnsOf(config)
  const why =
    config.format === 'jsonl' ? 'JSON lines have no header' : 'there is no header to take them from'
  if (columns === undefined && (config.format === 'jsonl' || !hasHeader(config))) {
    findings.push({
      severity: 'error',
      path: [],
      message: `\`columns\` is missing, and ${why}`,
      hint: 'Name the columns: "columns": [{ "name": "id", "type": "int" }, "name"]',
    })
  }
  const names = new Set<string>()
  for (const [index, { name }] of (columns ?? []).entries()) {
    if (names.has(name)) {
      const message = `the column ${JSON.stringify(name)} is named twice`
      findings.push({ severity: 'error', path: ['columns', index], message })
    }
    names.add(name)
  }
  return findings
}
