import { defineReader } from '@millrace/core/plugin'
import { mongodbColumnNames, mongodbConfig, mongodbIdentity } from './config/mongodb-config.ts'
import { propertyFindings } from './config/property-findings.ts'
import { validateConfig } from './config/validate-config.ts'
import { MongodbSession } from './snapshot/mongodb-session.ts'

/** Reads collections of MongoDB; `TYPES.md` says how each BSON type arrives. */
export const mongodbReader = defineReader({
  apiVersion: 1,
  kind: 'reader',
  stepType: 'mongodb',
  aliases: ['mongodbreader'],
  description: 'Reads collections of MongoDB',
  capabilities: { parallelSplits: true, resumableSplits: true, follow: true },
  config: mongodbConfig,
  dataSourceTypes: ['mongodb'],
  dataSources: ({ reference }) => [reference],
  validate: validateConfig,
  validateDataSource: propertyFindings,
  columnNames: mongodbColumnNames,
  identity: mongodbIdentity,
  open: async (config, context) => {
    const { pipeline } = config
    if (pipeline === undefined) return new MongodbSession(config, context)
    // Most jobs read one collection, column by column.
    const { DocumentsSession } = await import('./changes/documents-session.ts')
    return new DocumentsSession(pipeline, context)
  },
})
