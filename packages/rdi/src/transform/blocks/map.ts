import { PluginError } from '@millrace/core/plugin'
import { ExpressionFailure, type RdiRecord, type RdiValue } from '../../model/expression.ts'
import type { Expression, MapObject, TransformBlock } from '../../model/table-job.ts'
import { describeValue, isFields } from '../../record/cell-of-value.ts'
import { newRecord } from '../../record/new-record.ts'
import { reads } from '../../record/mentioned-names.ts'
import {
  AbsentValue,
  describeRead,
  isAbsent,
  type Evaluated,
  type ExpressionSet,
} from '../expression-set.ts'
import { columnNamed, type FieldLayout, type FieldOrigin } from '../field-layout.ts'
import type { RecordSet } from '../record-set.ts'
import {
  failureReason,
  shortText,
  type BlockContext,
  type CompiledBlock,
} from './compiled-block.ts'

type Map = Extract<TransformBlock, { uses: 'map' }>

/** How one field of the new record comes about. */
type MapNode =
  | { readonly kind: 'column'; readonly name: string; readonly source: string }
  | { readonly kind: 'expression'; readonly name: string; readonly index: number }
  | { readonly kind: 'object'; readonly name: string; readonly nodes: readonly MapNode[] }

/**
 * Replaces the record. In a full one, an object with a field `after` takes the place of the record, whose other parts
 * stay visible where it has none of that name; any other object takes the place of `after`.
 */
export async function compileMap(block: Map, context: BlockContext): Promise<CompiledBlock> {
  const { expression } = block
  return 'fields' in expression
    ? await compileObject(expression, context)
    : await compileText(expression, context)
}

async function compileObject(object: MapObject, context: BlockContext): Promise<CompiledBlock> {
  const { layout, programs, label } = context
  const expressions: Expression[] = []
  const nodes = nodesOf(object, layout, expressions)
  const program = await programs.compile(expressions, context.fields())
  const isWhole = layout.isFull && nodes.some(({ name }) => name === 'after')
  noteFields(nodes, object, context)
  return {
    run(set) {
      const results = evaluate(program, set, label, (at, record) => program.valuesRead(at, record))
      for (let index = 0; index < set.records.length; index += 1) {
        const record = set.records[index] as RdiRecord
        if (!set.hasEnded(index))
          set.records[index] = place(
            assemble(nodes, record, results, index),
            record,
            layout,
            isWhole,
          )
      }
      set.compact()
    },
  }
}

function nodesOf(
  { fields }: MapObject,
  layout: FieldLayout,
  expressions: Expression[],
): readonly MapNode[] {
  return fields.map(({ name, value }) => {
    if ('fields' in value)
      return { kind: 'object', name, nodes: nodesOf(value, layout, expressions) }
    const source = columnNamed(value, layout)?.name
    if (source !== undefined) return { kind: 'column', name, source }
    expressions.push(value)
    return { kind: 'expression', name, index: expressions.length - 1 }
  })
}

function noteFields(nodes: readonly MapNode[], object: MapObject, { layout }: BlockContext): void {
  const after = layout.isFull ? nodes.find(({ name }) => name === 'after') : undefined
  if (after?.kind === 'expression') {
    const value = object.fields.find(({ name }) => name === 'after')?.value as Expression
    layout.replaceBy(value)
    return
  }
  const written = after?.kind === 'object' ? after.nodes : nodes
  layout.replace(
    written.map((node): [string, FieldOrigin] => {
      const origin = node.kind === 'column' ? layout.fields.get(node.source) : undefined
      return [node.name, origin ?? 'computed']
    }),
  )
}

function assemble(
  nodes: readonly MapNode[],
  record: RdiRecord,
  results: Evaluated,
  index: number,
): RdiRecord {
  const made = newRecord()
  for (const node of nodes) {
    if (node.kind === 'column') made[node.name] = record[node.source]
    else if (node.kind === 'object') made[node.name] = assemble(node.nodes, record, results, index)
    else {
      const value = results[node.index]?.[index]
      made[node.name] = value instanceof ExpressionFailure ? undefined : value
    }
  }
  return made
}

async function compileText(expression: Expression, context: BlockContext): Promise<CompiledBlock> {
  const { layout, programs, label, fieldsOf } = context
  // Compiled first: what is no expression at all has a better message of its own.
  // A part of the object may be absent, never the object.
  const { names: readable, ...visible } = context.fields()
  const program = await programs.compile([expression], { ...visible, names: [] })
  const read = readable.filter((name) => reads(expression, name))
  const fields = expression.language === 'jmespath' ? fieldsOf(expression.text) : undefined
  if (fields === undefined) throw unknownFields(expression)
  const isWhole = layout.isFull && fields.has('after')
  if (isWhole) layout.replaceBy(expression)
  else layout.replace([...fields].map(([name, source]) => [name, originOf(source, layout)]))
  return {
    run(set) {
      const [values = []] = evaluate(program, set, label, (_at, record) =>
        describeRead(read, record),
      )
      for (let index = 0; index < set.records.length; index += 1) {
        const value = values[index] as RdiValue
        if (set.hasEnded(index)) continue
        if (!isFields(value)) set.fail(index, notAnObject(label, expression, value))
        else {
          const record = set.records[index] as RdiRecord
          const made = Object.assign(newRecord(), value)
          if (set.hasAbsent && read.some((name) => isAbsent(record, name))) leaveNulls(made)
          set.records[index] = place(made, record, layout, isWhole)
        }
      }
      set.compact()
    },
  }
}

/** A column that is only passed on keeps its type and its text. */
function originOf(source: string | undefined, { isFull, fields }: FieldLayout): FieldOrigin {
  // Fields of a full record are its images, not columns.
  return isFull || source === undefined ? 'computed' : (fields.get(source) ?? 'computed')
}

/** What may be null only because it was not sent is not written, and leaves what is there. */
function leaveNulls(made: RdiRecord): void {
  for (const name of Object.keys(made)) if (made[name] === null) made[name] = undefined
}

/** Puts what was mapped where the format of the record wants it. */
function place(
  made: RdiRecord,
  record: RdiRecord,
  { isFull }: FieldLayout,
  isWhole: boolean,
): RdiRecord {
  if (!isFull) return made
  if (!isWhole) {
    record['after'] = made
    return record
  }
  for (const name of ['key', 'before', 'opcode', 'db', 'schema', 'table'])
    if (!Object.hasOwn(made, name) && Object.hasOwn(record, name)) made[name] = record[name]
  return made
}

function evaluate(
  program: ExpressionSet,
  set: RecordSet,
  label: string,
  valuesRead: (at: number, record: RdiRecord | undefined) => string,
): Evaluated {
  const results = program.evaluate(set)
  for (const [at, values] of results.entries())
    for (const [index, value] of values.entries())
      if (value instanceof ExpressionFailure && !(value instanceof AbsentValue))
        set.fail(index, failureReason(label, value, valuesRead(at, set.records[index])))
  return results
}

function notAnObject(label: string, { text }: Expression, value: RdiValue): string {
  return `${label}: the expression ${shortText(text)} gave ${describeValue(value)}, expected an object`
}

function unknownFields({ place, text }: Expression): PluginError {
  return new PluginError({
    code: 'CONFIG_INVALID',
    message: `${place}: the fields that map gives cannot be told from ${JSON.stringify(shortText(text))}`,
    hint: 'Write it as {name: expression, …} in JMESPath, or as an object with an expression for each field.',
  })
}
