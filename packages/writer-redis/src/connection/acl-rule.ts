import { deadLetterKey } from '../dead-letters.ts'
import { commandOf, type RedisWriterConfig } from '../config/writer-config.ts'
import { outputCommands, outputPatterns } from '../output/output-commands.ts'
import { checkpointKey, requestsKey, witnessKey } from '../checkpoint/guard.ts'
import { constantHashTag } from '../encode/hash-tag.ts'
import type { RedisConnectionOptions } from './connection-options.ts'

/** What the checkpoint, the connections and the checks before the start send, whatever the job writes. */
const always = [
  // Connections and what keeps old ones from being applied late.
  'ping client|setname client|id client|kill client|list',
  // The checks before the start. What CONFIG and ACL would tell is worth less than the rights they are.
  'role info',
  // The guarded group and the scripts of the checkpoint.
  'watch multi exec eval hget hset hdel hgetall del expire persist',
  // Keys of another type are looked for; del removes them.
  'type',
].flatMap((line) => line.split(' '))

/**
 * What is sent besides by a job that follows changes: to hear of requests and to leave one, to wait for replicas, and to empty tables. WAITAOF is
 * unknown to servers before 7.2, which would refuse the whole rule.
 */
const following = ['lrange', 'ltrim', 'rpush', 'wait', 'scan', 'unlink']

/**
 * The rule under which a job runs: the commands it sends and the keys it touches, and nothing else. As `ACL SETUSER` takes
 * it; a password has to be added to a new user.
 */
export function aclRule(
  config: RedisWriterConfig,
  connection: RedisConnectionOptions,
  job: string,
  { follows = false }: { readonly follows?: boolean | undefined } = {},
): string {
  const { outputs, maxDeadLetters } = config
  const written = outputs === undefined ? [commandOf(config.kind)] : outputCommands(outputs)
  const expiry = { never: [], seconds: ['expire'], unixtime: ['expireat'] }[config.expiry.kind]
  const commands = new Set([
    ...written.map((command) => command.toLowerCase()),
    ...(config.kind === 'string/set' ? [] : expiry),
    ...(connection.database === 0 ? [] : ['select']),
    ...(connection.cluster === undefined ? [] : ['cluster|slots']),
    ...always,
    ...(follows ? following : []),
    ...(maxDeadLetters === undefined ? [] : ['xadd']),
  ])
  const patterns =
    outputs === undefined ? [patternOf(config)] : (outputPatterns(outputs, escaped) ?? ['*'])
  const hashTag = connection.cluster === undefined ? undefined : constantHashTag(config.key)
  // Redis takes no further pattern beside one for all keys.
  const own = [checkpointKey(job, hashTag), ...(follows ? [requestsKey(job, hashTag)] : [])]
  const isSpread = connection.cluster !== undefined && hashTag === undefined
  const witnesses = isSpread ? [witnessKey(escaped(job), '*')] : []
  const deadLetters = maxDeadLetters === undefined ? [] : [deadLetterKey('*')]
  const keys = patterns.includes('*')
    ? ['*']
    : [...patterns, ...deadLetters, ...own.map(escaped), ...witnesses]
  return [
    `ACL SETUSER ${connection.user ?? '<user>'} on resetkeys resetchannels -@all`,
    ...keys.map((key) => quoted(`~${key}`)),
    ...[...commands].map((command) => `+${command}`),
  ].join(' ')
}

/** A glob that matches every key of the job. */
function patternOf({ key }: RedisWriterConfig): string {
  if (key.kind === 'indexes') return '*'
  return key.pieces.map((piece) => (piece.kind === 'text' ? escaped(piece.text) : '*')).join('')
}

function escaped(text: string): string {
  return text.replaceAll(/[\\*?[\]]/g, (sign) => `\\${sign}`)
}

/** As `redis-cli` reads it. */
function quoted(argument: string): string {
  return /^[\w~*:{}.-]+$/.test(argument)
    ? argument
    : `"${argument.replaceAll(/["\\]/g, (sign) => `\\${sign}`)}"`
}
