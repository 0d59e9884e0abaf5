import type { Finding, Logger } from '@millrace/core/plugin'
import { parseColumn } from '@millrace/core/sql'
import type { SessionSettings, SourceSession } from '../connection/open-session.ts'
import { sourceFaultOf, statementErrorCode } from '../connection/source-error.ts'
import type { DescribedObject } from '../snapshot/source-object.ts'
import { quoteText } from '../snapshot/table-name.ts'
import { checkedVariables, readReaders, serverAdvice, serverFindings } from './check-server.ts'
import { readLogEnd, readLogFiles, statusStatement, type LogServer } from './log-server.ts'
import { openLog, randomServerId } from './open-log.ts'

/** What following changes is checked with. */
export interface ChangesCheck {
  readonly session: SourceSession
  readonly settings: SessionSettings
  readonly server: LogServer
  readonly described: readonly DescribedObject[]
  /** Connections that the job names. */
  readonly sourceCount: number
  /** `changes.serverId` of the job. */
  readonly serverId: number | undefined
  /** What is good to know and no fault goes there. */
  readonly logger: Logger
}

/** What stands against following the changes of the job's tables, each with the statement that mends it. */
export async function checkChanges(
  check: ChangesCheck,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const settings = await readVariables(check.session, signal)
  const objects = check.described.flatMap((described) => objectFindings(described))
  if (check.sourceCount > 1) {
    objects.push(error('changes of several data sources were asked for', 'Write a job for each.'))
  }
  if (!isOn(settings.get('log_bin'))) {
    const hint = 'Start the server with log_bin = ON and a server_id.'
    return [...objects, error('the server writes no binary log', hint)]
  }
  const readers = await readReaders(check.session, check.settings, signal)
  const { serverId, described } = check
  const server = { ...readers, variables: settings, serverId, described }
  for (const { message, hint } of serverAdvice(server)) check.logger.info(`${message} (${hint})`)
  return [
    ...objects,
    ...logFindings(settings, check.server),
    ...serverFindings(server),
    ...(await rightsFindings(check, signal)),
    ...(await tableFindings(check, signal)),
  ]
}

async function readVariables(
  { connection }: SourceSession,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const names = [
    'log_bin',
    'binlog_format',
    'binlog_row_image',
    'binlog_row_metadata',
    'binlog_row_value_options',
    'binlog_transaction_compression',
    'gtid_mode',
    ...checkedVariables,
  ]
  const list = names.map((name) => `'${name}'`).join(', ')
  const rows = await connection.query(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${list})`,
    signal,
  )
  return new Map(rows.map(([name, value]) => [(name ?? '').toLowerCase(), value ?? '']))
}

function isOn(value: string | undefined): boolean {
  return value === 'ON' || value === '1'
}

function logFindings(settings: ReadonlyMap<string, string>, server: LogServer): readonly Finding[] {
  const findings: Finding[] = []
  const wanted = (name: string, value: string, found: string) =>
    findings.push(
      error(`${name} is ${found}, expected ${value}`, `SET GLOBAL ${name} = '${value}';`),
    )
  const format = settings.get('binlog_format') ?? 'ROW'
  if (format !== 'ROW') wanted('binlog_format', 'ROW', format)
  const image = settings.get('binlog_row_image') ?? 'FULL'
  if (image !== 'FULL') wanted('binlog_row_image', 'FULL', image)
  const options = settings.get('binlog_row_value_options') ?? ''
  if (options !== '') wanted('binlog_row_value_options', '', options)
  if (isOn(settings.get('binlog_transaction_compression'))) {
    wanted('binlog_transaction_compression', 'OFF', 'ON')
  }
  const metadata = settings.get('binlog_row_metadata')
  if (metadata !== 'FULL') {
    findings.push(
      warning(
        `binlog_row_metadata is ${metadata ?? 'not known to the server'}: the log does not name columns, so changes made before an ALTER TABLE may not be readable behind it`,
        "SET GLOBAL binlog_row_metadata = 'FULL';",
      ),
    )
  }
  if (!server.isMariaDb && !server.hasGtids) {
    findings.push(
      warning(
        'gtid_mode is OFF: positions hold for this server alone, and are lost when another one takes its place',
        'SET PERSIST gtid_mode = ON, with enforce_gtid_consistency, in the steps of the manual.',
      ),
    )
  }
  return findings
}

async function rightsFindings(
  { session, settings, server }: ChangesCheck,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const user = await userOf(session, signal)
  const grant = (right: string) => `GRANT ${right} ON *.* TO ${user};`
  try {
    await readLogFiles(session, signal)
    const end = await readLogEnd(session, server, signal)
    findings.push(...(await dumpFindings(settings, server, end, grant, signal)))
  } catch (failure) {
    signal.throwIfAborted()
    const right = server.isMariaDb ? 'BINLOG MONITOR' : 'REPLICATION CLIENT'
    findings.push(
      error(
        `the binary logs may not be looked at: ${sourceFaultOf(failure).message}`,
        grant(right),
      ),
    )
  }
  return [...findings, ...(await lockFindings(session, grant, signal))]
}

/** Nothing but asking for the log tells whether it is given. */
async function dumpFindings(
  settings: SessionSettings,
  server: LogServer,
  end: Parameters<typeof openLog>[2],
  grant: (right: string) => string,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const log = await openLog(settings, server, end, randomServerId(), signal)
  const { stream } = log
  try {
    while (!stream.packets.next()) await stream.more(Number.MAX_SAFE_INTEGER, signal)
    const { bytes, start, end: packetEnd } = stream.packets
    if (bytes[start] !== 0xff) return []
    const message = bytes.toString('utf8', start + 9, packetEnd)
    const text = `the server does not give its log: ${message}`
    const found = error(text, grant('REPLICATION SLAVE'))
    const code = statementErrorCode({ errno: bytes.readUInt16LE(start + 1), message })
    return [code === 'SOURCE_NOT_PERMITTED' ? { ...found, code } : found]
  } finally {
    log.close()
  }
}

/** On MySQL writers are held for the instant in which a snapshot begins; MariaDB tells the place of a snapshot itself. */
async function lockFindings(
  { connection, isMariaDb }: SourceSession,
  grant: (right: string) => string,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (isMariaDb) return []
  const rows = await connection.query('SHOW GRANTS', signal)
  const grants = rows.map(([text]) => text ?? '')
  const isGranted = grants.some((text) =>
    /\b(?:ALL PRIVILEGES|RELOAD|FLUSH_TABLES|LOCK TABLES)\b/.test(text),
  )
  // What a role brings is not listed.
  if (isGranted || grants.some((text) => /^GRANT [`']/.test(text))) return []
  return [
    {
      ...error(
        'the user may not hold writers for the instant in which the snapshot begins',
        grant('RELOAD'),
      ),
      code: 'SOURCE_NOT_PERMITTED',
    },
  ]
}

