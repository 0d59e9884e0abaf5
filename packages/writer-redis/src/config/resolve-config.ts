import type { Finding } from '@millrace/core/plugin'
import { compileDatePattern } from '@millrace/core/record'
import { parseKeyTemplate } from '../encode/key-template.ts'
import { FindingList } from './finding-list.ts'
import { resolveExpiry } from './resolve-expiry.ts'
import { kindOfOutputs, resolveOutputs } from './resolve-outputs.ts'
import { resolveWriteKind } from './resolve-write-kind.ts'
import type { RedisWriterParameters } from './schema.ts'
import { writesFields } from './writer-config.ts'
import type {
  ColumnMapping,
  JsonType,
  KeyConfig,
  RedisWriterConfig,
  WriteKind,
} from './writer-config.ts'

const defaultDelimiter = '\u0001'
const defaultBatchSize = 1000
const defaultTimeoutMs = 30_000
const defaultRetryTimeoutMs = 300_000
const jsonTypes: readonly JsonType[] = ['string', 'int', 'long', 'double', 'bool']

/**
 * Brings validated parameters to one form. Never fails: what is wrong is noted in `findings`, for `validate` to report,
 * and a harmless value stands in its place.
 */
export function resolveConfig(parameters: RedisWriterParameters): RedisWriterConfig {
  const findings = new FindingList()
  const outputs = resolveOutputs(parameters, findings)
  const kind =
    outputs === undefined
      ? resolveWriteKind(parameters.writeMode ?? undefined, findings)
      : kindOfOutputs(outputs)
  const key = outputs === undefined ? resolveKey(parameters, findings) : noKey
  const columns = resolveColumns(parameters, kind, findings)
  const dateFormat = resolveDateFormat(parameters.dateFormat, findings)
  const isCluster = resolveRedisMode(parameters, findings)
  const valueDelimiter = resolveDelimiter(
    parameters.writeMode?.valueFieldDelimiter,
    ['writeMode', 'valueFieldDelimiter'],
    findings,
  )
  const datasource = parameters.datasource?.trim() ?? ''
  if (datasource === '') {
    findings.error(
      ['datasource'],
      'no data source is named',
      'Add "datasource" with a name of the data source file, or a URL such as "redis://127.0.0.1:6379".',
    )
  }
  return {
    ...(datasource === '' ? {} : { datasource }),
    kind,
    ...(outputs === undefined ? {} : { outputs }),
    key,
    valueDelimiter,
    strictDelimiter: parameters.strictDelimiter ?? false,
    ...(columns === undefined ? {} : { columns }),
    expiry: resolveExpiry(parameters, findings),
    ...(dateFormat === undefined ? {} : { dateFormat }),
    ...(parameters.selectDatabase === undefined ? {} : { database: parameters.selectDatabase }),
    isCluster,
    batchSize: parameters.batchSize ?? defaultBatchSize,
    timeoutMs: parameters.timeout ?? defaultTimeoutMs,
    retryTimeoutMs: parameters.retryTimeout ?? defaultRetryTimeoutMs,
    ...(parameters.sharedTables && { sharedTables: parameters.sharedTables }),
    ...(parameters.maxDeadLetters === undefined
      ? {}
      : { maxDeadLetters: parameters.maxDeadLetters }),
    allowsEviction: parameters.allowEviction ?? false,
    findings: findings.all,
  }
}

const noKey: KeyConfig = { kind: 'indexes', indexes: [], delimiter: defaultDelimiter }

function resolveKey(parameters: RedisWriterParameters, findings: FindingList): KeyConfig {
  const template = parameters.keyTemplate ?? ''
  const hasIndexes = parameters.keyIndexes !== undefined && parameters.keyIndexes !== null
  const delimiter = resolveDelimiter(parameters.keyFieldDelimiter, ['keyFieldDelimiter'], findings)
  if (template !== '') {
    if (parameters.keyFieldDelimiter !== undefined) {
      findings.warning(
        ['keyFieldDelimiter'],
        'has no effect beside keyTemplate, which says itself what stands between columns',
        'Remove it, or write it into the template: "#{a}:#{b}".',
      )
    }
    if (hasIndexes) {
      findings.error(
        ['keyTemplate'],
        'keyTemplate and keyIndexes exclude each other, both are given',
        'Keep one.',
      )
    }
    try {
      return { kind: 'template', pieces: parseKeyTemplate(template) }
    } catch (error) {
      findings.error(['keyTemplate'], messageOf(error), 'Write it like "user:#{id}".')
      return { kind: 'template', pieces: [] }
    }
  }
  if (!hasIndexes) {
    findings.error(
      ['keyIndexes'],
      'is missing: expected the positions of the columns that make the key',
      'Write "keyIndexes": 0 for the first column, [0, 1] for the first two, or "keyTemplate": "user:#{id}".',
    )
    return { kind: 'indexes', indexes: [], delimiter }
  }
  return { kind: 'indexes', indexes: resolveIndexes(parameters.keyIndexes, findings), delimiter }
}

