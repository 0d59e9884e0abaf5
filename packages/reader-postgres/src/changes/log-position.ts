import { PluginError } from '@millrace/core/plugin'
import type { Position } from '@millrace/core/record'

/**
 * A place in the write-ahead log of the server. Every transaction whose commit record lies before `lsn` is done, and of the one
 * whose commit record begins at `lsn` the first `index` changes are.
 */
export interface LogPosition {
  readonly lsn: bigint
  readonly index: number
  /** How the publication stood for the tables of the job, see `readMembership`; absent: it is not known. */
  readonly publication?: number
}

/** A log sequence number as the server writes it: `16/B374D848`. */
export function lsnText(lsn: bigint): string {
  const low = lsn & 0xffff_ffffn
  return `${(lsn >> 32n).toString(16)}/${low.toString(16)}`.toUpperCase()
}

/** The number of an LSN as the server writes it; `undefined` when the text is none. */
export function parseLsn(text: string): bigint | undefined {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text)
  if (match === null) return undefined
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`)
}

/** The position as the runtime keeps it. */
export function positionOf({
  lsn,
  index = 0,
  publication,
}: Partial<LogPosition> & Pick<LogPosition, 'lsn'>): Position {
  const text = lsnText(lsn)
  return {
    token: {
      lsn: text,
      ...(index === 0 ? {} : { index }),
      ...(publication === undefined ? {} : { publication }),
    },
    label: index === 0 ? text : `${text} + ${index}`,
  }
}

/**
 * Reads a position as the runtime kept it.
 *
 * @throws PluginError POSITION_LOST when it is none of this reader
 */
export function logPositionOf({ token }: Position): LogPosition {
  if (typeof token === 'object' && token !== null && !Array.isArray(token)) {
    const { lsn: text, index = 0, publication } = token as Readonly<Record<string, unknown>>
    const lsn = typeof text === 'string' ? parseLsn(text) : undefined
    if (lsn !== undefined && Number.isSafeInteger(index) && Number(index) >= 0) {
      const place = { lsn, index: Number(index) }
      return typeof publication === 'number' ? { ...place, publication } : place
    }
  }
  throw new PluginError({
    code: 'POSITION_LOST',
    message: 'going on with changes: the position to go on from is none of a PostgreSQL log',
    hint: 'The job has changed since the position was kept: run it from the beginning.',
  })
}
