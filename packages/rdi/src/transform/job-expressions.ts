import type { Field } from '@millrace/core/record'
import type { Expression, MapObject, TableJob, TransformBlock } from '../model/table-job.ts'
import { mentions } from '../record/mentioned-names.ts'
import type { OutputPlan } from './output-plan.ts'

type Text = Pick<Expression, 'language' | 'text'>

/** Positions of the columns that records need: those that a block or an expression may look at. */
export function neededColumns(
  columns: readonly Field[],
  job: TableJob,
  { columns: outputColumns }: OutputPlan,
): number[] {
  const texts = [
    ...job.blocks.flatMap(blockTexts),
    ...outputColumns.flatMap((column) => ('expression' in column ? [column.expression] : [])),
  ]
  const needsAll = job.rowFormat === 'full' && texts.some(seesWholeImage)
  return columns.flatMap(({ name }, index) =>
    needsAll || texts.some((text) => mentions(text, name)) ? [index] : [],
  )
}

/** Whether `after` or `before` stand for themselves, not for a field of them. */
function seesWholeImage({ text }: Text): boolean {
  return /\b(?:after|before)\b(?!["`]?\s*\.\s*["`]?[^\s.*[{(&|])/i.test(text)
}

function blockTexts(block: TransformBlock): readonly Text[] {
  const names = touchedNames(block).map((text): Text => ({ language: 'jmespath', text }))
  return [...blockExpressions(block), ...names]
}

/** Fields that a block looks at by their names; of those it only sets, the ones on the way to them. */
function touchedNames(block: TransformBlock): readonly string[] {
  const isNested = (name: string) => name.includes('.')
  switch (block.uses) {
    case 'add_field':
    case 'remove_field':
      return block.fields.map(({ field }) => field).filter(isNested)
    case 'rename_field':
      return block.fields.flatMap(({ from, to }) => [from, to])
    case 'redis.lookup':
      return [block.field].filter(isNested)
    case 'map':
    case 'filter':
      return []
  }
}

/** All expressions of a job, in its order. */
export function expressionsOf({ blocks, outputs }: TableJob): readonly Expression[] {
  return [
    ...blocks.flatMap(blockExpressions),
    ...outputs.flatMap(({ key, expire }) => [
      ...(key ? [key] : []),
      ...(typeof expire === 'object' ? [expire] : []),
    ]),
  ]
}

/** Expressions of a block, in its order. */
export function blockExpressions(block: TransformBlock): readonly Expression[] {
  switch (block.uses) {
    case 'add_field':
      return block.fields.map(({ expression }) => expression)
    case 'map':
      return 'fields' in block.expression ? leaves(block.expression) : [block.expression]
    case 'filter':
      return [block.expression]
    case 'redis.lookup':
      return [...block.arguments, ...(block.when ? [block.when] : [])]
    case 'remove_field':
    case 'rename_field':
      return []
  }
}

function leaves({ fields }: MapObject): readonly Expression[] {
  return fields.flatMap(({ value }) => ('fields' in value ? leaves(value) : [value]))
}
