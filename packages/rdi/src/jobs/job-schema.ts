import { z } from '@millrace/core/plugin'
import { flag, name, onTruncate, temporal, text } from '../config/schema-parts.ts'
import { blockSchema } from './block-schema.ts'
import { outputSchema } from './output-schema.ts'

const sourceSchema = z.strictObject({
  server_name: text('Name of the source, or its `topic.prefix`.'),
  db: text('Database of the table.'),
  schema: text('Schema of the table.'),
  table: name('Table; `*` for every table that has no job of its own.'),
  row_format: z
    .enum(['partial', 'full', 'data_only'])
    .optional()
    .describe('`partial` (default): expressions see the row; `full`: the whole change.'),
  case_insensitive: flag('Whether the names above match in any case. Default true.'),
})

/** A job: one file of `jobs`. */
export const jobSchema = z.strictObject({
  name: text('Name for people.'),
  source: sourceSchema.describe('The table that the job is for.'),
  transform: z.array(blockSchema).nullish().describe('What happens to rows, in order.'),
  output: z
    .array(outputSchema)
    .min(1)
    .optional()
    .describe('What is written. Default: as without a job.'),
  millrace: z
    .strictObject({
      temporal: temporal('How dates and times are written. Default: as in `config.yaml`.'),
      on_truncate: onTruncate(
        'When the source empties the table, its keys are removed (`keys`) or left. Default: as in `config.yaml`.',
      ),
    })
    .nullish()
    .describe('What Millrace does beyond RDI.'),
})

export type JobFile = z.output<typeof jobSchema>
