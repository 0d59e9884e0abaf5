import { isRecord, type ConfigPath } from '@millrace/core/dialect'
import { isReadOnly } from '../lookup/read-only-commands.ts'
import type { Language } from '../model/expression.ts'
import type { Expression, MapObject, TransformBlock } from '../model/table-job.ts'
import type { BlockEntry } from './block-schema.ts'
import { checkTarget } from './check-target.ts'
import { expressionAt, type JobContext } from './job-context.ts'

type Entry<U extends BlockEntry['uses']> = Extract<BlockEntry, { uses: U }>['with']

const defaultLookupBatch = 200

/** Reads the entries of `transform`; wrong ones are reported and left out. */
export function readBlocks(
  entries: readonly BlockEntry[],
  context: JobContext,
): readonly TransformBlock[] {
  return entries.flatMap((entry, index) => {
    const path = ['transform', index, 'with']
    // What was left out of a wrong block is not missing.
    if (context.problems.hasErrorWithin(path)) return []
    const block = readBlock(entry, path, context)
    return block === undefined ? [] : [block]
  })
}

function readBlock(
  entry: BlockEntry,
  path: ConfigPath,
  context: JobContext,
): TransformBlock | undefined {
  switch (entry.uses) {
    case 'add_field':
      return readAddField(entry.with, path, context)
    case 'remove_field': {
      const fields = listOf(entry.with, ['field'], path, context)
      return fields && { uses: 'remove_field', fields: fields.map(({ part }) => part) }
    }
    case 'rename_field': {
      const fields = listOf(entry.with, ['from_field', 'to_field'], path, context)
      return (
        fields && {
          uses: 'rename_field',
          fields: fields.map(({ part }) => ({ from: part.from_field, to: part.to_field })),
        }
      )
    }
    case 'map':
      return readMap(entry.with, path, context)
    case 'filter': {
      const { expression, language } = entry.with
      const place = [...path, 'expression']
      return { uses: 'filter', expression: expressionAt(expression, language, place, context) }
    }
    case 'redis.lookup':
      return readLookup(entry.with, path, context)
  }
}

/** The parts of a block in either form: `fields`, or one part whose properties stand in the block itself. */
function listOf<K extends string>(
  entry: { readonly [key in K]?: string | undefined } & {
    readonly fields?: readonly { readonly [key in K]: string }[] | undefined
  },
  names: readonly K[],
  path: ConfigPath,
  { problems }: JobContext,
):
  | readonly { readonly part: { readonly [key in K]: string }; readonly path: ConfigPath }[]
  | undefined {
  const given = names.filter((name) => entry[name] !== undefined)
  if (entry.fields !== undefined) {
    const [extra] = given
    if (extra !== undefined) {
      const message = 'cannot stand beside "fields"'
      problems.error([...path, extra], { message, hint: 'Move it into the list.' }, 'key')
    }
    return entry.fields.map((part, index) => ({ part, path: [...path, 'fields', index] }))
  }
  if (given.length === 0) {
    const missing = names.map((name) => `"${name}"`).join(' and ')
    problems.error(path, `expected ${missing}, or a list of them under "fields"`)
    return undefined
  }
  const part: Partial<Record<K, string>> = {}
  for (const name of names) {
    const value = entry[name]
    if (value !== undefined && value !== '') part[name] = value
    else problems.error([...path, name], 'is missing: expected a text in quotes')
  }
  const isWhole = names.every((name) => part[name] !== undefined)
  return isWhole ? [{ part: part as Record<K, string>, path }] : undefined
}

function readAddField(
  entry: Entry<'add_field'>,
  path: ConfigPath,
  context: JobContext,
): TransformBlock | undefined {
  const names = ['field', 'expression', 'language'] as const
  const parts = listOf<(typeof names)[number]>(entry, names, path, context)
  if (parts === undefined) return undefined
  const fields = parts.map(({ part, path: own }) => ({
    field: part.field,
    expression: expressionAt(
      part.expression,
      part.language as Language,
      [...own, 'expression'],
      context,
    ),
  }))
  return { uses: 'add_field', fields }
}

function readMap(
  { expression, language }: Entry<'map'>,
  base: ConfigPath,
  context: JobContext,
): TransformBlock | undefined {
  const path = [...base, 'expression']
  if (typeof expression !== 'string')
    return { uses: 'map', expression: mapObject(expression, language, path, context) }
  if (language === 'sql') {
    const message = 'expected an expression for each field: one in SQL gives no record'
    context.problems.error(path, { message, hint: 'Write expression: { name: expression, ... }.' })
    return undefined
  }
  return { uses: 'map', expression: expressionAt(expression, language, path, context) }
}

function mapObject(
  object: Readonly<Record<string, unknown>>,
  language: Language,
  path: ConfigPath,
  context: JobContext,
): MapObject {
  const fields = Object.entries(object).flatMap(([name, value]) => {
    const own = [...path, name]
    const read = mapValue(value, language, own, context)
    return read === undefined ? [] : [{ name, value: read }]
  })
  if (Object.keys(object).length === 0)
    context.problems.error(path, 'expected at least one field, found none')
  return { fields }
}

function mapValue(
  value: unknown,
  language: Language,
  path: ConfigPath,
  context: JobContext,
): Expression | MapObject | undefined {
  if (typeof value === 'string' && value.trim() !== '')
    return expressionAt(value, language, path, context)
  if (typeof value === 'number') return expressionAt(String(value), language, path, context)
  if (isRecord(value)) return mapObject(value, language, path, context)
  context.problems.error(path, 'expected an expression, or an object with fields')
  return undefined
}

function readLookup(
  entry: Entry<'redis.lookup'>,
  path: ConfigPath,
  context: JobContext,
): TransformBlock {
  const { connection, cmd, args, language, field, when, batch } = entry
  checkTarget(connection, [...path, 'connection'], context)
  if (!isReadOnly(cmd)) {
    const message =
      'is not known to read only: a run that goes on or is repeated sends it again for the same rows'
    const hint = 'Use a command that reads, such as HGET; previews refuse others.'
    context.problems.warn([...path, 'cmd'], { message, hint })
  }
  const place = [...path, 'when', 'expression']
  return {
    uses: 'redis.lookup',
    connection,
    command: cmd,
    arguments: args.map((text, index) =>
      expressionAt(String(text), language, [...path, 'args', index], context),
    ),
    field,
    ...(when === undefined
      ? {}
      : { when: expressionAt(when.expression, when.language, place, context) }),
    batchSize: batch?.size ?? defaultLookupBatch,
  }
}
