import { PluginError, type Finding } from '@millrace/core/plugin'
import { checkpointKey, requestsKey, witnessKey } from '../checkpoint/guard.ts'
import {
  commandOf,
  isIdempotent,
  type RedisWriterConfig,
  type WriteKind,
} from '../config/writer-config.ts'
import { deadLetterKey } from '../dead-letters.ts'
import { outputProbes } from '../output/output-commands.ts'
import type { KeyGlob } from '../output/key-globs.ts'
import type { ControlConnection } from './control.ts'
import { notPermitted } from './server-errors.ts'

/** What decides which commands and keys a job needs. */
export interface PermissionNeeds {
  readonly config: RedisWriterConfig
  /** The job, whose name is in the key of its checkpoint; absent outside of one. */
  readonly job: string | undefined
  /** Hash tag of the data, where both stand in one slot of a cluster. */
  readonly hashTag: string | undefined
  /** The rows go to several masters of a cluster. */
  readonly isSpread: boolean
  readonly follows: boolean
  readonly globs: readonly KeyGlob[]
}

/** A command as the job would send it. */
interface Probe {
  readonly command: readonly string[]
  /** What it means that the user may run the command, but not with this key; absent: the key is none of the job's. */
  readonly key?: 'required' | 'likely'
  /** The job goes without it for a while, or altogether. */
  readonly isOptional?: boolean
}

/** Belongs to no job. */
const anyKey = 'millrace:probe'

/**
 * A server that can (Redis 7 and later, where the user may run `ACL DRYRUN`) tells beforehand what it would not let the job
 * run: what writes rows, keeps the checkpoint and follows changes. Gives warnings for what the job does not need at once.
 *
 * @throws PluginError TARGET_NOT_PERMITTED
 */
export async function checkPermissions(
  control: ControlConnection,
  needs: PermissionNeeds,
  user: string,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const probes = probesOf(needs)
  const answers = await Promise.all(
    probes.map(async ({ command }) => await control.call('ACL', 'DRYRUN', user, ...command)),
  )
  for (const [at, probe] of probes.entries()) {
    const answer = answers[at]
    if (typeof answer !== 'string') continue
    const error = refusalOf(probe, answer, control.target)
    if (error === undefined) continue
    if (probe.isOptional !== true && probe.key !== 'likely') throw error
    const { message, hint } = error
    findings.push({
      severity: 'warning',
      path: ['datasource'],
      message,
      ...(hint === undefined ? {} : { hint }),
    })
  }
  return findings
}

function refusalOf(
  { command, key }: Probe,
  answer: string,
  target: string,
): PluginError | undefined {
  const [name = ''] = command
  if (/permissions? to run/.test(answer)) return notPermitted(name, target, answer)
  if (key === undefined || !/permissions? to access/.test(answer)) return undefined
  return new PluginError({
    code: 'TARGET_NOT_PERMITTED',
    message: `${target} does not permit ${name} on keys like ${keyOf(command)}: ${answer}`,
    hint: `Let the user reach the keys of the job: ACL SETUSER <user> ~${keyOf(command)} (check --connect prints the whole rule).`,
  })
}

/** `EVAL` names its key behind the script and the number of keys. */
function keyOf([name = '', ...args]: readonly string[]): string {
  return (name === 'EVAL' ? args[2] : args[0]) ?? ''
}

function probesOf(needs: PermissionNeeds): readonly Probe[] {
  const { config, globs } = needs
  const rows = config.outputs === undefined ? rowCommands(config, anyKey) : undefined
  const written = rows ?? outputProbes(config.outputs ?? {}, anyKey)
  return [
    ...written.map((command) => ({ command })),
    ...globs.map(({ example }): Probe => ({
      command: rows === undefined ? ['DEL', example] : (rowCommands(config, example)[0] ?? []),
      key: 'likely',
    })),
    ...checkpointProbes(needs),
    ...followProbes(needs),
  ]
}

function rowCommands(config: RedisWriterConfig, key: string): readonly (readonly string[])[] {
  const isList = !isIdempotent(config.kind)
  const isString = config.kind === 'string/set'
  const write = [commandOf(config.kind), key, ...probeValues(config.kind)]
  const expires = config.expiry.kind !== 'never' && !isString
  const expire = config.expiry.kind === 'unixtime' ? 'EXPIREAT' : 'EXPIRE'
  return [
    write,
    ...(expires ? [[expire, key, '1']] : []),
    ...(expires ? [['EVAL', 'return 1', '1', key]] : []),
    ...(expires && !isList ? [['TYPE', key]] : []),
    ...(isList ? [['MULTI'], ['EXEC']] : []),
  ]
}

function probeValues(kind: WriteKind): readonly string[] {
  if (kind === 'zset/zadd') return ['1', 'm']
  if (kind === 'stream/xadd') return ['*', 'f', 'v']
  if (kind.startsWith('json/')) return ['$', '{}']
  return kind.startsWith('hash/') ? ['f', 'v'] : ['v']
}

function checkpointProbes({ job, hashTag, isSpread }: PermissionNeeds): readonly Probe[] {
  if (job === undefined) return []
  const key = checkpointKey(job, hashTag)
  const commands = [
    ['HGETALL', key],
    ['HGET', key, 'f'],
    ['HSET', key, 'f', 'v'],
    ['HDEL', key, 'f'],
    ['EVAL', 'return 1', '1', key],
    ...(isSpread
      ? []
      : [
          ['WATCH', key],
          ['MULTI'],
          ['EXEC'],
          ['EXPIRE', key, '1'],
          ['PERSIST', key],
          ['DEL', key],
        ]),
  ]
  const witness = witnessKey(job, '0')
  return [
    ...commands.map((command): Probe => ({ command, key: 'required' })),
    ...(isSpread
      ? [
          ['HSET', witness, 'f', 'v'],
          ['DEL', witness],
        ].map((command): Probe => ({
          command,
          key: 'required',
          isOptional: true,
        }))
      : []),
  ]
}

function followProbes({ config, job, hashTag, follows }: PermissionNeeds): readonly Probe[] {
  const deadLetters: Probe[] =
    config.maxDeadLetters === undefined
      ? []
      : [{ command: ['XADD', deadLetterKey('t'), '*', 'f', 'v'], key: 'likely' }]
  if (!follows || job === undefined) return deadLetters
  const requests = requestsKey(job, hashTag)
  const optional = [
    ['RPUSH', requests, 'v'],
    ['WAIT', '1', '1'],
    ['SCAN', '0'],
    ['UNLINK', anyKey],
  ]
  return [
    ...deadLetters,
    { command: ['LRANGE', requests, '0', '-1'], key: 'required' },
    { command: ['LTRIM', requests, '1', '-1'], key: 'required' },
    ...optional.map((command) => ({ command, isOptional: true })),
  ]
}
