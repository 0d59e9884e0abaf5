import { z } from '@millrace/core/plugin'

const key = z.union([
  z.looseObject({
    column: z.string().describe('Column that holds the whole key.'),
    isDefault: z.boolean().optional().describe('Whether it holds the default key of the table.'),
  }),
  z.looseObject({
    template: z.string().describe('Key with columns in #{}, such as "bill:#{id}".'),
  }),
])

const output = z.looseObject({
  type: z.enum(['hash', 'json', 'set', 'zset', 'stream', 'string']).describe('What the keys hold.'),
  key: key.optional().describe('Default: table, key columns and their values, joined with colons.'),
  fields: z
    .array(z.looseObject({ column: z.string(), name: z.string() }))
    .optional()
    .describe(
      'For hash, json and stream: columns and the names they are written under. Default: all.',
    ),
  member: z.string().optional().describe('For set and zset: column of the member.'),
  score: z.string().optional().describe('For zset: column of the score.'),
  value: z.string().optional().describe('For string: column of the value.'),
  expire: z
    .union([
      z.looseObject({ seconds: z.number() }),
      z.looseObject({ column: z.string().describe('Column of the seconds.') }),
    ])
    .optional()
    .describe('Seconds from each write until the key expires.'),
  onUpdate: z
    .enum(['replace', 'merge'])
    .optional()
    .describe('For json: whether the document is replaced (default) or merged into what is there.'),
  nativeMerge: z
    .boolean()
    .optional()
    .describe('For json: false sets each value by itself instead of using JSON.MERGE.'),
  nest: z
    .looseObject({
      path: z.string().describe('Where the entries stand in the document, such as "$.Lines".'),
      column: z.string().describe('Column that names the entry.'),
    })
    .optional()
    .describe('For json: the row is an entry of the document at key.'),
  maxLength: z
    .int()
    .min(0)
    .optional()
    .describe('For stream: it is trimmed to about so many messages.'),
  temporal: z
    .enum(['rdi', 'iso'])
    .optional()
    .describe('Dates and times as days and microseconds (rdi, default) or as ISO 8601 text.'),
  onTruncate: z
    .enum(['keys', 'ignore'])
    .optional()
    .describe('When the source empties the table, its keys are removed (default) or left.'),
})

/** The parameter `outputs`. */
export const outputRoutes = z.record(z.string(), z.array(output))

/** The parameter as the schema gives it. */
export type WrittenRoutes = z.output<typeof outputRoutes>
