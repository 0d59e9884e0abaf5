import { z } from '@millrace/core/plugin'
import { flag, integer } from '../config/schema-parts.ts'

/** `language` of an expression. */
export const languageSchema = z
  .enum(['jmespath', 'sql'])
  .describe('Language of the expression: `jmespath`, or `sql` as SQLite knows it.')

/** `cache` of the processor on Flink. */
export const cacheSchema = z
  .strictObject({
    enabled: flag('Has no effect.'),
    max_size: integer('Has no effect.', { min: 1 }),
    ttl_seconds: integer('Has no effect.', { min: 1 }),
  })
  .nullish()
  .describe('Has no effect: expressions are compiled once, and fast.')

/** An expression in an object of its own. */
export const expressionSchema = z.strictObject({
  expression: z.string().min(1).describe('The expression.'),
  language: languageSchema,
  cache: cacheSchema,
})
