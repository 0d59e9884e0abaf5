import { PluginError, type Finding } from '@millrace/core/plugin'
import { commandOf, type RedisWriterConfig } from '../config/writer-config.ts'
import { checkJsonCommands } from '../output/check-json.ts'
import { jsonCommands } from '../output/output-commands.ts'
import { RespError } from '../resp/resp-error.ts'
import { clockFindings } from './check-clock.ts'
import { existingKeyFindings } from './check-existing-keys.ts'
import { memoryFindings } from './check-memory.ts'
import { checkPermissions, type PermissionNeeds } from './check-permissions.ts'
import { checkRetention } from './check-retention.ts'
import { openControl, type ControlConnection, type TextReply } from './control.ts'
import type { RedisConnectionOptions } from './connection-options.ts'
import { loginCommands } from './login.ts'
import {
  classifyError,
  clusterHint,
  databaseOutOfRange,
  notPermitted,
  refusedLogin,
  shownText,
  unreachable,
} from './server-errors.ts'

/**
 * Looks at one server without writing: reachable, logged in, a primary, part of a cluster only when the job says so, with
 * the database and the commands that the job needs. Gives warnings, one of them for what the user may not look at.
 *
 * @throws PluginError TARGET_UNREACHABLE, TARGET_NOT_PERMITTED or TARGET_UNFIT, or the reason of the signal
 */
export async function checkTarget(
  needs: PermissionNeeds,
  connection: RedisConnectionOptions,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { config } = needs
  using control = await openControl(connection, signal)
  try {
    await logIn(control, connection)
    await checkAlive(control)
    const role = await control.call('ROLE')
    checkRole(control.target, role)
    await checkJsonCommands(control, jsonCommandsOf(config))
    const info = await control.call('INFO')
    const findings = [
      ...unseen(control.target, { ROLE: role, INFO: info }),
      ...(await checkServer(control, config, connection.cluster !== undefined, info)),
    ]
    await checkDatabase(control, connection.database)
    return [
      ...findings,
      ...(await checkPermissions(control, needs, connection.user ?? 'default')),
      ...(await existingKeyFindings(control, needs.globs)),
    ]
  } catch (error) {
    signal.throwIfAborted()
    throw PluginError.isInstance(error) ? error : unreachable(control.target, error)
  }
}

async function logIn(control: ControlConnection, connection: RedisConnectionOptions) {
  for (const [command = 'AUTH', ...args] of loginCommands(connection.user, connection.password)) {
    const error = await refusalOf(control, command, ...args)
    if (error !== undefined) throw refusedLogin(control.target, error)
  }
}

async function checkAlive(control: ControlConnection): Promise<void> {
  const error = await refusalOf(control, 'PING')
  if (error === undefined || error.code === 'NOPERM') return
  if (error.code === 'NOAUTH') throw refusedLogin(control.target, error)
  throw new PluginError({
    code: 'TARGET_UNREACHABLE',
    message: `Redis at ${control.target} does not answer PING: ${shownText(error)}`,
    hint: 'Wait until the server is ready, then run the job again.',
    isRetryable: classifyError(error) === 'retryable',
  })
}

/** What the server did not answer, and what was therefore not looked at. */
function unseen(target: string, replies: Readonly<Record<'ROLE' | 'INFO', TextReply>>): Finding[] {
  const refused = Object.entries(replies).flatMap(([command, reply]) =>
    reply instanceof RespError ? [{ command, error: reply }] : [],
  )
  const [first] = refused
  if (first === undefined) return []
  const commands = refused.map(({ command }) => command)
  const what = [
    ...(commands.includes('ROLE') ? ['whether it is a replica'] : []),
    ...(commands.includes('INFO') ? ['whether it may drop keys, and what it keeps on disk'] : []),
  ]
  const rights = commands.map((command) => `+${command.toLowerCase()}`).join(' ')
  return [
    {
      severity: 'warning',
      path: ['datasource'],
      message: `Redis at ${target} does not answer ${commands.join(' and ')} (${shownText(first.error)}): ${what.join(', ')} was not looked at`,
      ...(first.error.code === 'NOPERM' ? { hint: `ACL SETUSER <user> ${rights}` } : {}),
    },
  ]
}

function checkRole(target: string, role: TextReply): void {
  if (!Array.isArray(role) || String(role[0]) !== 'slave') return
  throw new PluginError({
    code: 'TARGET_UNFIT',
    message: `Redis at ${target} is a replica of ${String(role[1])}:${String(role[2])}: what is written to it is lost or refused`,
    hint: 'Name the primary in the data source.',
  })
}

async function checkServer(
  control: ControlConnection,
  config: RedisWriterConfig,
  isCluster: boolean,
  info: TextReply,
): Promise<readonly Finding[]> {
  const nowMs = Date.now()
  if (typeof info !== 'string') return []
  if (!isCluster && /^cluster_enabled:1/m.test(info)) {
    throw new PluginError({
      code: 'TARGET_UNFIT',
      message: `Redis at ${control.target} is a node of a Redis cluster, and the job takes it for a single Redis`,
      hint: clusterHint,
    })
  }
  checkVersion(control.target, config, info)
  return [
    ...(await checkRetention(control, config, info)),
    ...memoryFindings(control.target, info),
    ...clockFindings(control.target, info, nowMs),
  ]
}

function checkVersion(target: string, config: RedisWriterConfig, info: string): void {
  const version = /^redis_version:(\d+)\.(\d+)/m.exec(info)
  if (version === null || config.kind !== 'string/set' || config.expiry.kind !== 'unixtime') return
  if (Number(version[1]) * 100 + Number(version[2]) >= 602) return
  throw new PluginError({
    code: 'TARGET_UNFIT',
    message: `expireTime.unixtime for strings needs SET with EXAT, which Redis has since 6.2; ${target} is ${version[1]}.${version[2]}`,
    hint: 'Use expireTime.seconds, or a newer server.',
  })
}

async function checkDatabase(control: ControlConnection, database: number): Promise<void> {
  if (database === 0) return
  const error = await refusalOf(control, 'SELECT', String(database))
  if (error === undefined) return
  if (error.code === 'NOPERM') throw notPermitted('SELECT', control.target, shownText(error))
  const databases = await answerOf(control, 'CONFIG', 'GET', 'databases')
  const count = Array.isArray(databases) ? Number(databases[1]) : Number.NaN
  throw databaseOutOfRange(database, control.target, Number.isInteger(count) ? count : undefined)
}

/** Commands of RedisJSON that the job sends. */
function jsonCommandsOf({ kind, outputs }: RedisWriterConfig): readonly string[] {
  if (outputs !== undefined) return jsonCommands(outputs)
  return kind.startsWith('json/') ? [commandOf(kind)] : []
}

/** The error a command is answered with; `undefined` when it succeeds. Lost connections are thrown. */
async function refusalOf(
  control: ControlConnection,
  command: string,
  ...args: readonly string[]
): Promise<RespError | undefined> {
  const reply = await control.call(command, ...args)
  return reply instanceof RespError ? reply : undefined
}

/** What a command is answered with; `undefined` when the server does not know or permit it. */
async function answerOf(
  control: ControlConnection,
  command: string,
  ...args: readonly string[]
): Promise<Exclude<TextReply, RespError> | undefined> {
  const reply = await control.call(command, ...args)
  return reply instanceof RespError ? undefined : reply
}
