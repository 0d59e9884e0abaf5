import { nearestName } from '@millrace/core/sql'
import type { FindingList } from './finding-list.ts'
import type { RedisWriterParameters } from './schema.ts'
import type { WriteKind } from './writer-config.ts'

type WriteMode = NonNullable<RedisWriterParameters['writeMode']>

/** Modes by type; the first one of a type other than list is what a missing mode means. */
const modesByType: Readonly<Record<string, readonly string[]>> = {
  string: ['set'],
  list: ['lpush', 'rpush'],
  set: ['sadd'],
  zset: ['zadd'],
  hash: ['hset', 'row'],
  stream: ['xadd'],
  json: ['set', 'merge'],
}
const types = Object.keys(modesByType)
const fallback: WriteKind = 'string/set'

/** Settles `writeMode`, the spellings of old jobs included. */
export function resolveWriteKind(written: WriteMode | undefined, findings: FindingList): WriteKind {
  if (written === undefined) return fallback
  const type = resolveType(written, findings)
  if (type === undefined) return fallback
  const mode = resolveMode(written, type, findings)
  return mode === undefined ? fallback : (`${type}/${mode}` as WriteKind)
}

function resolveType(written: WriteMode, findings: FindingList): string | undefined {
  const type = (written.type ?? '').trim().toLowerCase()
  if (types.includes(type)) return type
  const mode = writtenMode(written)
  if (type === '') {
    // A mode belongs to one type only, so it tells what was meant.
    const meant = types.find((one) => modesByType[one]?.includes(mode))
    findings.error(
      ['writeMode', 'type'],
      `is missing: expected ${quotedList(types)}`,
      meant === undefined ? 'Add "type".' : `Add "type": "${meant}".`,
    )
    return undefined
  }
  const nearest = nearestName(type, types)
  findings.error(
    ['writeMode', 'type'],
    `expected ${quotedList(types)}, found ${JSON.stringify(written.type)}`,
    nearest === undefined ? 'Choose one.' : `Did you mean "${nearest}"?`,
  )
  return undefined
}

function resolveMode(written: WriteMode, type: string, findings: FindingList): string | undefined {
  const modes = modesByType[type] ?? []
  const key = modeKey(written)
  const found = writtenMode(written)
  if (key === 'name') {
    findings.warning(
      ['writeMode', 'name'],
      'name is taken for mode',
      'Write "mode" instead of "name".',
    )
  }
  if (found === 'hmset' && type === 'hash') return 'hset'
  if (modes.includes(found)) return found
  if (found === '' && type !== 'list') return modes[0]
  const path = ['writeMode', key]
  if (found === '') {
    findings.error(
      path,
      'is missing: a list needs "lpush" or "rpush"',
      'Use "rpush" to keep the order of the source.',
    )
  } else if (found.includes('|')) {
    findings.error(
      path,
      `${JSON.stringify(written[key])} is no mode: choose one of ${quotedList(modes)}`,
      'Use "rpush" to keep the order of the source.',
    )
  } else {
    findings.error(
      path,
      `${JSON.stringify(written[key])} does not go with type "${type}": expected ${quotedList(modes)}`,
      `Valid are ${types.flatMap((one) => (modesByType[one] ?? []).map((mode) => `${one}/${mode}`)).join(', ')}.`,
    )
  }
  return undefined
}

function modeKey(written: WriteMode): 'mode' | 'name' {
  return (written.mode ?? '').trim() === '' && (written.name ?? '').trim() !== '' ? 'name' : 'mode'
}

function writtenMode(written: WriteMode): string {
  return (written[modeKey(written)] ?? '').trim().toLowerCase()
}

function quotedList(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`)
  if (quoted.length < 2) return quoted.join('')
  return `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}
