import { parseKeyTemplate } from '../encode/key-template.ts'
import type { OutputRoutes, OutputType, WriterOutput } from './writer-output.ts'

const commandsByType: Readonly<Record<OutputType, readonly string[]>> = {
  hash: ['HSET', 'HDEL', 'HGET', 'HEXISTS'],
  json: ['JSON.SET', 'JSON.MERGE', 'JSON.DEL'],
  set: ['SADD', 'SREM'],
  zset: ['ZADD', 'ZREM'],
  stream: ['XADD'],
  string: ['SET', 'GET'],
}

/** Every command that the outputs may send, each once. */
export function outputCommands(routes: OutputRoutes): readonly string[] {
  const outputs = Object.values(routes).flat()
  // Keys that change are renamed or deleted; expiries look at the type first.
  return [
    ...new Set([
      ...outputs.flatMap(jsonNeeds),
      ...outputs.flatMap(({ type }) => (type === 'json' ? [] : commandsByType[type])),
      'DEL',
      'EVAL',
      'TYPE',
      'RENAME',
      ...(outputs.some(({ expire }) => expire !== undefined) ? ['EXPIRE', 'PERSIST'] : []),
    ]),
  ]
}

/** The commands of RedisJSON that the outputs need. */
export function jsonCommands(routes: OutputRoutes): readonly string[] {
  return [...new Set(Object.values(routes).flat().flatMap(jsonNeeds))]
}

function jsonNeeds(output: WriterOutput): readonly string[] {
  if (output.type !== 'json') return []
  const merges = output.nativeMerge !== false && (output.onUpdate === 'merge' || output.nest)
  return commandsByType.json.filter(
    (name) => (name !== 'JSON.MERGE' || merges) && (name !== 'JSON.DEL' || output.nest),
  )
}

/** Globs that match every key of the outputs; `undefined` when nothing is known of one of them. */
export function outputPatterns(
  routes: OutputRoutes,
  escaped: (text: string) => string,
): readonly string[] | undefined {
  const patterns = Object.values(routes)
    .flat()
    .map(({ key }) => {
      if (key === undefined || 'column' in key) return undefined
      return parseKeyTemplate(key.template, { mayBeConstant: true })
        .map((piece) => (piece.kind === 'text' ? escaped(piece.text) : '*'))
        .join('')
    })
  const known = patterns.filter((pattern) => pattern !== undefined)
  return known.length < patterns.length || known.includes('*') ? undefined : [...new Set(known)]
}

/** A command of each kind as the outputs would send it, for asking whether the user may. */
export function outputProbes(routes: OutputRoutes, key: string): readonly (readonly string[])[] {
  return outputCommands(routes).map((command) => [
    command,
    ...(probeArguments[command]?.(key) ?? [key]),
  ])
}

const probeArguments: Readonly<Record<string, (key: string) => readonly string[]>> = {
  HSET: (key) => [key, 'f', 'v'],
  HDEL: (key) => [key, 'f'],
  HGET: (key) => [key, 'f'],
  HEXISTS: (key) => [key, 'f'],
  'JSON.SET': (key) => [key, '$', '{}'],
  'JSON.MERGE': (key) => [key, '$', '{}'],
  'JSON.DEL': (key) => [key, '$.a'],
  SADD: (key) => [key, 'm'],
  SREM: (key) => [key, 'm'],
  ZADD: (key) => [key, '1', 'm'],
  ZREM: (key) => [key, 'm'],
  XADD: (key) => [key, '*', 'f', 'v'],
  SET: (key) => [key, 'v'],
  EVAL: (key) => ['return 1', '1', key],
  RENAME: (key) => [key, key],
  EXPIRE: (key) => [key, '1'],
}
