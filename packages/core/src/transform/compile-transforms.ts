import type { TransformStep } from '../job/job-plan.ts'
import { PluginError } from '../plugin/errors.ts'
import type { Cell, Row } from '../record/cell.ts'
import type { Changes, RecordBatch } from '../record/record-batch.ts'
import type { Field, TableSchema } from '../record/table-schema.ts'
import { digestTransformer } from './digest-transformer.ts'
import { filterTransformer } from './filter-transformer.ts'
import { padTransformer } from './pad-transformer.ts'
import { replaceTransformer } from './replace-transformer.ts'
import { substrTransformer } from './substr-transformer.ts'
import { dropRow, RowFailure, type CellStep, type Transformer } from './transformer.ts'
import { ZonedWallClock } from '../record/zoned-wall-clock.ts'
import type { RejectedTransform, TransformedBatch } from './row-transform.ts'

const transformers: ReadonlyMap<string, Transformer> = new Map(
  [substrTransformer, padTransformer, replaceTransformer, filterTransformer, digestTransformer].map(
    (transformer) => [transformer.name, transformer],
  ),
)

/** Names of the transformers there are. */
export const transformNames: readonly string[] = [...transformers.keys()]

/** The steps of a job, ready for the rows of one schema. */
export interface DxTransforms {
  /** The columns after the last step; the input's own object when there are no steps. */
  readonly output: TableSchema
  /**
   * Runs the steps over a batch of that schema. Rows are edited in place and the batch given is used up. `byteSize`
   * stays what was read. The first failure or filter ends the steps of a row.
   */
  apply(batch: RecordBatch): TransformedBatch
}

/** Batches whose rows have passed the steps already: they come from the dirty file of a job. */
const transformedBatches = new WeakSet<RecordBatch>()

/** The rows of the batch have the columns behind the steps already: no step is run on them. */
export function markTransformed(batch: RecordBatch): void {
  transformedBatches.add(batch)
}

/** Whether no step is to be run on the rows of a batch. */
export function isTransformed(batch: RecordBatch): boolean {
  return transformedBatches.has(batch)
}

/** What is wrong with a step, one sentence each, knowing only the job file; empty when all is well. */
export function validateTransform(step: TransformStep): string[] {
  const problems: string[] = []
  if (!Number.isInteger(step.columnIndex) || step.columnIndex < 0) {
    problems.push(`columnIndex must be an integer of at least 0, found ${step.columnIndex}`)
  }
  const transformer = transformers.get(step.name)
  if (transformer) return [...problems, ...transformer.problemsOf(step.parameters)]
  const why = step.name === 'dx_groovy' ? 'dx_groovy is not supported' : 'no such transformer'
  return [...problems, `${why}, expected one of ${transformNames.join(', ')}`]
}

/**
 * Prepares steps for rows of `schema`: once per schema, never per row.
 *
 * @param options.timeZone zone in which instants become text and wall clocks are compared; default `UTC`
 * @throws PluginError CONFIG_INVALID when a step is not valid or its column is not there
 */
export function compileTransforms(
  steps: readonly TransformStep[],
  schema: TableSchema,
  options: { readonly timeZone?: string } = {},
): DxTransforms {
  if (steps.length === 0) {
    return { output: schema, apply: (batch) => ({ batch, rejected: [], filtered: 0 }) }
  }
  const clock = new ZonedWallClock(options.timeZone ?? 'UTC')
  const fields = [...schema.fields]
  const cellSteps: CellStep[] = []
  const columns: number[] = []
  for (const step of steps) {
    const { transformer, field } = resolve(step, fields)
    cellSteps.push(transformer.compile(step.parameters, { field, clock }))
    columns.push(step.columnIndex)
    if (transformer.replacesCell) fields[step.columnIndex] = outputField(field, transformer)
  }
  const chain = new TransformChain(cellSteps, columns, { ...schema, fields })
  return { output: chain.output, apply: (batch) => chain.apply(batch) }
}

