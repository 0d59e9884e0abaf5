import type { RejectedTransform, TransformedBatch } from '@millrace/core/dialect'
import type { Cell, OperationCode, RecordBatch, Row, TableSchema } from '@millrace/core/record'
import type { RdiRecord, RdiValue } from '../model/expression.ts'
import type { FullRecordBuilder, RecordBuilder } from '../record/record-builder.ts'
import { describeValue, isFields } from '../record/cell-of-value.ts'
import type { CompiledBlock } from './blocks/compiled-block.ts'
import { ChangedRows } from './changed-rows.ts'
import type { OutputCells } from './output-cells.ts'
import { RecordSet } from './record-set.ts'
import { writtenFields, type RowLayout } from './row-layout.ts'
import type { TableTransform } from './table-transform.ts'

/** What a {@link RecordTransform} is made of. */
export interface RecordTransformParts {
  readonly partial: RecordBuilder
  /** Present where records have the full format. */
  readonly full: FullRecordBuilder | undefined
  readonly blocks: readonly CompiledBlock[]
  readonly cells: OutputCells
  readonly rows: RowLayout
}

const operationCodes: ReadonlySet<unknown> = new Set(['r', 'c', 'u', 'd'])

/** Runs the blocks and expressions of a job over the rows of one table, a batch at a time. */
export class RecordTransform implements TableTransform {
  readonly output: TableSchema
  readonly #parts: RecordTransformParts

  constructor(parts: RecordTransformParts) {
    this.#parts = parts
    this.output = parts.rows.output
  }

  apply(batch: RecordBatch): TransformedBatch | Promise<TransformedBatch> {
    const set = this.#recordsOf(batch)
    const waiting = this.#runFrom(0, set)
    return waiting === undefined
      ? this.#finish(batch, set)
      : waiting.then(() => this.#finish(batch, set))
  }

  #recordsOf({ rows, changes }: RecordBatch): RecordSet {
    const { partial, full } = this.#parts
    const set = new RecordSet(rows.length, changes?.operations)
    for (let index = 0; index < rows.length; index += 1) {
      const row = rows[index] as Row
      const before = changes?.before[index]
      const operation = changes?.operations[index] ?? 'r'
      set.add(full?.build({ operation, row, before }) ?? partial.build(row, before), index, false)
    }
    if (changes === undefined) return set
    set.hasAbsent = [...rows, ...changes.before].some((row) => row?.includes(undefined))
    for (const [index, before] of changes.before.entries()) {
      if (before === null) continue
      const row = rows[index] as Row
      const operation = changes.operations[index] as OperationCode
      set.add(
        full?.buildBefore({ operation, row, before }) ?? partial.build(before, row),
        index,
        true,
      )
    }
    return set
  }

  #runFrom(first: number, set: RecordSet): Promise<void> | undefined {
    const { blocks } = this.#parts
    for (let at = first; at < blocks.length && set.records.length > 0; at += 1) {
      const waiting = blocks[at]?.run(set)
      if (waiting instanceof Promise) return waiting.then(() => this.#runFrom(at + 1, set))
    }
    return undefined
  }

  #finish(batch: RecordBatch, set: RecordSet): TransformedBatch {
    const { cells } = this.#parts
    const { rows, changes } = batch
    if (this.#parts.full !== undefined) this.#checkFull(batch, set)
    set.compact()
    const computed = cells.evaluate(set, (index) => {
      const owner = set.owners[index] as number
      const row = rows[owner] as Row
      const before = changes?.before[owner]
      return set.areBefore[index] === true ? [before as Row, row] : [row, before]
    })
    const made = new ChangedRows(batch, this.output)
    for (let index = 0; index < set.records.length; index += 1)
      if (!set.hasEnded(index)) this.#take(made, set, index, computed[index] ?? [])
    const { rejected, filtered } = endedRows(rows, set)
    return { batch: made.batch(), rejected, filtered }
  }

  #take(made: ChangedRows, set: RecordSet, index: number, computed: readonly Cell[]): void {
    const { full, rows } = this.#parts
    const record = set.records[index] as RdiRecord
    const owner = set.owners[index] as number
    if (set.areBefore[index] === true) {
      const fields = full === undefined ? record : (writtenFields(record, false) ?? {})
      made.setBefore(owner, (row) => rows.rowOf(row, fields, true, computed))
      return
    }
    const read = made.operationOf(owner)
    const operation = full === undefined ? read : (record['opcode'] as OperationCode)
    const fields = full === undefined ? record : writtenFields(record, operation === 'd')
    // What a delete became has only what the job gave it; what was there before is not touched.
    const hasColumns = read !== 'd' || operation === 'd'
    made.set(owner, operation, (row) => rows.rowOf(row, fields ?? {}, hasColumns, computed))
  }

  /** Rows whose full records do not say what to write. */
  #checkFull({ changes }: RecordBatch, set: RecordSet): void {
    for (const [index, record] of set.records.entries()) {
      const read = changes?.operations[set.owners[index] as number] ?? 'r'
      const operation: RdiValue = set.areBefore[index] === true ? read : record['opcode']
      const problem = operationCodes.has(operation)
        ? this.#problemOf(record, operation === 'd')
        : `opcode is ${describeValue(operation)}, expected one of r, c, u, d`
      if (problem !== undefined) set.fail(index, problem)
    }
  }

  #problemOf(record: RdiRecord, isDelete: boolean): string | undefined {
    const after = record['after']
    if (writtenFields(record, isDelete) === undefined)
      return `after is ${describeValue(after)}, expected the fields to write`
    const name = isFields(after) ? this.#parts.rows.unforeseen(after) : undefined
    if (name === undefined) return undefined
    return `after has the field ${JSON.stringify(name)}, for which no column was foreseen: set it as after.${name}`
  }
}

function endedRows(rows: readonly Row[], { outcomes }: RecordSet) {
  const rejected: RejectedTransform[] = []
  let filtered = 0
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome === 'filtered') filtered += 1
    else if (outcome !== undefined) rejected.push({ row: rows[index] as Row, error: outcome })
  }
  return { rejected, filtered }
}
