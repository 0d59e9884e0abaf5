import type { DataSource, Finding } from '@millrace/core/plugin'
import { positiveProperty, propertyFindings, type KnownProperties } from '@millrace/core/sql'

/** Properties by the names of MySQL Connector/J and MariaDB Connector/J, which write times in milliseconds. */
const known: KnownProperties = {
  read: ['sessionVariables', 'connectTimeout', 'socketTimeout'],
  withoutEffect: {
    'text is read as UTF-8': [
      'charset',
      'characterEncoding',
      'characterSetResults',
      'connectionCollation',
      'passwordCharacterEncoding',
      'useUnicode',
    ],
    'dates come as they stand, instants in UTC': [
      'cacheDefaultTimezone',
      'connectionTimeZone',
      'forceConnectionTimeZoneToSession',
      'noDatetimeStringSync',
      'preserveInstants',
      'serverTimezone',
      'useFastDateParsing',
      'useGmtMillisForDatetimes',
      'useJDBCCompliantTimezoneShift',
      'useLegacyDatetimeCode',
      'useTimezone',
    ],
    'rows are streamed, whatever the number': [
      'defaultFetchSize',
      'netTimeoutForStreamingResults',
      'useCursorFetch',
    ],
    'nothing is written': [
      'allowLoadLocalInfile',
      'allowUrlInLocalInfile',
      'continueBatchOnError',
      'jdbcCompliantTruncation',
      'readOnlyPropagatesToServer',
      'rewriteBatchedStatements',
      'sendFractionalSeconds',
      'useAffectedRows',
    ],
    'TCP keep-alive is always on': ['tcpKeepAlive'],
    'a lost connection is made anew by the job': [
      'autoReconnect',
      'autoReconnectForPools',
      'failOverReadOnly',
      'initialTimeout',
      'maxReconnects',
    ],
    'it tunes the driver': [
      'allowMultiQueries',
      'allowPublicKeyRetrieval',
      'alwaysSendSetIsolation',
      'autoDeserialize',
      'cacheCallableStmts',
      'cachePrepStmts',
      'cacheResultSetMetadata',
      'cacheServerConfiguration',
      'dontTrackOpenResources',
      'elideSetAutoCommits',
      'enableQueryTimeouts',
      'generateSimpleParameterMetadata',
      'holdResultsOpenOverStatementClose',
      'includeInnodbStatusInDeadlockExceptions',
      'interactiveClient',
      'logSlowQueries',
      'maintainTimeStats',
      'noAccessToProcedureBodies',
      'nullCatalogMeansCurrent',
      'nullDatabaseMeansCurrent',
      'nullNamePatternMatchesAll',
      'paranoid',
      'prepStmtCacheSize',
      'prepStmtCacheSqlLimit',
      'tcpNoDelay',
      'tcpRcvBuf',
      'tcpSndBuf',
      'useColumnNamesInFindColumn',
      'useCompression',
      'useInformationSchema',
      'useLocalSessionState',
      'useLocalTransactionState',
      'useOldAliasMetadataBehavior',
      'useReadAheadInput',
      'useServerPrepStmts',
      'useUnbufferedInput',
    ],
  },
  instead: {
    'Zero dates keep their text; a column written as NULLIF(d, 0) has null instead.': [
      'zeroDateTimeBehavior',
    ],
    'Addresses are tried in the order in which they stand: name the wanted server first.': [
      'loadBalanceStrategy',
      'roundRobinLoadBalance',
    ],
  },
}

/** Booleans of which one value asks for what is done anyway. */
const anyway: Readonly<Record<string, string>> = {
  tinyInt1isBit: 'false',
  transformedBitIsBoolean: 'false',
  yearIsDateType: 'false',
}

const defaultConnectTimeoutMs = 15_000

/** Warnings about properties that nobody reads. */
export function validateDataSource(dataSource: DataSource): readonly Finding[] {
  const properties = Object.fromEntries(
    Object.entries(dataSource.properties).filter(
      ([name, value]) => !Object.hasOwn(anyway, name) || anyway[name] !== value.toLowerCase(),
    ),
  )
  return propertyFindings({ ...dataSource, properties }, known)
}

/** For how long a connection is waited for. */
export function connectTimeoutMsOf(dataSource: DataSource): number {
  return positiveProperty(dataSource, 'connectTimeout') ?? defaultConnectTimeoutMs
}

/** After how long a silent server is given up, where the job does not say it. */
export function silenceTimeoutMsOf(dataSource: DataSource | undefined): number | undefined {
  return dataSource === undefined ? undefined : positiveProperty(dataSource, 'socketTimeout')
}

/** The statement that sets `sessionVariables`: assignments, separated by commas or semicolons. */
export function sessionVariablesStatement({ properties }: DataSource): string | undefined {
  const text = (properties['sessionVariables'] ?? '')
    .replaceAll(/'[^']*'|"[^"]*"|;/g, (part) => (part === ';' ? ',' : part))
    .replaceAll(/^[\s,]+|[\s,]+$/g, '')
  return text === '' ? undefined : `SET ${text}`
}
