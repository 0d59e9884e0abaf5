import type { Finding } from '@millrace/core/plugin'
import type { TableSchema } from '@millrace/core/record'
import { nearestName } from '@millrace/core/sql'
import { parseKeyTemplate, templateColumns } from '../encode/key-template.ts'
import { fieldsOf } from './compile-output.ts'
import { nestNames } from './json-commands.ts'
import {
  outputsOf,
  type OutputRoutes,
  type OutputType,
  type WriterOutput,
} from './writer-output.ts'

type Path = Finding['path']

/** Parameters of an output that belong to some types only, and whether those need them. */
const parameterTypes: readonly {
  readonly name: keyof WriterOutput
  readonly types: readonly OutputType[]
  readonly isNeeded: boolean
}[] = [
  { name: 'member', types: ['set', 'zset'], isNeeded: true },
  { name: 'score', types: ['zset'], isNeeded: true },
  { name: 'value', types: ['string'], isNeeded: true },
  { name: 'fields', types: ['hash', 'json', 'stream'], isNeeded: false },
  { name: 'onUpdate', types: ['json'], isNeeded: false },
  { name: 'nativeMerge', types: ['json'], isNeeded: false },
  { name: 'nest', types: ['json'], isNeeded: false },
  { name: 'maxLength', types: ['stream'], isNeeded: false },
]

/** What is wrong with the outputs whatever columns come. */
export function routeFindings(routes: OutputRoutes): readonly Finding[] {
  const found = Object.entries(routes).flatMap(([route, outputs]) =>
    outputs.length === 0
      ? [error(['outputs', route], 'the list is empty', 'Name at least one output.')]
      : outputs.flatMap((output, at) => staticFindings(output, ['outputs', route, at])),
  )
  if (Object.keys(routes).length > 0) return found
  return [error(['outputs'], 'no route is named', 'Name the outputs of at least one route.')]
}

function staticFindings(output: WriterOutput, path: Path): readonly Finding[] {
  const misplaced = parameterTypes.flatMap(({ name, types, isNeeded }): Finding[] => {
    const isGiven = output[name] !== undefined
    const fits = types.includes(output.type)
    if (isGiven && !fits)
      return [error([...path, name], `does not go with type "${output.type}"`, 'Remove it.')]
    if (isGiven || !fits || !isNeeded) return []
    return [error([...path, name], `is missing: type "${output.type}" needs it`, 'Name a column.')]
  })
  return [...misplaced, ...keyFindings(output, path), ...nestFindings(output, path)]
}

function keyFindings({ key }: WriterOutput, path: Path): readonly Finding[] {
  if (key === undefined || 'column' in key) return []
  const place = [...path, 'key', 'template']
  if (key.template === '') return [error(place, 'the key is empty', 'Write it like "bill:#{id}".')]
  try {
    parseKeyTemplate(key.template, { mayBeConstant: true })
    return []
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    return [error(place, message, 'Write it like "bill:#{id}".')]
  }
}

function nestFindings({ nest, key }: WriterOutput, path: Path): readonly Finding[] {
  if (nest === undefined) return []
  const found: Finding[] = []
  if (nestNames(nest.path) === undefined) {
    const message = `expected a path such as "$.Lines", found ${JSON.stringify(nest.path)}`
    found.push(error([...path, 'nest', 'path'], message, 'Name the field that holds the entries.'))
  }
  if (key === undefined)
    found.push(
      error([...path, 'key'], 'is missing: entries need the key of the document', 'Add it.'),
    )
  return found
}

/** What does not fit between the outputs of a schema's route and its columns. */
export function outputFindings(routes: OutputRoutes, schema: TableSchema): readonly Finding[] {
  const outputs = outputsOf(routes, schema.route)
  const { route } = schema
  if (outputs === undefined) {
    const found = route === undefined ? 'rows without a route' : `the route "${route}"`
    const message = `there is no output for ${found} (table ${schema.table})`
    return [error(['outputs'], message, `The routes are ${Object.keys(routes).join(', ')}.`)]
  }
  return outputs.flatMap((output, at) =>
    columnFindings(output, schema, ['outputs', route ?? '', at]),
  )
}

function columnFindings(output: WriterOutput, schema: TableSchema, path: Path): readonly Finding[] {
  const names = schema.fields.map(({ name }) => name)
  const missing = neededColumns(output).flatMap(({ name, place }): Finding[] => {
    if (names.includes(name)) return []
    const nearest = nearestName(name, names)
    const hint =
      nearest === undefined ? `The columns are ${names.join(', ')}.` : `Did you mean "${nearest}"?`
    return [error([...path, ...place], `table ${schema.table} has no column "${name}"`, hint)]
  })
  if (output.key !== undefined || schema.key.length > 0)
    return [...missing, ...emptyFields(output, schema, path)]
  const keyless = error(
    [...path, 'key'],
    `table ${schema.table} has no key of which the default key could be made`,
    'Name columns that identify a row in keys of the table, or give the output a key.',
  )
  return [...missing, keyless]
}

function emptyFields(output: WriterOutput, schema: TableSchema, path: Path): readonly Finding[] {
  if (output.type !== 'hash' && output.type !== 'json') return []
  if (fieldsOf(output, schema).length > 0) return []
  return [error([...path, 'fields'], 'no column is left to be written', 'Name at least one.')]
}

function neededColumns(output: WriterOutput) {
  const { key, fields = [], member, score, value, expire, nest } = output
  const named = Object.entries({ member, score, value, nest: nest?.column }).flatMap(
    ([place, name]) => (name === undefined ? [] : [{ name, place: [place] as Path }]),
  )
  return [
    ...keyColumns(key).map((name) => ({ name, place: ['key'] as Path })),
    ...fields.map(({ column }, at) => ({ name: column, place: ['fields', at] as Path })),
    ...named,
    ...(expire !== undefined && 'column' in expire
      ? [{ name: expire.column, place: ['expire', 'column'] as Path }]
      : []),
  ]
}

function keyColumns(key: WriterOutput['key']): readonly string[] {
  if (key === undefined) return []
  if ('column' in key) return [key.column]
  try {
    return templateColumns(parseKeyTemplate(key.template, { mayBeConstant: true }))
  } catch {
    // Found already, with its own place.
    return []
  }
}

function error(path: Path, message: string, hint: string): Finding {
  return { severity: 'error', path, message, hint }
}
