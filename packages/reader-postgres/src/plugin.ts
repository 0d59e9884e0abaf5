import { defineReader } from '@millrace/core/plugin'
import {
  relationalColumnNames,
  relationalDataSources,
  relationalIdentity,
  validateRelational,
} from '@millrace/core/sql'
import { encodingFindings, postgresConfig } from './config/postgres-config.ts'
import { validateDataSource } from './connection/connection-properties.ts'
import { PostgresSession } from './snapshot/postgres-session.ts'

/** Reads tables and statements of PostgreSQL; `TYPES.md` says how each column type arrives. */
export const postgresReader = defineReader({
  apiVersion: 1,
  kind: 'reader',
  stepType: 'postgresql',
  aliases: ['postgres', 'postgresqlreader'],
  description:
    'Reads tables and queries of PostgreSQL, all splits in one snapshot, and follows the changes of tables',
  capabilities: { parallelSplits: true, resumableSplits: true, follow: true },
  config: postgresConfig,
  dataSourceTypes: ['postgresql', 'postgres'],
  dataSources: relationalDataSources,
  validate: (config) => [...validateRelational(config), ...encodingFindings(config)],
  validateDataSource,
  columnNames: relationalColumnNames,
  identity: relationalIdentity,
  open: async (config, context) => new PostgresSession(config, context),
})