async function userOf({ connection }: SourceSession, signal: AbortSignal): Promise<string> {
  const [row] = await connection.query('SELECT CURRENT_USER()', signal)
  const [name = '', host = '%'] = (row?.[0] ?? '').split('@')
  return `'${name}'@'${host}'`
}

function objectFindings({ object, selectList = [] }: DescribedObject): Finding[] {
  const { label, named, path } = object
  const refuse = (found: string): Finding => ({
    severity: 'error',
    message: `${label} cannot be followed: ${found}`,
    hint: 'Name a table with columns of its own, and leave the condition to the target of the job.',
    path,
  })
  if (object.table?.name === undefined || named?.statement !== undefined) {
    return [refuse('it is a statement, and only tables have changes')]
  }
  if (object.where !== undefined) return [refuse('where chooses rows, which the log does not')]
  const expression = (object.columns ?? []).find(
    (text, index) =>
      named === undefined &&
      parseColumn(text).kind !== 'quoted' &&
      !(selectList[index] ?? '').includes('`'),
  )
  return expression === undefined ? [] : [refuse(`${expression} is no column of it`)]
}

async function tableFindings(
  { session, server, described }: ChangesCheck,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { connection, isMariaDb, version } = session
  const filters = await logFilters(session, statusStatement(isMariaDb, version), signal)
  const findings: Finding[] = []
  for (const { object } of described) {
    const { table, label, path } = object
    const database = table?.schema ?? server.database ?? ''
    if (table?.name === undefined) continue
    const [row] = await connection.query(
      `SELECT TABLE_TYPE, ENGINE FROM information_schema.TABLES
        WHERE TABLE_SCHEMA = ${quoteText(database)} AND TABLE_NAME = ${quoteText(table.name)}`,
      signal,
    )
    const [type, engine] = row ?? []
    if (type?.includes('VIEW') === true) {
      const hint = 'Name the tables that it is made of.'
      findings.push({
        severity: 'error',
        message: `${label} is a view: the log has no changes of it`,
        hint,
        path,
      })
    } else if (engine != null && engine !== 'InnoDB') {
      findings.push({
        severity: 'warning',
        message: `${label} is kept by ${engine}, without transactions: changes made while the snapshot is read may be in it already`,
        hint: `ALTER TABLE ${table.quoted} ENGINE = InnoDB;`,
        path,
      })
    }
    if (filters.leavesOut(database)) {
      const hint = 'Start the server without binlog_do_db and binlog_ignore_db.'
      findings.push({
        severity: 'error',
        message: `the server leaves ${database} out of its log`,
        hint,
        path,
      })
    }
  }
  return findings
}

/** Databases that the server leaves out of its log. */
async function logFilters(
  { connection }: SourceSession,
  statement: string,
  signal: AbortSignal,
): Promise<{ readonly leavesOut: (database: string) => boolean }> {
  const rows = await connection.query(statement, signal).catch(() => [])
  const [, , only = '', never = ''] = rows[0] ?? []
  const list = (text: string | null) => (text ?? '').split(',').filter((name) => name !== '')
  const wanted = list(only)
  const unwanted = list(never)
  return {
    leavesOut: (database) =>
      (wanted.length > 0 && !wanted.includes(database)) || unwanted.includes(database),
  }
}

function error(message: string, hint: string): Finding {
  return { severity: 'error', message, hint, path: [] }
}

function warning(message: string, hint: string): Finding {
  return { severity: 'warning', message, hint, path: [] }
}