function resolve(step: TransformStep, fields: readonly Field[]) {
  const problems = validateTransform(step)
  const transformer = transformers.get(step.name)
  if (problems.length > 0 || !transformer) {
    throw new PluginError({
      code: 'CONFIG_INVALID',
      message: `The transformer ${step.name} cannot be used: ${problems.join('; ')}.`,
      hint: 'Mend its parameters in the job file.',
    })
  }
  const field = fields[step.columnIndex]
  if (!field) {
    throw new PluginError({
      code: 'CONFIG_INVALID',
      message:
        `The transformer ${step.name} works on columnIndex ${step.columnIndex}, ` +
        `but the reader gives ${fields.length} columns (${fields.map((one) => one.name).join(', ')}).`,
      hint: `columnIndex counts from 0: use 0 to ${fields.length - 1}.`,
    })
  }
  return { transformer, field }
}

function outputField(field: Field, transformer: Transformer): Field {
  return { ...field, type: 'string', nullable: field.nullable && transformer.keepsNull }
}

class TransformChain {
  readonly output: TableSchema
  readonly #steps: readonly CellStep[]
  readonly #columns: readonly number[]
  /** Cells of the row at work before each step, so that a row which fails is handed back as it was read. */
  readonly #undo: Cell[]

  constructor(steps: readonly CellStep[], columns: readonly number[], output: TableSchema) {
    this.#steps = steps
    this.#columns = columns
    this.output = output
    this.#undo = Array.from({ length: steps.length })
  }

  apply(batch: RecordBatch): TransformedBatch {
    if (transformedBatches.has(batch)) {
      const { rows } = batch
      return { batch: { ...batch, rows, schema: this.output }, rejected: [], filtered: 0 }
    }
    const { rows, changes } = batch
    const rejected: RejectedTransform[] = []
    const kept: number[] | undefined = changes ? [] : undefined
    let count = 0
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index] as Row
      let failure = this.#run(row)
      const before = changes?.before[index]
      if (failure === undefined && before) {
        failure = this.#runBefore(before)
        if (failure !== undefined) this.#restore(row, this.#steps.length)
      }
      if (failure === undefined) {
        rows[count++] = row
        kept?.push(index)
      } else if (failure !== dropRow) {
        rejected.push({ row, error: failure.error })
      }
    }
    const filtered = rows.length - count - rejected.length
    rows.length = count
    const output: RecordBatch = {
      ...batch,
      rows,
      schema: this.output,
      ...(changes && kept ? { changes: pickChanges(changes, kept) } : {}),
    }
    return { batch: output, rejected, filtered }
  }

  #run(row: Row): typeof dropRow | RowFailure | undefined {
    const steps = this.#steps
    for (let step = 0; step < steps.length; step++) {
      const column = this.#columns[step] as number
      const cell = row[column]
      this.#undo[step] = cell
      const result = (steps[step] as CellStep)(cell)
      if (result === dropRow) return dropRow
      if (result instanceof RowFailure) {
        this.#restore(row, step)
        return result
      }
      row[column] = result
    }
    return undefined
  }

  #restore(row: Row, stepsDone: number): void {
    for (let step = stepsDone - 1; step >= 0; step--) {
      row[this.#columns[step] as number] = this.#undo[step]
    }
  }

  /** The image before a change gets the same columns, so that keys still match; only the row itself is filtered. */
  #runBefore(row: Row): RowFailure | undefined {
    for (let step = 0; step < this.#steps.length; step++) {
      const column = this.#columns[step] as number
      const result = (this.#steps[step] as CellStep)(row[column])
      if (result instanceof RowFailure) return result
      if (result !== dropRow) row[column] = result
    }
    return undefined
  }
}

function pickChanges(changes: Changes, kept: readonly number[]): Changes {
  const pick = <T>(values: readonly T[]) => kept.map((index) => values[index] as T)
  return {
    operations: pick(changes.operations),
    before: pick(changes.before),
    transactions: pick(changes.transactions),
    committedAtMs: pick(changes.committedAtMs),
    ...(changes.beginsTransaction === true && { beginsTransaction: true }),
  }
}
