import { isDocument } from '../documents/bson-document.ts'
import type { PipelineStage } from './pipeline.ts'
import { isPlainProjection } from './plain-projection.ts'
import { plainNumbers } from '../documents/plain-numbers.ts'

/**
 * @param stage the first of a pipeline
 * @returns the top-level fields that it and all later stages can ask for; undefined: any
 */
export function neededFields({ name, argument }: PipelineStage): ReadonlySet<string> | undefined {
  const fields = new Set<string>()
  switch (name) {
    case '$count':
      return fields
    case '$group':
      return collect(argument, fields) ? fields : undefined
    case '$bucketAuto':
      return collect(argument, fields) ? fields : undefined
    case '$project': {
      const plain = plainNumbers(argument)
      if (!isDocument(plain) || !isPlainProjection(plain)) return undefined
      const { _id: id, ...others } = plain
      const wanted = Object.entries(others)
      if (wanted.some(([, value]) => value === 0 || value === false)) return undefined
      if (wanted.length === 0 && (id === 0 || id === false)) return undefined
      return new Set(['_id', ...wanted.map(([path]) => path.split('.')[0] ?? path)])
    }
    default:
      return undefined
  }
}

/** @returns false when the expression may ask for the whole document */
function collect(expression: unknown, fields: Set<string>): boolean {
  if (typeof expression === 'string') {
    if (expression.startsWith('$$')) return false
    if (expression.startsWith('$')) fields.add(expression.slice(1).split('.')[0] ?? '')
    return true
  }
  if (Array.isArray(expression)) return expression.every((member) => collect(member, fields))
  if (!isDocument(expression)) return true
  return Object.values(expression).every((member) => collect(member, fields))
}
