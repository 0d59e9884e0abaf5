import type { ReadOptions, Split } from '@millrace/core/plugin'
import type { JsonValue } from '@millrace/core/record'
import { positionLost } from '@millrace/core/sql'
import { isIdType, type IdBound, type IdRange } from './id-conditions.ts'
import { idOfPosition, idOfToken, textOfId, tokenOf, type IdValue } from './id-value.ts'

/** `Split.range`: the bounds of `_id` as tokens; `lower` is included, `upper` is not. An absent one is open. */
interface StoredRange {
  readonly lower?: string
  readonly upper?: string
}

/** Bounds of a split; `lower` is included, `upper` is not. */
export interface SplitBounds {
  readonly lower?: IdValue
  readonly upper?: IdValue
}

/** What a split is made of besides its bounds. */
export interface SplitOfCollection {
  /** `shop.people`, or the name alone. */
  readonly label: string
  readonly resumable: boolean
  readonly estimatedRows?: number
}

/** Bounds between values of `_id` that increase; the first and the last are open. */
export function boundsBetween(values: readonly IdValue[]): readonly SplitBounds[] {
  return [undefined, ...values].map((lower, index) => {
    const upper = values[index]
    return {
      ...(lower === undefined ? {} : { lower }),
      ...(upper === undefined ? {} : { upper }),
    }
  })
}

/** A split as plans and checkpoints have it. */
export function splitOf({ lower, upper }: SplitBounds, of: SplitOfCollection): Split {
  const isWhole = lower === undefined && upper === undefined
  const [from, to] = [lower, upper].map((bound) => (bound === undefined ? '' : textOfId(bound)))
  const range: StoredRange = {
    ...(lower === undefined ? {} : { lower: tokenOf(lower) }),
    ...(upper === undefined ? {} : { upper: tokenOf(upper) }),
  }
  return {
    id: isWhole ? of.label : `${of.label}[${from},${to})`,
    table: of.label,
    range: range as JsonValue,
    resumable: of.resumable,
    ...(of.estimatedRows === undefined ? {} : { estimatedRows: of.estimatedRows }),
  }
}

/**
 * The part of `_id` that is to be read of a split, which may come from a checkpoint.
 *
 * @param isOrderable - whether the documents have an order to go on in, now
 * @throws PluginError POSITION_LOST for what is no split or no position of this reader, or no longer fits
 */
export function rangeToRead(
  split: Split,
  { from, until, positions = false }: Pick<ReadOptions, 'from' | 'until' | 'positions'>,
  isOrderable: boolean,
): IdRange {
  const doing = `reading split ${split.id}`
  const { lower, upper } = boundsOf(split)
  const isBounded = from !== undefined || until !== undefined
  if (isBounded && !split.resumable) {
    throw positionLost(doing, 'it has no positions, and one to read from or until was given')
  }
  if (
    !isOrderable &&
    (isBounded || lower !== undefined || upper !== undefined || (positions && split.resumable))
  ) {
    throw positionLost(doing, 'it is a view now, whose documents have no order to go on in')
  }
  const after = from === undefined ? undefined : idOfPosition(from)
  const last = until === undefined ? undefined : idOfPosition(until)
  if ((from !== undefined && !isId(after)) || (until !== undefined && !isId(last))) {
    throw positionLost(doing, 'the position to go on from is none of this reader')
  }
  return {
    ...boundOf('lower', after, lower, false, true),
    ...boundOf('upper', last, upper, true, false),
  }
}

function boundOf(
  name: 'lower' | 'upper',
  position: IdValue | undefined,
  bound: IdValue | undefined,
  includesPosition: boolean,
  includesBound: boolean,
): { readonly [Name in 'lower' | 'upper']?: IdBound } {
  if (position !== undefined) return { [name]: { value: position, isIncluded: includesPosition } }
  return bound === undefined ? {} : { [name]: { value: bound, isIncluded: includesBound } }
}

function boundsOf(split: Split): SplitBounds {
  const { range } = split
  const isRange = typeof range === 'object' && range !== null && !Array.isArray(range)
  const { lower, upper } = (isRange ? range : {}) as Record<string, JsonValue | undefined>
  const [first, last] = [lower, upper].map((token) => idOfToken(token))
  const isWrong =
    !isRange || (lower !== undefined && !isId(first)) || (upper !== undefined && !isId(last))
  if (isWrong) throw positionLost(`reading split ${split.id}`, 'it is no split of this reader')
  return {
    ...(first === undefined ? {} : { lower: first }),
    ...(last === undefined ? {} : { upper: last }),
  }
}

function isId(value: IdValue | undefined): boolean {
  return value !== undefined && isIdType(value.type)
}

/** @throws PluginError POSITION_LOST when the job reads another collection */
export function requireCollection(split: Split, label: string): void {
  if (split.table === label) return
  throw positionLost(
    `reading split ${split.id}`,
    `it is a part of ${split.table}, the job reads ${label}`,
  )
}
