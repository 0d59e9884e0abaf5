import { evalExpr } from 'mingo/core'
import type { Any, AnyObject, Options } from 'mingo/types'
import { CommandError } from '../commands/command-error.ts'
import { idOf } from '../documents/document-id.ts'
import { compareKeys, sortKey } from '../order/sort-key.ts'
import { accumulators } from './accumulators.ts'
import { evaluateEach } from './evaluate.ts'

interface Keyed {
  readonly key: string
  readonly value: unknown
  readonly document: AnyObject
}

/**
 * `$bucketAuto` without a granularity: buckets of about the same number of documents, none cut between equal values. The upper
 * bound of a bucket is the lower of the next; that of the last is its largest value.
 *
 * @param documents
 * @param argument `{groupBy, buckets, output}`
 * @param options of the query library
 * @returns one document a bucket
 */
export function bucketAuto(
  documents: readonly AnyObject[],
  argument: Any,
  options: Options,
): AnyObject[] {
  const { groupBy, buckets, output, granularity } = argument as Record<string, unknown>
  if (granularity !== undefined)
    throw new CommandError('CommandNotSupported', '$bucketAuto with granularity is not served here')
  const values = evaluateEach(documents, groupBy, options)
  const keyed = documents.map((document, index) => {
    const value = values[index] ?? null
    return { key: sortKey(value), value, document }
  })
  keyed.sort((left, right) => compareKeys(left.key, right.key))
  const groups = cut(keyed, Number(buckets))
  return groups.map((group, index) => ({
    _id: {
      min: group[0]?.value,
      max: (groups[index + 1]?.[0] ?? group.at(-1))?.value,
    },
    ...outputOf(group, output, options),
  }))
}

/**
 * The same for `{groupBy: '$_id', buckets}`: only the bounds are decoded.
 *
 * @param documents in the order of `_id`
 * @param buckets
 * @returns one document a bucket
 */
export function bucketAutoById(documents: readonly Buffer[], buckets: number): AnyObject[] {
  const size = bucketSize(documents.length, buckets)
  const count = Math.min(buckets, Math.ceil(documents.length / size))
  const idAt = (index: number) => {
    const document = documents[index]
    return document === undefined ? undefined : idOf(document)
  }
  return Array.from({ length: count }, (_, index) => {
    const start = index * size
    const end = index === count - 1 ? documents.length : start + size
    const max = idAt(end < documents.length ? end : end - 1)
    return { _id: { min: idAt(start), max }, count: end - start }
  })
}

function bucketSize(documents: number, buckets: number): number {
  return Math.max(1, Math.round(documents / buckets))
}

function cut(keyed: readonly Keyed[], buckets: number): Keyed[][] {
  const size = bucketSize(keyed.length, buckets)
  const groups: Keyed[][] = []
  let start = 0
  while (start < keyed.length) {
    const last = groups.length === buckets - 1
    let end = last ? keyed.length : Math.min(start + size, keyed.length)
    while (end < keyed.length && keyed[end]?.key === keyed[end - 1]?.key) end += 1
    groups.push(keyed.slice(start, end))
    start = end
  }
  return groups
}

function outputOf(group: readonly Keyed[], output: unknown, options: Options): AnyObject {
  const wanted = Object.entries(Object(output ?? { count: { $sum: 1 } }))
  const documents = group.map(({ document }) => document)
  return Object.fromEntries(
    wanted.map(([name, expression]) => {
      const [[operator, operand] = ['', undefined]] = Object.entries(Object(expression))
      const own = accumulators[operator as `$${string}`]
      const value = own?.(documents, operand, options)
      return [name, own === undefined ? evalExpr(documents, expression, options) : value]
    }),
  )
}