function resolveIndexes(
  written: RedisWriterParameters['keyIndexes'],
  findings: FindingList,
): readonly number[] {
  const list = Array.isArray(written) ? written : [written]
  if (list.length === 0) {
    findings.error(
      ['keyIndexes'],
      'the list is empty: expected at least one column',
      'Write 0 for the first one.',
    )
  }
  const indexes: number[] = []
  for (const [at, entry] of list.entries()) {
    const path = Array.isArray(written) ? ['keyIndexes', at] : ['keyIndexes']
    const text = String(entry).trim()
    const index = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (!Number.isSafeInteger(index)) {
      findings.error(
        path,
        `expected the position of a column, an integer of at least 0, found ${JSON.stringify(entry)}`,
        'Positions count from 0.',
      )
    } else if (indexes.includes(index)) {
      findings.error(path, `column ${index} is listed twice`, 'List every column once.')
    } else {
      indexes.push(index)
    }
  }
  return indexes
}

/** `undefined` means: every column that is not part of the key. */
function resolveColumns(
  parameters: RedisWriterParameters,
  kind: WriteKind,
  findings: FindingList,
): readonly ColumnMapping[] | undefined {
  const written = parameters.column ?? []
  if (written.length === 0) return undefined
  if (kind !== 'string/set' && !writesFields(kind)) {
    findings.error(
      ['column'],
      `column makes a JSON value of string/set or the fields of hash/row, stream and json; writeMode is ${kind}`,
      'Remove column, or change writeMode.',
    )
    return undefined
  }
  const names = new Set<string>()
  return written.map((entry, at) => {
    if (entry.name.trim() === '')
      findings.error(['column', at, 'name'], 'the name is blank', 'Name the field.')
    if (names.has(entry.name)) {
      findings.error(
        ['column', at, 'name'],
        `the name ${JSON.stringify(entry.name)} is given twice`,
        'Give every field a name of its own.',
      )
    }
    names.add(entry.name)
    if (entry.index === undefined) {
      findings.error(
        ['column', at, 'index'],
        'is missing: expected the position of the column, from 0',
        'Add "index".',
      )
    }
    return {
      name: entry.name,
      index: entry.index ?? 0,
      type: resolveJsonType(entry.type, ['column', at, 'type'], findings),
    }
  })
}

function resolveJsonType(
  written: string | null | undefined,
  path: Finding['path'],
  findings: FindingList,
): JsonType {
  const name = (written ?? '').trim().toLowerCase()
  if (name === '') return 'string'
  const type = jsonTypes.find((one) => one === name)
  if (type === undefined) {
    findings.error(
      path,
      `expected ${jsonTypes.join(', ')}, found ${JSON.stringify(written)}`,
      'Leave it out for string.',
    )
  }
  return type ?? 'string'
}

/** `null` and absent are the default; the text of a lost backslash is taken literally, with a warning. */
function resolveDelimiter(written: unknown, path: Finding['path'], findings: FindingList): string {
  if (written === undefined || written === null) return defaultDelimiter
  if (typeof written !== 'string' || written === '') {
    findings.error(
      path,
      `bad delimiter: expected a text of at least one character, found ${JSON.stringify(written)}`,
      'Write it in quotes, such as ":" or "\\u0001", or leave it out.',
    )
    return defaultDelimiter
  }
  if (/^u[0-9a-fA-F]{4}$/.test(written)) {
    findings.warning(
      path,
      `delimiter is the text ${JSON.stringify(written)}; did you mean "\\${written}"?`,
      'It is taken literally.',
    )
  }
  return written
}

function resolveDateFormat(
  written: string | null | undefined,
  findings: FindingList,
): string | undefined {
  if (written === undefined || written === null || written.trim() === '') return undefined
  try {
    compileDatePattern(written)
    return written
  } catch (error) {
    findings.error(
      ['dateFormat'],
      messageOf(error),
      'Write it like "yyyy-MM-dd HH:mm:ss", literal text in single quotes.',
    )
    return undefined
  }
}

/** Whether the target is said to be a cluster. */
function resolveRedisMode(parameters: RedisWriterParameters, findings: FindingList): boolean {
  const written = (parameters.redisMode ?? '').trim()
  if (written === '') return false
  const mode = written.toLowerCase()
  if (mode !== 'clustermode' && mode !== 'clusterdirectmode') {
    findings.error(
      ['redisMode'],
      `expected "ClusterMode", "clusterDirectMode" or an empty text, found ${JSON.stringify(written)}`,
      'Leave it out for a single Redis, a Sentinel group or a proxy.',
    )
    return false
  }
  if ((parameters.selectDatabase ?? 0) !== 0) {
    findings.error(
      ['selectDatabase'],
      'a cluster has only database 0',
      'Remove selectDatabase, or redisMode.',
    )
  }
  return true
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
