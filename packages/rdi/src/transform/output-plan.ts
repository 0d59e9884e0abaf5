import type { WriterOutput } from '../model/writer-output.ts'
import type { PipelineSettings } from '../model/pipeline.ts'
import type { Expression, Nest, Output, TableJob } from '../model/table-job.ts'
import { constantText } from './constant-expression.ts'

/** A column that is computed for one output alone. */
export type OutputColumn = {
  readonly name: string
  /** For messages: `the key of output 1`. */
  readonly label: string
} & (
  | { readonly kind: 'key' | 'expire'; readonly expression: Expression }
  /** The key that a row has without any expression, whatever the blocks did to its fields. */
  | { readonly kind: 'default-key' }
)

/** What the writer is told of a job's outputs, and what has to be computed for it. */
export interface OutputPlan {
  /** Name of the target. */
  readonly connection: string
  readonly outputs: readonly WriterOutput[]
  readonly columns: readonly OutputColumn[]
  /** Whether an output has the default key, for which the table needs a key of its own. */
  readonly usesTableKey: boolean
  /** Columns that the outputs name. */
  readonly named: readonly string[]
}

/** Turns the outputs of a job that go to one target into those of the writer. */
export function planOutputs(
  job: TableJob,
  connection: string,
  settings: PipelineSettings,
): OutputPlan {
  const columns: OutputColumn[] = []
  const chosen = job.outputs.filter((output) => output.connection === connection)
  const changesFields = job.blocks.some(({ uses }) => uses !== 'filter')
  const outputs = chosen.map((output, index) => {
    const label = `output ${job.outputs.indexOf(output) + 1}`
    const key = keyOf(output, changesFields, { index, label }, columns)
    const made = writerOutput(output, key, expireOf(output, { index, label }, columns), settings)
    const isIgnored = (job.onTruncate ?? settings.onTruncate) === 'ignore'
    return isIgnored ? { ...made, onTruncate: 'ignore' as const } : made
  })
  const usesTableKey =
    outputs.some(({ key }) => key === undefined) ||
    columns.some(({ kind }) => kind === 'default-key')
  return {
    connection,
    outputs,
    columns,
    usesTableKey,
    named: [...new Set(chosen.flatMap(namedColumns))],
  }
}

interface Numbered {
  readonly index: number
  readonly label: string
}

function keyOf(
  { key, nest }: Output,
  changesFields: boolean,
  { index, label }: Numbered,
  columns: OutputColumn[],
): WriterOutput['key'] {
  if (nest !== undefined) return { template: parentKeyTemplate(nest) }
  const constant = key && constantText(key)
  if (constant !== undefined) return { template: escapeTemplate(constant) }
  const name = `$key${index}`
  if (key !== undefined)
    columns.push({ name, label: `the key of ${label}`, kind: 'key', expression: key })
  else if (changesFields) columns.push({ name, label: `the key of ${label}`, kind: 'default-key' })
  else return undefined
  return key === undefined ? { column: name, isDefault: true } : { column: name }
}

function parentKeyTemplate({ parentTable, parentKey, childKey }: Nest): string {
  return `${escapeTemplate(`${parentTable}:${parentKey}:`)}#{${childKey}}`
}

function escapeTemplate(text: string): string {
  return text.replaceAll('#{', '##{')
}

function expireOf(
  { expire }: Output,
  { index, label }: Numbered,
  columns: OutputColumn[],
): WriterOutput['expire'] {
  if (expire === undefined || expire === 0) return undefined
  if (typeof expire === 'number') return { seconds: expire }
  const name = `$expire${index}`
  columns.push({ name, label: `expire of ${label}`, kind: 'expire', expression: expire })
  return { column: name }
}

function writerOutput(
  output: Output,
  key: WriterOutput['key'],
  expire: WriterOutput['expire'],
  settings: PipelineSettings,
): WriterOutput {
  const { dataType, mapping, arguments: named, onUpdate, nest, maxLength } = output
  const isJson = dataType === 'json'
  const isMerge = isJson && onUpdate === 'merge'
  const temporal = output.temporal ?? settings.temporal
  return {
    type: dataType === 'sorted_set' ? 'zset' : dataType,
    ...(key && { key }),
    ...(mapping && { fields: mapping.map(({ column, alias }) => ({ column, name: alias })) }),
    ...named,
    ...(expire && { expire }),
    ...(isJson && { onUpdate }),
    ...(isMerge && !settings.usesNativeJsonMerge && { nativeMerge: false }),
    ...(nest && { nest: { path: nest.path, column: nest.nestingKey } }),
    ...(maxLength !== undefined && { maxLength }),
    ...(temporal === 'iso' && { temporal }),
  }
}

function namedColumns({ mapping, arguments: named, nest }: Output): readonly string[] {
  return [
    ...(mapping ?? []).map(({ column }) => column),
    ...Object.values(named),
    ...(nest ? [nest.childKey, nest.nestingKey] : []),
  ]
}
