import { createHash } from 'node:crypto'
import { dataSourceIdentity } from '../data-source/data-source-identity.ts'
import type { JobPlan, PlannedStep } from '../job/job-plan.ts'
import type { JsonValue } from '../record/record-batch.ts'
import { qualifiedName } from '../record/qualified-name.ts'
import type { TableSchema } from '../record/table-schema.ts'
import type { CompiledTransforms } from '../transform/row-transform.ts'

/** A plugin as far as the fingerprint asks it. */
interface IdentifiedPlugin {
  identity?(config: never, part?: never): JsonValue
}

/**
 * What a job moves, from where to where, and the columns it found: enough to tell that a checkpoint belongs to another job
 * or another table. Speed, limits and credentials are no part of it. Plain JSON, so that a difference can be named.
 */
export function jobFingerprint(plan: JobPlan, schemas: readonly TableSchema[]): JsonValue {
  const [first, ...others] = schemas
  return plainJson({
    source: sideOf(plan.reader),
    target: sideOf(plan.writer),
    transformers: plan.transform.identity,
    timeZone: plan.settings.timeZone,
    ...(first !== undefined && others.length === 0
      ? definitionOf(first)
      : {
          tables: Object.fromEntries(schemas.map((one) => [qualifiedName(one), definitionOf(one)])),
        }),
  })
}

/**
 * The same of a job that follows changes: by table, since tables may come and go, and without their columns, which may change.
 *
 * @param transforms those of the job, compiled for these tables
 */
export function followingFingerprint(
  plan: JobPlan,
  schemas: readonly TableSchema[],
  transforms: Pick<CompiledTransforms, 'outputOf'>,
): JsonValue {
  const { reader, writer, transform, settings } = plan
  const definitions: JsonValue[] = []
  const known = new Map<string, number>()
  const placeOf = (schema: TableSchema) => {
    const { route } = transforms.outputOf(schema)
    const definition = plainJson({
      source: identityOf(reader, schema),
      transform: transform.identityOf?.(schema) ?? transform.identity,
      target: identityOf(writer, route),
    })
    const text = JSON.stringify(definition)
    const place = known.get(text) ?? definitions.push(definition) - 1
    known.set(text, place)
    return place
  }
  return plainJson({
    source: placeOfSide(reader),
    target: placeOfSide(writer),
    timeZone: settings.timeZone,
    tables: Object.fromEntries(schemas.map((schema) => [qualifiedName(schema), placeOf(schema)])),
    // Most tables share one.
    definitions,
  })
}

function definitionOf({ fields, key, documents }: TableSchema) {
  return {
    // Documents have the fields that happened to be seen.
    ...(documents === undefined && {
      columns: fields.map(({ name, nativeType }) => `${name} ${nativeType}`),
    }),
    key: key.map((index) => fields[index]?.name ?? String(index)),
  }
}

function sideOf(step: PlannedStep<IdentifiedPlugin>): unknown {
  return { ...placeOfSide(step), parameters: identityOf(step, undefined) }
}

function placeOfSide({ stepType, dataSources }: PlannedStep<IdentifiedPlugin>) {
  return { stepType, dataSources: dataSources.map(dataSourceIdentity) }
}

function identityOf(
  { plugin, config }: PlannedStep<IdentifiedPlugin>,
  part: TableSchema | string | undefined,
): JsonValue {
  return plugin.identity?.(config as never, part as never) ?? digestOf(config)
}

/** Parameters of a plugin that does not say which of them matter; they may hold secrets. */
function digestOf(config: unknown): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16)
}

function plainJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue
}

/** How a job stands to the one whose checkpoint was found. */
export interface FingerprintComparison {
  /** What differs and may not, one line each. */
  readonly differences: readonly string[]
  /** Tables that the job has got; only of one that follows changes. */
  readonly added: readonly string[]
  /** Tables that it no longer has. */
  readonly removed: readonly string[]
}

/** Compares two fingerprints. */
export function compareFingerprints(before: JsonValue, now: JsonValue): FingerprintComparison {
  if (!isByTable(before) || !isByTable(now))
    return { differences: fingerprintDifferences(before, now), added: [], removed: [] }
  const { tables: tablesBefore, definitions: definitionsBefore, ...othersBefore } = before
  const { tables, definitions, ...others } = now
  const differing = new Map<string, string[]>()
  for (const [table, place] of Object.entries(tables)) {
    const placeBefore = tablesBefore[table]
    if (placeBefore === undefined) continue
    const pair = `${placeBefore} ${place}`
    differing.set(pair, [...(differing.get(pair) ?? []), table])
  }
  const ofTables = [...differing].flatMap(([pair, [first = '', ...more]]) => {
    const [placeBefore = 0, place = 0] = pair.split(' ').map(Number)
    const path = more.length === 0 ? `tables.${first}` : `tables.${first} (and ${more.length} more)`
    return fingerprintDifferences(definitionsBefore[placeBefore], definitions[place], path)
  })
  return {
    differences: [...fingerprintDifferences(othersBefore, others), ...ofTables],
    added: Object.keys(tables).filter((table) => tablesBefore[table] === undefined),
    removed: Object.keys(tablesBefore).filter((table) => tables[table] === undefined),
  }
}

/** A fingerprint that says by table what a job is. */
interface FingerprintByTable {
  readonly [name: string]: JsonValue
  /** To each table the place of its definition. */
  readonly tables: Readonly<Record<string, number>>
  readonly definitions: readonly JsonValue[]
}

function isByTable(fingerprint: JsonValue): fingerprint is FingerprintByTable {
  return (
    isObject(fingerprint) &&
    isObject(fingerprint['tables']) &&
    Array.isArray(fingerprint['definitions'])
  )
}

const maxShown = 80

/** The places at which two fingerprints differ, one line each: `source.parameters.where: a > 1, was a > 2`. */
export function fingerprintDifferences(
  before: JsonValue | undefined,
  now: JsonValue | undefined,
  path = '',
): string[] {
  if (isObject(before) && isObject(now)) {
    const names = new Set([...Object.keys(before), ...Object.keys(now)])
    return [...names].flatMap((name) =>
      fingerprintDifferences(before[name], now[name], path === '' ? name : `${path}.${name}`),
    )
  }
  if (isList(before) && isList(now) && before.length === now.length)
    return now.flatMap((one, index) =>
      fingerprintDifferences(before[index], one, `${path}[${index}]`),
    )
  if (JSON.stringify(before) === JSON.stringify(now)) return []
  const [text, was] = [textOf(now), textOf(before)]
  const start = firstShown(text, was)
  return [`${path}: ${shown(text, start)}, was ${shown(was, start)}`]
}

function isObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A list that is looked into; one of names is shown whole. */
function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value) && value.every((one: JsonValue) => isObject(one))
}

function textOf(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Where to begin with two long texts, so that what differs is seen. */
function firstShown(one: string, other: string): number {
  let same = 0
  while (same < one.length && one[same] === other[same]) same += 1
  return same < maxShown / 2 ? 0 : same - maxShown / 4
}

function shown(text: string, start: number): string {
  const end = start + maxShown
  return `${start > 0 ? '…' : ''}${text.slice(start, end)}${text.length > end ? '…' : ''}`
}
