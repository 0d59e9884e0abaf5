import { z } from '@millrace/core/plugin'
import { integer, name, temporal, text } from '../config/schema-parts.ts'
import { expressionSchema } from './expression-schema.ts'

const nestSchema = z.strictObject({
  parent: z
    .strictObject({
      table: name('Table of the parent, as its keys are called.'),
      schema: text('Schema of the parent.'),
      server_name: text('Source of the parent.'),
    })
    .describe('Which document the row goes into.'),
  parent_key: name('Column that identifies the parent.'),
  child_key: text('Column of the child with the key of the parent, if its name is another.'),
  nesting_key: name('Column that identifies the child in its parent.'),
  path: z
    .string()
    .meta({ pattern: String.raw`^\$\.[A-Za-z0-9_]+$` })
    .describe('Where the children are in the document: `$.Lines`.'),
  structure: z.enum(['map']).optional().describe('Always `map`.'),
})

/** `with` of an output. */
export const writeSchema = z.strictObject({
  connection: text('Name of a target. Default `target`.'),
  data_type: z
    .enum(['hash', 'json', 'set', 'sorted_set', 'stream', 'string'])
    .optional()
    .describe('What a row becomes. Default: `processors.target_data_type`.'),
  key: expressionSchema.optional().describe('The key. Default: `<table>:<key column>:<value>`.'),
  mapping: z
    .array(z.union([z.string(), z.record(z.string(), z.string())]))
    .min(1)
    .optional()
    .describe('Columns that are written, as `column` or `column: name` (hash, json, stream).'),
  args: z
    .strictObject({
      member: text('Field with the member (set, sorted_set).'),
      score: text('Field with the score (sorted_set).'),
      value: text('Field with the value (string).'),
    })
    .nullish()
    .describe('Fields that a set, a sorted set or a string is made of.'),
  on_update: z
    .enum(['replace', 'merge'])
    .optional()
    .describe('Whether a JSON document is replaced or merged.'),
  expire: z
    .union([z.number(), expressionSchema])
    .meta({ minimum: 0 })
    .optional()
    .describe('Seconds until the key is gone, from each write. Default: never.'),
  nest: nestSchema.optional().describe('The row becomes part of the document of its parent.'),
  millrace: z
    .strictObject({
      max_len: integer('A stream is trimmed to about so many messages.', { min: 1 }),
      temporal: temporal('How dates and times are written. Default: as in `config.yaml`.'),
    })
    .nullish()
    .describe('What Millrace does beyond RDI.'),
})

/** One entry of `output`. */
export const outputSchema = z.strictObject({
  uses: z.literal('redis.write').describe('Always `redis.write`.'),
  with: writeSchema.nullish().describe('What is written, and where.'),
})

export type WriteEntry = z.output<typeof writeSchema>
