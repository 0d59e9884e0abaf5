import { quotedBoolean, quotedInteger, z } from '@millrace/core/plugin'

/**
 * Parts of the schemas of RDI files. A number or a boolean may stand in quotes, because `${NAME}` is filled in before a
 * file is validated and gives text.
 */

/** An integer between the bounds, with its description. */
export function integer(description: string, bounds: { min?: number; max?: number } = {}) {
  return quotedInteger(bounds)
    .meta({
      multipleOf: 1,
      ...(bounds.min === undefined ? {} : { minimum: bounds.min }),
      ...(bounds.max === undefined ? {} : { maximum: bounds.max }),
    })
    .optional()
    .describe(description)
}

/** True or false, with its description. */
export function flag(description: string) {
  return quotedBoolean().optional().describe(description)
}

/** A text, with its description. */
export function text(description: string) {
  return z.string().optional().describe(description)
}

/** A text that says something, with its description. */
export function name(description: string) {
  return z.string().min(1).describe(description)
}

/** Names and values of settings that are handed on: text, numbers, true or false. */
export function settings(description: string) {
  return z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .nullish()
    .describe(description)
}

const levels = ['trace', 'debug', 'info', 'warn', 'error'] as const

/** `logging` of sources and processors. */
export function logging() {
  return z
    .strictObject({ level: z.enum(levels).optional().describe('Has no effect: use --log-level.') })
    .nullish()
    .describe('Has no effect: use --log-level.')
}

/** What becomes of keys when the source empties their table. */
export function onTruncate(description: string) {
  return z.enum(['keys', 'ignore']).optional().describe(description)
}

/** How dates and times are written. */
export function temporal(description: string) {
  return z.enum(['rdi', 'iso']).optional().describe(description)
}
