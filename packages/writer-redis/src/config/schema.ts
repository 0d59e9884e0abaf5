import { quotedBoolean, quotedInteger, z } from '@millrace/core/plugin'
import { outputRoutes } from '../output/output-schema.ts'
import { resolveConfig } from './resolve-config.ts'

const blankable = z.union([z.string(), z.null()])

const writeMode = z.looseObject({
  type: z
    .string()
    .optional()
    .describe('Type of the values: string (default), list, set, zset, hash, stream or json.'),
  mode: z
    .string()
    .optional()
    .describe(
      'How a row is added: set (string); lpush or rpush (list); sadd (set); zadd (zset); hset, its old name hmset, or row (hash); xadd (stream); set or merge (json). May be left out where a type has only one mode of the DataWorks documentation; a list needs it.',
    ),
  name: z.string().optional().describe('Old spelling of mode; gives a warning.'),
  valueFieldDelimiter: z
    .unknown()
    .optional()
    .describe('Text between value columns when there are several. Default U+0001.'),
})

const expireTime = z.union([
  z.looseObject({
    seconds: quotedInteger()
      .optional()
      .describe('Seconds from the write until the key expires; 0: never.'),
    unixtime: quotedInteger()
      .optional()
      .describe('Instant at which the key expires, in seconds since 1970-01-01 00:00:00 UTC.'),
  }),
  z.number(),
  z.string(),
  z.null(),
])

const column = z.array(
  z.looseObject({
    name: z.string().describe('Name in the JSON value, or of the field.'),
    index: quotedInteger({ min: 0 }).describe(
      'Position among all columns of the reader, the key included, from 0.',
    ),
    type: blankable.optional().describe('JSON type: string (default), int, long, double or bool.'),
  }),
)

/** The parameters as they are written. Unknown keys pass: the runtime reports them with the nearest name. */
export const redisWriterParameters = z.looseObject({
  datasource: z.string().optional().describe('Name of the Redis data source, or a redis:// URL.'),
  envType: quotedInteger({ min: 0, max: 1 })
    .optional()
    .describe('Definition of the data source: 0 production, 1 development.'),
  writeMode: z
    .union([writeMode, z.null()])
    .optional()
    .describe('Type of the values and how rows are added. Default: string, set.'),
  outputs: outputRoutes
    .optional()
    .describe(
      'What becomes of the rows by route, instead of writeMode and what goes with it; for readers of several tables.',
    ),
  keyIndexes: z
    .union([z.number(), z.string(), z.array(z.union([z.number(), z.string()])), z.null()])
    .optional()
    .describe(
      'Positions of the columns that make the key, from 0: one, or a list in the order of the key.',
    ),
  keyTemplate: blankable
    .optional()
    .describe(
      'The key with column names in #{}, such as "user:#{id}", instead of keyIndexes. ##{ is a literal #{.',
    ),
  keyFieldDelimiter: z
    .unknown()
    .optional()
    .describe('Text between the columns of the key. Default U+0001.'),
  strictDelimiter: quotedBoolean()
    .optional()
    .describe(
      'Whether a row is dirty when a joined column holds the delimiter. Default false: a warning.',
    ),
  column: z
    .union([column, z.null()])
    .optional()
    .describe(
      'For string/set: the value becomes a JSON object of these columns. For hash/row, stream and json: exactly these fields are written.',
    ),
  expireTime: expireTime
    .optional()
    .describe('When keys expire: {"seconds": n} or {"unixtime": n}; absent or 0: never.'),
  dateFormat: blankable
    .optional()
    .describe('Java date pattern for date and time columns, such as "yyyy-MM-dd HH:mm:ss".'),
  selectDatabase: quotedInteger({ min: 0 })
    .optional()
    .describe('Index of the database. Default: that of the data source, else 0.'),
  batchSize: quotedInteger({ min: 1 }).optional().describe('Rows per batch. Default 1000.'),
  timeout: quotedInteger({ min: 1, max: 2_147_483_647 })
    .optional()
    .describe('Milliseconds for the round trip of a batch, and for connecting. Default 30000.'),
  retryTimeout: quotedInteger({ min: 0, max: 2_147_483_647 })
    .optional()
    .describe(
      'Milliseconds for which a batch is tried again before the job fails. Default 300000.',
    ),
  sharedTables: z
    .array(z.string())
    .optional()
    .describe(
      'Tables, without schema, whose rows other jobs write into this target under default keys: where the source empties one of these, its keys cannot be told from theirs. Default: none.',
    ),
  maxDeadLetters: quotedInteger({ min: 1 })
    .optional()
    .describe(
      'Failed records also go to a stream "dlq:<table>" of about so many messages. Default: none.',
    ),
  allowEviction: quotedBoolean()
    .optional()
    .describe(
      'Whether a server may be written to that drops keys when its memory is full. Default false: an error.',
    ),
  redisMode: blankable
    .optional()
    .describe(
      'ClusterMode or clusterDirectMode for a Redis Cluster; empty for a single Redis. A data source with "cluster" needs none.',
    ),
  compat: z
    .union([
      z.looseObject({
        expire30d: quotedBoolean()
          .optional()
          .describe(
            'Whether expireTime of more than 2592000 is a Unix time whichever form it has.',
          ),
      }),
      z.null(),
    ])
    .optional()
    .describe('Behaviour of older releases of the original.'),
})

/** What the schema gives before it is brought to one form. */
export type RedisWriterParameters = z.output<typeof redisWriterParameters>

/** Schema of the plugin: validates the parameters and brings them to one form. */
export const redisWriterConfig = redisWriterParameters.transform((parsed) => resolveConfig(parsed))
