import type { DataSource, Finding } from '@millrace/core/plugin'
import { positiveProperty, propertyFindings, type KnownProperties } from '@millrace/core/sql'

/** Properties by the names of pgJDBC and libpq, which write times in seconds. */
const known: KnownProperties = {
  read: [
    'currentSchema',
    'options',
    'ApplicationName',
    'application_name',
    'fallback_application_name',
    'connectTimeout',
    'connect_timeout',
    'loginTimeout',
    'socketTimeout',
  ],
  withoutEffect: {
    'text is read as UTF-8': [
      'charSet',
      'characterEncoding',
      'client_encoding',
      'useUnicode',
      'allowEncodingChanges',
    ],
    'rows are streamed, whatever the number': [
      'defaultRowFetchSize',
      'adaptiveFetch',
      'adaptiveFetchMinimum',
      'adaptiveFetchMaximum',
      'maxResultBuffer',
    ],
    'rows come by COPY, as text': [
      'binaryTransfer',
      'binaryTransferEnable',
      'binaryTransferDisable',
      'prepareThreshold',
      'preparedStatementCacheQueries',
      'preparedStatementCacheSizeMiB',
      'preferQueryMode',
      'stringtype',
      'unknownLength',
    ],
    'nothing is written': ['readOnly', 'readOnlyMode', 'reWriteBatchedInserts', 'autosave'],
    'TCP keep-alive is always on': [
      'tcpKeepAlive',
      'keepalives',
      'keepalives_idle',
      'keepalives_interval',
      'keepalives_count',
    ],
    'it tunes the driver': [
      'assumeMinServerVersion',
      'cancelSignalTimeout',
      'cleanupSavepoints',
      'databaseMetadataCacheFields',
      'databaseMetadataCacheFieldsMiB',
      'disableColumnSanitiser',
      'escapeSyntaxCallMode',
      'hideUnprivilegedObjects',
      'hostRecheckSeconds',
      'logServerErrorDetail',
      'logUnclosedConnections',
      'loggerFile',
      'loggerLevel',
      'maxSendBufferSize',
      'quoteReturningIdentifiers',
      'raiseExceptionOnSilentRollback',
      'receiveBufferSize',
      'sendBufferSize',
      'tcpNoDelay',
    ],
  },
  instead: {
    'Addresses are tried in the order in which they stand: name the wanted server first.': [
      'targetServerType',
      'target_session_attrs',
      'loadBalanceHosts',
      'load_balance_hosts',
    ],
    'Reads have no time limit at the server; socketTimeout is for one that falls silent.': [
      'statement_timeout',
      'query_timeout',
      'queryTimeout',
      'idle_in_transaction_session_timeout',
    ],
    'Write currentSchema.': ['search_path', 'searchpath', 'searchPath', 'schema'],
    'Write it into options: -c lock_timeout=….': ['lock_timeout'],
  },
}

const secondMs = 1000
const defaultConnectTimeoutMs = 15_000
/** Nobody waits so few milliseconds for a server. */
const fewMilliseconds = 100

/** Warnings about properties that nobody reads. */
export function validateDataSource(dataSource: DataSource): readonly Finding[] {
  return propertyFindings(dataSource, known)
}

/** The schemas in which tables without one are looked for; absent: as the server has it. */
export function searchPathOf({ properties }: DataSource): string | undefined {
  const path = properties['currentSchema'] ?? ''
  return path.trim() === '' ? undefined : path
}

/** By which the server names the connection. */
export function applicationNameOf({ properties }: DataSource): string {
  const names = [
    properties['ApplicationName'],
    properties['application_name'],
    properties['fallback_application_name'],
  ]
  return names.find((name) => name !== undefined && name !== '') ?? 'millrace'
}

/** `connectTimeout` is in milliseconds, as for the other databases; pgJDBC's few seconds are understood, too. */
export function connectTimeoutMsOf(dataSource: DataSource): number {
  const own = positiveProperty(dataSource, 'connectTimeout')
  if (own !== undefined) return own < fewMilliseconds ? own * secondMs : own
  const seconds = positiveProperty(dataSource, 'connect_timeout', 'loginTimeout')
  return seconds === undefined ? defaultConnectTimeoutMs : seconds * secondMs
}

/** After how long a silent server is given up, where the job does not say it. */
export function silenceTimeoutMsOf(dataSource: DataSource | undefined): number | undefined {
  const seconds =
    dataSource === undefined ? undefined : positiveProperty(dataSource, 'socketTimeout')
  return seconds === undefined ? undefined : seconds * secondMs
}
