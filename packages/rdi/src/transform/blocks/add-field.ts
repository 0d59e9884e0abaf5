import { ExpressionFailure } from '../../model/expression.ts'
import type { Expression, TransformBlock } from '../../model/table-job.ts'
import { describeValue } from '../../record/cell-of-value.ts'
import { parseFieldPath, setField, type FieldPath } from '../../record/field-path.ts'
import { mentions } from '../../record/mentioned-names.ts'
import { AbsentValue, type ExpressionSet } from '../expression-set.ts'
import type { RecordSet } from '../record-set.ts'
import { failureReason, type BlockContext, type CompiledBlock } from './compiled-block.ts'

type AddField = Extract<TransformBlock, { uses: 'add_field' }>

interface AddedField {
  readonly field: string
  readonly path: FieldPath
  readonly expression: Expression
}

interface FieldGroup {
  readonly fields: readonly AddedField[]
  readonly expressions: ExpressionSet
}

/** Sets fields. Those that do not see each other are evaluated together. */
export async function compileAddField(
  block: AddField,
  context: BlockContext,
): Promise<CompiledBlock> {
  const { layout, programs, label } = context
  const groups: FieldGroup[] = []
  for (const fields of independentFields(block)) {
    const expressions = fields.map(({ expression }) => expression)
    groups.push({ fields, expressions: await programs.compile(expressions, context.fields()) })
    for (const { path, expression } of fields) layout.set(path, expression)
  }
  return {
    run(set) {
      for (const group of groups) addGroup(group, set, label)
    },
  }
}

/** Cuts the fields into runs in which no expression may look at a field that was set before it in the run. */
function independentFields({ fields }: AddField): AddedField[][] {
  const groups: AddedField[][] = []
  let group: AddedField[] = []
  for (const { field, expression } of fields) {
    const path = parseFieldPath(field)
    if (group.some((earlier) => mentions(expression, earlier.path.at(-1) as string))) {
      groups.push(group)
      group = []
    }
    group.push({ field, path, expression })
  }
  return [...groups, group]
}

function addGroup({ fields, expressions }: FieldGroup, set: RecordSet, label: string): void {
  const { records } = set
  const results = expressions.evaluate(set)
  for (const [at, field] of fields.entries()) {
    const values = results[at] ?? []
    for (let index = 0; index < records.length; index += 1) {
      const found = values[index]
      // What is not known is not written, and leaves what is there.
      const value = found instanceof AbsentValue ? undefined : found
      const record = records[index]
      if (record === undefined || set.hasEnded(index)) continue
      if (value instanceof ExpressionFailure)
        set.fail(
          index,
          failureReason(
            `${label}, field ${field.field}`,
            value,
            expressions.valuesRead(at, record),
          ),
        )
      else {
        const blocked = setField(record, field.path, value)
        if (blocked !== undefined)
          set.fail(index, blockedMessage(label, field.field, blocked, describeValue(value)))
      }
    }
  }
  set.compact()
}

function blockedMessage(label: string, field: string, blocked: string, value: string): string {
  return `${label}: field ${field} cannot be set to ${value}: ${blocked} holds no object`
}
