import { dataSourceSchema } from '@millrace/core/dialect'
import { z } from '@millrace/core/plugin'
import { processorsSchema } from './processors-schema.ts'
import { flag, integer, name, onTruncate, temporal, text } from './schema-parts.ts'
import { sourceSchema } from './source-schema.ts'

const targetConnectionSchema = z.strictObject({
  type: z.literal('redis').describe('Always `redis`.'),
  host: text('Name or address of the server.'),
  port: integer('Port of the server.', { min: 1, max: 65_535 }),
  user: text('Name of the user.'),
  password: text('Password; `${TARGET_DB_PASSWORD}` takes it from the environment.'),
  cacert: text('Certificates to trust: the path of a file, or the text in PEM.'),
  cert: text('Certificate of the client: the path of a file, or the text in PEM.'),
  key: text('Key of the client: the path of a file, or the text in PEM.'),
  key_password: text('Password of the key.'),
})

/** One entry of `targets`; in the older form the fields of the connection stand in the entry itself. */
export const targetSchema = z.strictObject({
  name: z.string().max(100).optional().describe('Name for people.'),
  connection: targetConnectionSchema.describe('Where the Redis is.'),
})

const tagForm = /^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$/
const tag = z
  .string()
  .max(50)
  .regex(tagForm, 'expected letters, digits and ".", "_" or "-" between them')

const metadataSchema = z.strictObject({
  name: z.string().max(100).optional().describe('Name of the pipeline. Default: of the folder.'),
  description: z.string().max(500).optional().describe('For people.'),
  revision: integer('For people.', { min: 0 }),
  tags: z
    .array(tag)
    .refine((tags) => new Set(tags).size === tags.length, 'expected each tag once')
    .meta({ uniqueItems: true })
    .optional()
    .describe('For people.'),
})

const extensionSchema = z.strictObject({
  temporal: temporal(
    'Dates and times as numbers, as RDI writes them (`rdi`, default), or in ISO 8601 (`iso`).',
  ),
  dropUnsupported: flag(
    'True: intervals and BIT(n) are left out, as RDI does. Default false: they are text.',
  ),
  on_lost_position: z
    .enum(['fail', 'resnapshot'])
    .optional()
    .describe(
      'When the source no longer has the changes that come next: `fail` ends the run with exit code 4 (default), `resnapshot` reads the tables again, at most twice in a row.',
    ),
  on_truncate: onTruncate(
    'When the source empties a table, its keys are removed (`keys`, default) or left.',
  ),
  extended_json: z
    .enum(['unwrapped', 'canonical'])
    .optional()
    .describe(
      'Values of MongoDB that JSON does not have: as themselves (`unwrapped`, default), or as Extended JSON (`canonical`: `{"$numberLong": "1"}`).',
    ),
  sources: z
    .record(z.string(), dataSourceSchema.describe('Fields of a data source.'))
    .optional()
    .describe('More fields of the connections of sources, such as `tls` and `socketPath`.'),
  targets: z
    .record(z.string(), dataSourceSchema.describe('Fields of a data source.'))
    .optional()
    .describe('More fields of the connections of targets, such as `cluster` and `sentinel`.'),
})

/** `config.yaml` of a pipeline. */
export const configSchema = z.strictObject({
  sources: z.record(name('Name of the source.'), sourceSchema).describe('Databases to read.'),
  targets: z
    .record(name('Name of the target.'), targetSchema)
    .describe('Redis to write to; `target` is the one for tables without a job.'),
  processors: processorsSchema.nullish().describe('How rows are written.'),
  'secret-providers': z.unknown().optional().describe('Not supported: use `${NAME}`.'),
  metadata: metadataSchema.nullish().describe('What the pipeline is called.'),
  millrace: extensionSchema.nullish().describe('What Millrace does beyond RDI.'),
})

export type ConfigFile = z.output<typeof configSchema>
export type TargetEntry = z.output<typeof targetSchema>
export type Extensions = z.output<typeof extensionSchema>
