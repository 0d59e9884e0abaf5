import type { Finding } from '@millrace/core/plugin'
import { nearestName } from '@millrace/core/sql'
import { writesFields, type RedisWriterConfig } from '../config/writer-config.ts'
import { templateColumns } from './key-template.ts'

/**
 * What does not fit between the parameters and the columns that will come: positions out of range, unknown names,
 * nothing left for the value. Used with the names of the job file and again with those of the source.
 */
export function columnFindings(
  config: RedisWriterConfig,
  columns: readonly string[],
): readonly Finding[] {
  return [
    ...keyFindings(config, columns),
    ...mappingFindings(config, columns),
    ...valueFindings(config, columns),
  ]
}

/** Positions of the columns that make the key; unknown ones are left out. */
export function keyColumns(
  config: RedisWriterConfig,
  columns: readonly string[],
): readonly number[] {
  const { key } = config
  const all =
    key.kind === 'indexes'
      ? key.indexes
      : templateColumns(key.pieces).map((name) => columns.indexOf(name))
  return all.filter((index) => index >= 0 && index < columns.length)
}

function keyFindings(config: RedisWriterConfig, columns: readonly string[]): Finding[] {
  const { key } = config
  if (key.kind === 'indexes') {
    return key.indexes.flatMap((index, at) =>
      index < columns.length
        ? []
        : [outOfRange(['keyIndexes', ...(key.indexes.length > 1 ? [at] : [])], index, columns)],
    )
  }
  return templateColumns(key.pieces)
    .filter((name) => !columns.includes(name))
    .map((name) => {
      const nearest = nearestName(name, columns)
      const hint =
        nearest === undefined
          ? `The columns are ${columns.join(', ')}.`
          : `Did you mean "${nearest}"?`
      return error(['keyTemplate'], `the reader has no column "${name}"`, hint)
    })
}

function mappingFindings(config: RedisWriterConfig, columns: readonly string[]): Finding[] {
  return (config.columns ?? []).flatMap((mapping, at) =>
    mapping.index < columns.length
      ? []
      : [outOfRange(['column', at, 'index'], mapping.index, columns)],
  )
}

function valueFindings(config: RedisWriterConfig, columns: readonly string[]): Finding[] {
  if (config.columns !== undefined) return []
  const keys = new Set(keyColumns(config, columns))
  const valueCount = columns.length - keys.size
  const path = [config.key.kind === 'indexes' ? 'keyIndexes' : 'keyTemplate']
  if (valueCount <= 0) {
    return [
      error(
        path,
        'the key takes every column of the reader: none is left for the value',
        'Leave a column out of the key, or read one more.',
      ),
    ]
  }
  if (writesFields(config.kind)) return duplicateFields(columns, keys)
  const needsPair = config.kind === 'zset/zadd' || config.kind === 'hash/hset'
  if (!needsPair || valueCount === 2) return []
  const pair = config.kind === 'zset/zadd' ? 'score and member' : 'field and value'
  return [
    {
      severity: 'warning',
      path: ['writeMode'],
      message: `${config.kind.slice(0, 4)} needs exactly two columns besides the key, ${pair}; the reader leaves ${valueCount}: every row will be dirty`,
      hint:
        config.kind === 'hash/hset'
          ? 'Read two columns besides the key, or write whole rows with "mode": "row".'
          : 'Read two columns besides the key.',
    },
  ]
}

/** Two columns of one name would be one field: the earlier value would be lost. */
function duplicateFields(columns: readonly string[], keys: ReadonlySet<number>): Finding[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const [index, name] of columns.entries()) {
    if (keys.has(index)) continue
    if (seen.has(name)) twice.add(name)
    seen.add(name)
  }
  return [...twice].map((name) =>
    error(
      ['writeMode'],
      `two columns of the reader are named "${name}": they would be one field`,
      'Give one of them another name, or list the fields in "column".',
    ),
  )
}

function outOfRange(
  path: readonly (string | number)[],
  index: number,
  columns: readonly string[],
): Finding {
  const range = columns.length === 1 ? 'only 0' : `0 to ${columns.length - 1}`
  return error(
    path,
    `column index ${index} is out of range: the reader has ${columns.length} columns (${range})`,
    'Indexes count from 0 over all columns of the reader.',
  )
}

function error(path: readonly (string | number)[], message: string, hint: string): Finding {
  return { severity: 'error', path, message, hint }
}
