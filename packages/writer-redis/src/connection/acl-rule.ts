import { commandOf, type RedisWriterConfig } from '../config/writer-config.ts'
import { checkpointKey } from '../checkpoint/guard.ts'
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
 * The rule under which a job runs: the commands it sends and the keys it touches, and nothing else. As `ACL SETUSER` takes
 * it; a password has to be added to a new user.
 */
export function aclRule(
  config: RedisWriterConfig,
  connection: RedisConnectionOptions,
  job: string,
): string {
  const expiry = { never: [], seconds: ['expire'], unixtime: ['expireat'] }[config.expiry.kind]
  const commands = new Set([
    commandOf(config.kind).toLowerCase(),
    ...(config.kind === 'string/set' ? [] : expiry),
    ...(connection.database === 0 ? [] : ['select']),
    ...always,
  ])
  const pattern = patternOf(config)
  // Redis takes no further pattern beside one for all keys.
  const keys = pattern === '*' ? [pattern] : [pattern, escaped(checkpointKey(job))]
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
