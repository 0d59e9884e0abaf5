import { defineReader, type Finding } from '@millrace/core/plugin'
import {
  relationalColumnNames,
  relationalDataSources,
  relationalIdentity,
  validateRelational,
  type RelationalConfig,
} from '@millrace/core/sql'
import { mysqlConfig } from './config/mysql-config.ts'
import { validateDataSource } from './connection/connection-properties.ts'
import { MysqlSession } from './snapshot/mysql-session.ts'
import { isKnownEncoding, isUtf8Name } from './types/charset-labels.ts'

/** Reads tables and statements of MySQL and MariaDB; `TYPES.md` says how each column type arrives. */
export const mysqlReader = defineReader({
  apiVersion: 1,
  kind: 'reader',
  stepType: 'mysql',
  aliases: ['mariadb', 'mysqlreader'],
  description: 'Reads tables and queries of MySQL and MariaDB',
  capabilities: { parallelSplits: true, resumableSplits: true, follow: true },
  config: mysqlConfig,
  dataSourceTypes: ['mysql', 'mariadb'],
  dataSources: relationalDataSources,
  validate: (config) => [...validateRelational(config), ...encodingFindings(config)],
  validateDataSource,
  columnNames: relationalColumnNames,
  identity: relationalIdentity,
  open: async (config, context) => new MysqlSession(config, context),
})

function encodingFindings({ encoding }: RelationalConfig): readonly Finding[] {
  if (encoding === undefined || isUtf8Name(encoding) || isKnownEncoding(encoding)) return []
  return [
    {
      severity: 'error',
      message: `encoding ${JSON.stringify(encoding)} is not known`,
      hint: 'Name an encoding such as UTF-8, GBK, GB18030, Big5 or windows-1252.',
      path: ['encoding'],
    },
  ]
}
