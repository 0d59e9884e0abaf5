import { createHash } from 'node:crypto'
import { dataSourceIdentity } from '../data-source/data-source-identity.ts'
import type { JobPlan, PlannedStep } from '../job/job-plan.ts'
import type { JsonValue } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'

/** A plugin as far as the fingerprint asks it. */
interface IdentifiedPlugin {
  identity?(config: never): JsonValue
}

/**
 * What a job moves, from where to where, and the columns it found: enough to tell that a checkpoint belongs to another job
 * or another table. Speed, limits and credentials are no part of it. Plain JSON, so that a difference can be named.
 */
export function jobFingerprint(plan: JobPlan, schema: TableSchema): JsonValue {
  return plainJson({
    source: sideOf(plan.reader),
    target: sideOf(plan.writer),
    transformers: plan.transforms,
    timeZone: plan.settings.timeZone,
    columns: schema.fields.map(({ name, nativeType }) => `${name} ${nativeType}`),
    key: schema.key.map((index) => schema.fields[index]?.name ?? String(index)),
  })
}

function sideOf(step: PlannedStep<IdentifiedPlugin>): unknown {
  return {
    stepType: step.stepType,
    dataSources: step.dataSources.map(dataSourceIdentity),
    parameters: step.plugin.identity?.(step.config as never) ?? digestOf(step.config),
  }
}

/** Parameters of a plugin that does not say which of them matter; they may hold secrets. */
function digestOf(config: unknown): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16)
}

function plainJson(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue
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
  if (JSON.stringify(before) === JSON.stringify(now)) return []
  return [`${path}: ${shown(now)}, was ${shown(before)}`]
}

function isObject(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: JsonValue | undefined): string {
  if (value === undefined) return 'nothing'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text
}
