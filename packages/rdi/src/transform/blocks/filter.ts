import { ExpressionFailure, type Language, type RdiValue } from '../../model/expression.ts'
import type { TransformBlock } from '../../model/table-job.ts'
import { AbsentValue } from '../expression-set.ts'
import { isFields, isList } from '../../record/cell-of-value.ts'
import { failureReason, type BlockContext, type CompiledBlock } from './compiled-block.ts'

/** Keeps the rows for which the expression holds. */
export async function compileFilter(
  { expression }: Extract<TransformBlock, { uses: 'filter' }>,
  { programs, label, ...context }: BlockContext,
): Promise<CompiledBlock> {
  const program = await programs.compile([expression], context.fields())
  return {
    run(set) {
      const [values = []] = program.evaluate(set)
      for (const [index, value] of values.entries()) {
        // A removal of which too little is known finds nothing when the row was never written.
        if (value instanceof AbsentValue && set.isRemoval(index)) continue
        if (value instanceof ExpressionFailure) {
          const read = program.valuesRead(0, set.records[index])
          set.fail(index, failureReason(label, value, read))
        } else if (!isTrue(value, expression.language)) set.filter(index)
      }
      set.compact()
    },
  }
}

/** Whether a value counts as true: in SQL numbers other than 0, in JMESPath all but null, false and what is empty. */
export function isTrue(value: RdiValue, language: Language): boolean {
  if (value === null || value === undefined || value === false) return false
  if (language === 'sql') return isTrueInSql(value)
  if (isList(value)) return value.length > 0
  if (isFields(value)) return Object.keys(value).length > 0
  return value !== ''
}

function isTrueInSql(value: RdiValue): boolean {
  if (typeof value === 'bigint') return value !== 0n
  // Text counts as the number it begins with.
  if (typeof value === 'string') return (Number.parseFloat(value) || 0) !== 0
  return value === true || (typeof value === 'number' && value !== 0 && !Number.isNaN(value))
}
