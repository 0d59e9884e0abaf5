import { nearestName } from '@millrace/core/dialect'
import type { Logger } from '@millrace/core/plugin'
import type { TableSchema } from '@millrace/core/record'
import { foldCase } from '../expression/sql/field-reader.ts'
import type { Language } from '../model/expression.ts'
import type { TableJob } from '../model/table-job.ts'
import type { ExpressionFields } from './expression-set.ts'
import type { FieldLayout } from './field-layout.ts'

/** What full records have beside fields that blocks add. */
const partsOfFull = ['key', 'before', 'after', 'opcode', 'db', 'schema', 'table']

/**
 * Compares what expressions of a job read with the fields that the rows of a table have at that place, and warns of those that are
 * never there: they count as null. `undefined` where that cannot be known: documents may have any field, and a job for all tables
 * has to do with what each of them has.
 */
export function warnOfUnknown(
  { table, documents }: TableSchema,
  { match, rowFormat }: TableJob,
  layout: FieldLayout,
  logger: Logger,
): ExpressionFields['onRead'] {
  if (documents !== undefined || match.table === '*') return undefined
  return ({ language, place }, names) => {
    for (const name of names) {
      if (mayHave(layout, name, language)) continue
      const shown = JSON.stringify(name)
      const hint = hintFor(layout, name, rowFormat)
      logger.warn(
        `${place}: the expression reads the field ${shown}, which rows of ${table} do not have there: it is null${hint}`,
      )
    }
  }
}

function mayHave(layout: FieldLayout, name: string, language: Language): boolean {
  const isSame = sameIn(language)
  const isAmong = (wanted: string, names: Iterable<string>) =>
    [...names].some((one) => isSame(one, wanted))
  const [first = '', ...others] = name.split('.')
  const { fields, columns, scratch, isFull, isOpen, isReplaced } = layout
  const isField = (wanted: string, step: string) =>
    isOpen || isAmong(wanted, fields.keys()) || isAmong(step, fields.keys())
  if (!isFull) return isField(name, first)
  const part = partsOfFull.find((one) => isSame(one, first))
  if (part === undefined) return isReplaced || isAmong(first, scratch) || isAmong(name, scratch)
  const [step] = others
  if (step === undefined || isReplaced || scratch.has(part)) return true
  if (part === 'after') return isField(others.join('.'), step)
  const columnNames = columns.map((column) => column.name)
  const isImage = part === 'before' || part === 'key'
  return !isImage || isAmong(others.join('.'), columnNames) || isAmong(step, columnNames)
}

/** SQL does not tell upper and lower case apart. */
function sameIn(language: Language): (a: string, b: string) => boolean {
  return language === 'sql' ? (a, b) => foldCase(a) === foldCase(b) : (a, b) => a === b
}

function hintFor({ fields }: FieldLayout, name: string, rowFormat: TableJob['rowFormat']): string {
  const [first = ''] = name.split('.')
  if (rowFormat !== 'full') {
    if (partsOfFull.includes(first)) return ' ("row_format: full" shows it)'
    return nearestHint(name, fields.keys())
  }
  const images = ['after', 'before', 'key'].flatMap((image) =>
    [...fields.keys()].map((field) => `${image}.${field}`),
  )
  if (images.includes(`after.${first}`)) return `; did you mean "after.${first}"?`
  return nearestHint(name, images)
}

function nearestHint(name: string, candidates: Iterable<string>): string {
  const nearest = nearestName(name, candidates)
  return nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`
}
