import type { DataSource, Finding } from '@millrace/core/plugin'
import type { SessionSettings, SourceSession } from '../connection/open-session.ts'
import type { DescribedObject } from '../snapshot/source-object.ts'

/** What is known of a server whose changes are to be followed. */
export interface CheckedServer {
  /** Its variables, by their names in lower case. */
  readonly variables: ReadonlyMap<string, string>
  /** `changes.serverId` of the job; absent: a random one. */
  readonly serverId: number | undefined
  /** Numbers of the replicas that read its log. */
  readonly replicaIds: readonly number[]
  readonly isEncrypted: boolean
  readonly dataSource: DataSource
  readonly described: readonly Pick<DescribedObject, 'object' | 'schema'>[]
}

/** Something to know, which is no fault: what was found, and the statement that changes it. */
export interface Advice {
  readonly message: string
  readonly hint: string
}

/** Variables that are looked at here. */
export const checkedVariables = [
  'server_id',
  'time_zone',
  'system_time_zone',
  'lower_case_table_names',
  'binlog_expire_logs_seconds',
  'expire_logs_days',
]

const secondsOfDay = 86_400
/** A server that forgets earlier than this leaves little time to mend a job that stands. */
const shortSeconds = secondsOfDay
/** Outlasts a long weekend. */
const usualSeconds = 7 * secondsOfDay

/** Asks the server who reads its log, and whether it is talked to over TLS. */
export async function readReaders(
  { connection, isMariaDb, version }: SourceSession,
  { dataSource }: SessionSettings,
  signal: AbortSignal,
): Promise<Pick<CheckedServer, 'replicaIds' | 'isEncrypted' | 'dataSource'>> {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => parseInt(part, 10))
  const isRenamed = !isMariaDb && (major > 8 || (major === 8 && (minor > 0 || patch >= 22)))
  const statement = isRenamed ? 'SHOW REPLICAS' : 'SHOW SLAVE HOSTS'
  // It takes a right that following does not.
  const rows = await connection.query(statement, signal).catch(() => [])
  signal.throwIfAborted()
  const [cipher] = await connection.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'", signal)
  return {
    replicaIds: rows.map(([id]) => Number(id)),
    isEncrypted: (cipher?.[1] ?? '') !== '',
    dataSource,
  }
}

/** What may end following, or make it lose its place. */
export function serverFindings(server: CheckedServer): readonly Finding[] {
  const findings: Finding[] = []
  const { serverId, replicaIds, variables } = server
  const own = Number(variables.get('server_id') ?? 1)
  if (own === 0)
    findings.push(
      warning('server_id is 0: the server gives its log to nobody', 'SET GLOBAL server_id = 1;'),
    )
  if (serverId !== undefined && (serverId === own || replicaIds.includes(serverId))) {
    const owner = serverId === own ? 'the server itself' : 'a replica that reads the log already'
    const taken = new Set([own, ...replicaIds])
    let free = serverId
    while (taken.has(free)) free += 1
    findings.push(
      warning(
        `changes.serverId ${serverId} is the server_id of ${owner}: one of two readers with the same number is cut off`,
        `Write changes: { "serverId": ${free} }, or leave it out.`,
        ['changes', 'serverId'],
      ),
    )
  }
  const kept = keptSeconds(variables)
  if (kept > 0 && kept < shortSeconds)
    findings.push(
      warning(
        `the server keeps its binary logs for ${kept} s: a job that stands for longer has to take a new snapshot`,
        longerRetention(variables),
      ),
    )
  return findings
}

/** What is good to know of a server that is as it should be. */
export function serverAdvice(server: CheckedServer): readonly Advice[] {
  const { variables, isEncrypted, dataSource } = server
  const advice: Advice[] = []
  const kept = keptSeconds(variables)
  if (kept >= shortSeconds && kept < usualSeconds)
    advice.push({
      message: `the server keeps its binary logs for ${Math.floor(kept / 3600)} h, which a job that stands over a long weekend may outlast`,
      hint: longerRetention(variables),
    })
  if ((variables.get('lower_case_table_names') ?? '0') !== '0')
    advice.push({
      message: `lower_case_table_names is ${variables.get('lower_case_table_names')}: names of tables are compared without their case, and keys have them as the server writes them`,
      hint: 'Where keys are to begin otherwise, give the outputs of the job a key.',
    })
  if (!isEncrypted && !isLocal(dataSource))
    advice.push({
      message: 'the connection is not encrypted',
      hint: 'Add tls: { ca: ... } to the data source.',
    })
  return [...advice, ...wallClockAdvice(server)]
}

/** `DATETIME` has no zone: what the server's clock shows is what arrives. */
function wallClockAdvice({ variables, described }: CheckedServer): readonly Advice[] {
  const zone = variables.get('time_zone') ?? 'SYSTEM'
  const meant = zone === 'SYSTEM' ? (variables.get('system_time_zone') ?? '') : zone
  if (/^(?:UTC|GMT|Etc\/UTC|[+-]00:00|)$/i.test(meant)) return []
  const columns = described.flatMap(({ object, schema }) =>
    schema.fields
      .filter(({ type }) => type === 'datetime')
      .map(({ name }) => `${object.label}.${name}`),
  )
  const [first] = columns
  if (first === undefined) return []
  const shown = columns.slice(0, 5).join(', ')
  const others = columns.length > 5 ? ` and ${columns.length - 5} others` : ''
  return [
    {
      message: `time_zone of the server is ${meant}: DATETIME columns (${shown}${others}) come as they stand, without a zone; TIMESTAMP columns come as instants in UTC`,
      hint: "For UTC in what is written from now on: SET GLOBAL time_zone = '+00:00';",
    },
  ]
}

function longerRetention(variables: ReadonlyMap<string, string>): string {
  return variables.has('binlog_expire_logs_seconds')
    ? `SET GLOBAL binlog_expire_logs_seconds = ${usualSeconds};`
    : `SET GLOBAL expire_logs_days = ${usualSeconds / secondsOfDay};`
}

/** For how long logs are kept; 0: without an end. */
function keptSeconds(variables: ReadonlyMap<string, string>): number {
  const seconds = Number(variables.get('binlog_expire_logs_seconds') ?? 0)
  return seconds > 0 ? seconds : Number(variables.get('expire_logs_days') ?? 0) * secondsOfDay
}

function isLocal({ hosts, socketPath }: DataSource): boolean {
  if (socketPath !== undefined) return true
  return hosts.every(({ host }) => /^(?:localhost|127(?:\.\d+){3}|::1)$/i.test(host))
}

function warning(message: string, hint: string, path: Finding['path'] = []): Finding {
  return { severity: 'warning', message, hint, path }
}
