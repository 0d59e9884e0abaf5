import { quotedBoolean, quotedInteger, stringOrList, z } from '@millrace/core/plugin'
import { pipelineParameters } from './pipeline-config.ts'

/** A string; blank and null mean "not set". */
function optionalText() {
  return z
    .union([z.string(), z.null()])
    .transform((value) => (value === null || value.trim() === '' ? undefined : value))
}

const withoutEffect = (what: string) =>
  z.unknown().optional().describe(`Accepted without effect: ${what}.`)

const column = z
  .looseObject({
    name: z.string().describe('Name of the field; a.b is the field b of the embedded document a.'),
    type: optionalText()
      .optional()
      .describe(
        'int, long, double, decimal, bool, date, string, uuid, bytes, array, arrays, json, document, combine, or document.int and the like. Without one the value decides.',
      ),
    splitter: z
      .union([z.string(), z.null()])
      .optional()
      .describe('What stands between the elements of an array.'),
    spliter: z
      .union([z.string(), z.null()])
      .optional()
      .describe('The same, as DataX samples have it.'),
  })
  .describe('One field.')

/** The parameters of the step, by their DataWorks and DataX names, as they are written. */
export const mongodbParameters = z.looseObject({
  datasource: optionalText().optional().describe('Name of the data source, or a URL.'),
  address: stringOrList()
    .optional()
    .describe('DataX: addresses of the servers, as host:port, instead of datasource.'),
  userName: optionalText().optional().describe('DataX: user.'),
  username: optionalText().optional().describe('DataX: the same as userName.'),
  userPassword: z.union([z.string(), z.null()]).optional().describe('DataX: password.'),
  password: z.union([z.string(), z.null()]).optional().describe('DataX: the same as userPassword.'),
  dbName: optionalText().optional().describe('DataX: name of the database.'),
  database: optionalText().optional().describe('DataX: the same as dbName.'),
  authDb: optionalText()
    .optional()
    .describe('DataX: database that holds the user. Default: the one that is read.'),
  collectionName: optionalText().optional().describe('Name of the collection.'),
  column: z
    .union([z.array(z.union([z.string(), column])), z.null()])
    .optional()
    .describe('Fields in order: names, or objects with name and type.'),
  query: z
    .union([z.string(), z.looseObject({}), z.null()])
    .optional()
    .describe(
      "Which documents are read, in extended JSON or as the shell takes it: {'at': {'$gte': ISODate('2026-01-01T00:00:00Z')}}.",
    ),
  hint: z
    .union([z.string(), z.looseObject({}), z.null()])
    .optional()
    .describe('Index to read by: {age: 1}, or its name.'),
  batchSize: quotedInteger({ min: 1, max: 2_147_483_647 })
    .optional()
    .describe(
      'Documents that the server sends at once. Default: what makes about 1 MiB, 101 to 5000.',
    ),
  cursorTimeoutInMs: quotedInteger()
    .optional()
    .describe(
      'How long the server keeps a cursor that nobody reads from. Default 600000; more, or a negative number: for as long as the read goes on. Less has no effect.',
    ),
  splitFactor: quotedInteger({ min: 1, max: 10_000 })
    .optional()
    .describe('Parts per channel when the collection is split. Default 1.'),
  useSplitVector: withoutEffect('splits are cut by $bucketAuto, which needs no right but to read'),
  objectIdOutputType: optionalText()
    .optional()
    .describe('How ids are written in columns: hex (default), 24 digits; json, {"$oid": "…"}.'),
  enableJsonPrintNull: quotedBoolean()
    .optional()
    .describe('Whether JSON text shows members that are null. Default true.'),
  jsonFormat: z
    .enum(['relaxed', 'canonical', 'plain'])
    .optional()
    .describe(
      'How JSON text shows what JSON has no type for: relaxed (default) and canonical are Extended JSON v2; plain writes ids, dates and bytes as strings, decimals as numbers.',
    ),
  snapshot: quotedBoolean()
    .optional()
    .describe(
      'Whether all splits are read as of one instant where the server can do so. Default true.',
    ),
  ...pipelineParameters,
  tableComment: withoutEffect('wizards write it'),
})

export type MongodbParameters = z.output<typeof mongodbParameters>
