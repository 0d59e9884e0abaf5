import { z } from '@millrace/core/plugin'
import { integer, name, text } from '../config/schema-parts.ts'
import { cacheSchema, expressionSchema, languageSchema } from './expression-schema.ts'

const fieldName = 'Name of the field; dots make it a field of a nested object.'

const addFieldSchema = z.strictObject({
  field: text(fieldName),
  expression: text('What the field becomes.'),
  language: languageSchema.optional(),
  cache: cacheSchema,
  fields: z
    .array(
      z.strictObject({
        field: name(fieldName),
        expression: name('What the field becomes.'),
        language: languageSchema,
        cache: cacheSchema,
      }),
    )
    .min(1)
    .optional()
    .describe('Several fields, each of which sees those before it.'),
})

const removeFieldSchema = z.strictObject({
  field: text(fieldName),
  fields: z
    .array(z.strictObject({ field: name(fieldName) }))
    .min(1)
    .optional()
    .describe('Several fields.'),
})

const renameFieldSchema = z.strictObject({
  from_field: text('Name of the field as it is.'),
  to_field: text('Name that it gets.'),
  fields: z
    .array(
      z.strictObject({
        from_field: name('Name of the field as it is.'),
        to_field: name('Name that it gets.'),
      }),
    )
    .min(1)
    .optional()
    .describe('Several fields.'),
})

const mapSchema = z.strictObject({
  expression: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .describe('An expression for each field of the new record, or (jmespath) one for all of it.'),
  language: languageSchema,
  cache: cacheSchema,
})

const lookupSchema = z.strictObject({
  connection: name('Name of a target.'),
  cmd: name('The Redis command.'),
  args: z
    .array(z.union([z.string(), z.number()]))
    .describe('Expressions for the arguments of the command.'),
  language: languageSchema,
  field: name('Field that gets the reply.'),
  when: expressionSchema.optional().describe('Rows for which the command is sent. Default: all.'),
  batch: z
    .strictObject({
      size: integer('Commands sent at a time. Default 200.', { min: 1 }),
      timeout_ms: integer('Has no effect.', { min: 1 }),
    })
    .nullish()
    .describe('How commands are sent together.'),
  cache: cacheSchema,
  lookup_cache: cacheSchema,
})

/** One entry of `transform`. */
export const blockSchema = z.discriminatedUnion('uses', [
  z.strictObject({
    uses: z.literal('add_field').describe('Adds fields, or changes them.'),
    with: addFieldSchema.describe('What is added.'),
  }),
  z.strictObject({
    uses: z.literal('remove_field').describe('Removes fields.'),
    with: removeFieldSchema.describe('What is removed.'),
  }),
  z.strictObject({
    uses: z.literal('rename_field').describe('Renames fields.'),
    with: renameFieldSchema.describe('What is renamed.'),
  }),
  z.strictObject({
    uses: z.literal('map').describe('Makes a new record of the old one.'),
    with: mapSchema.describe('The new record.'),
  }),
  z.strictObject({
    uses: z.literal('filter').describe('Keeps the rows for which the expression is true.'),
    with: expressionSchema.describe('Which rows are kept.'),
  }),
  z.strictObject({
    uses: z.literal('redis.lookup').describe('Asks Redis with a command of each row.'),
    with: lookupSchema.describe('The command.'),
  }),
])

export type BlockEntry = z.output<typeof blockSchema>
