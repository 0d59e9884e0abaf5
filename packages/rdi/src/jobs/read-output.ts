import type { ConfigPath } from '@millrace/core/dialect'
import type { Expression, Nest, Output, TemporalForm } from '../model/table-job.ts'
import { checkTarget } from './check-target.ts'
import { expressionAt, type JobContext } from './job-context.ts'
import type { WriteEntry } from './output-schema.ts'
import { checkArguments, readArguments } from './output-arguments.ts'

type DataType = Output['dataType']

const withMapping: readonly DataType[] = ['hash', 'json', 'stream']

/** What is written where a job says nothing: every column, under the default key. */
export function defaultOutput({ settings }: Pick<JobContext, 'settings'>): Output {
  return {
    connection: 'target',
    dataType: settings.targetDataType,
    arguments: {},
    onUpdate: settings.jsonUpdateStrategy,
  }
}

/** Reads `with` of an output; what is wrong is reported, with a message of its own for every rule. */
export function readOutput(
  entry: WriteEntry,
  path: ConfigPath,
  temporal: TemporalForm | undefined,
  context: JobContext,
): Output {
  const { settings } = context
  const dataType = entry.data_type ?? settings.targetDataType
  const onUpdate = entry.on_update ?? settings.jsonUpdateStrategy
  const connection = entry.connection ?? 'target'
  // Of an output with wrong parts, the others cannot be judged.
  if (!context.problems.hasErrorWithin(path))
    checkRules(entry, { dataType, onUpdate }, path, context)
  const mapping = readMapping(entry.mapping, [...path, 'mapping'], context)
  const expire = readExpire(entry.expire, [...path, 'expire'], context)
  const { max_len: maxLength, temporal: ownTemporal = temporal } = entry.millrace ?? {}
  const { key } = entry
  const keyPath = [...path, 'key', 'expression']
  return {
    connection,
    dataType,
    ...(key && { key: expressionAt(key.expression, key.language, keyPath, context) }),
    ...(mapping && { mapping }),
    arguments: readArguments(entry, dataType),
    onUpdate,
    ...(expire === undefined ? {} : { expire }),
    ...(entry.nest && { nest: readNest(entry.nest) }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(ownTemporal && { temporal: ownTemporal }),
  }
}

type Kind = Pick<Output, 'dataType' | 'onUpdate'>

function checkRules(entry: WriteEntry, kind: Kind, path: ConfigPath, context: JobContext): void {
  const { problems } = context
  const { dataType } = kind
  checkTarget(
    entry.connection ?? 'target',
    entry.connection === undefined ? path : [...path, 'connection'],
    context,
  )
  if (entry.on_update === 'merge' && dataType !== 'json') {
    problems.warn([...path, 'on_update'], `has no effect for ${dataType}`, 'key')
  }
  if (entry.nest === undefined) checkArguments(entry, dataType, path, context)
  else checkNest(entry, kind, path, context)
  if (entry.mapping !== undefined && !withMapping.includes(dataType)) {
    const hint = 'Name its fields in "args"; a mapping is for hash, json and stream.'
    problems.error([...path, 'mapping'], { message: `has no meaning for ${dataType}`, hint }, 'key')
  }
  if (entry.millrace?.max_len !== undefined && dataType !== 'stream') {
    const message = `has no meaning for ${dataType}: only streams are trimmed`
    problems.error([...path, 'millrace', 'max_len'], message, 'key')
  }
}

function readNest(nest: NonNullable<WriteEntry['nest']>): Nest {
  const { table, schema, server_name: serverName } = nest.parent
  return {
    parentTable: table,
    ...(schema === undefined ? {} : { parentSchema: schema }),
    ...(serverName === undefined ? {} : { parentServerName: serverName }),
    parentKey: nest.parent_key,
    childKey: nest.child_key ?? nest.parent_key,
    nestingKey: nest.nesting_key,
    path: nest.path,
  }
}

function checkNest(
  entry: WriteEntry,
  { dataType, onUpdate }: Kind,
  path: ConfigPath,
  { problems }: JobContext,
): void {
  const nested = [...path, 'nest']
  if (entry.key !== undefined) {
    const hint = 'Remove it: the key is <parent table>:<parent_key>:<value>.'
    const message = 'cannot stand beside "nest", which writes into the document of the parent'
    problems.error([...path, 'key'], { message, hint }, 'key')
  }
  if (entry.args !== undefined && entry.args !== null) {
    problems.error([...path, 'args'], { message: 'cannot stand beside "nest"' }, 'key')
  }
  if (dataType !== 'json') {
    const message = `needs data_type json, found ${dataType}`
    problems.error(nested, { message, hint: 'Add data_type: json.' }, 'key')
  } else if (onUpdate !== 'merge') {
    const message = 'needs on_update merge: "replace" would take the place of the whole parent'
    problems.error(nested, { message, hint: 'Add on_update: merge.' }, 'key')
  }
  const target = entry.nest?.path ?? ''
  if (!/^\$\.[A-Za-z0-9_]+$/.test(target)) {
    const message = `expected one level of a JSON path, found ${JSON.stringify(target)}`
    problems.error([...nested, 'path'], { message, hint: 'Write it as $.Lines.' })
  }
}

function readMapping(
  mapping: WriteEntry['mapping'],
  path: ConfigPath,
  { problems }: JobContext,
): Output['mapping'] {
  if (mapping === undefined) return undefined
  const aliases = new Set<string>()
  return mapping.flatMap((entry, index) => {
    const own = [...path, index]
    const pairs = typeof entry === 'string' ? [[entry, entry] as const] : Object.entries(entry)
    const [pair, second] = pairs
    if (pair === undefined || second !== undefined || pair[0] === '' || pair[1] === '') {
      const hint = 'Write "- column" or "- column: name".'
      problems.error(own, { message: 'expected a column, or a column and its name', hint })
      return []
    }
    const [column, alias] = pair
    if (aliases.has(alias)) problems.error(own, `another column is written as "${alias}" already`)
    aliases.add(alias)
    return [{ column, alias }]
  })
}

function readExpire(
  expire: WriteEntry['expire'],
  path: ConfigPath,
  context: JobContext,
): number | Expression | undefined {
  if (expire === undefined) return undefined
  if (typeof expire === 'object')
    return expressionAt(expire.expression, expire.language, [...path, 'expression'], context)
  if (Number.isSafeInteger(expire) && expire >= 0) return expire
  context.problems.error(path, `expected whole seconds from 0, found ${expire}`)
  return undefined
}
