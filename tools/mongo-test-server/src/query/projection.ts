import { Query } from 'mingo/query'
import { decodeDocument, encodeDocument, isDocument } from '../documents/bson-document.ts'
import { plainNumbers } from '../documents/plain-numbers.ts'
import { rawFields } from '../documents/raw-fields.ts'
import { withPatterns } from './filter.ts'
import { isPlainProjection, projectPlainly } from './plain-projection.ts'
import { queryContext } from './query-context.ts'

/**
 * @param specification of the fields that are wanted or not
 * @param filter of the same command, by which `.$` picks a member of an array
 * @returns makes BSON of BSON; undefined when the documents are wanted whole
 */
export function projection(
  specification: unknown,
  filter: Record<string, unknown>,
): ((bytes: Buffer) => Buffer) | undefined {
  if (!isDocument(specification) || Object.keys(specification).length === 0) return undefined
  const wanted = plainNumbers(specification) as Record<string, unknown>
  if (!isPlainProjection(wanted)) return byLibrary(wanted, filter)
  if (Object.keys(wanted).some((path) => path.includes('.'))) {
    const project = projectPlainly(wanted)
    return (bytes) => encodeDocument(project(decodeDocument(bytes)))
  }
  return rawProjection(wanted)
}

function rawProjection(wanted: Record<string, unknown>): (bytes: Buffer) => Buffer {
  const { _id: id = true, ...others } = wanted
  const withId = Boolean(id)
  const flags = Object.values(others).map(Boolean)
  const including = flags.length === 0 ? withId : flags.includes(true)
  const fields = Object.keys(others)
  if (withId === including) fields.push('_id')
  return rawFields(fields, including)
}

function byLibrary(
  wanted: Record<string, unknown>,
  filter: Record<string, unknown>,
): (bytes: Buffer) => Buffer {
  const condition = withPatterns(filter) as Record<string, unknown>
  const query = new Query(condition, { context: queryContext() })
  return (bytes) => {
    const [projected] = query.find([decodeDocument(bytes)], wanted).all()
    return encodeDocument(Object(projected))
  }
}
