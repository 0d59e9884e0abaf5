import type { JsonValue, Position } from '@millrace/core/record'
import { positionLost } from '@millrace/core/sql'

/** A place in the binary log of one server. */
export interface LogPosition {
  /** Tells servers apart: file and offset mean nothing on another one. */
  readonly server: string
  readonly file: string
  /** Between two transactions. */
  readonly offset: number
  /** GTIDs of what stands before: MySQL's executed set, MariaDB's last of every domain; absent where there are none. */
  readonly gtid?: string
  /** Inside the transaction behind `offset`: changes of it that were handed out, by table. */
  readonly inside?: Readonly<Record<string, number>>
}

/** The position as a checkpoint keeps it. */
export function positionOf(place: LogPosition): Position {
  const { server, file, offset, gtid, inside } = place
  const count = Object.values(inside ?? {}).reduce((sum, part) => sum + part, 0)
  return {
    token: {
      server,
      file,
      offset,
      ...(gtid === undefined ? {} : { gtid }),
      ...(inside === undefined ? {} : { inside }),
    },
    label: `${file}:${offset}${inside === undefined ? '' : `+${count}`}`,
  }
}

/**
 * Reads a position that may come from a checkpoint.
 *
 * @throws PluginError POSITION_LOST when it is none of this reader
 */
export function logPositionOf({ token, label }: Position): LogPosition {
  if (isLogPosition(token)) return token
  throw positionLost(
    `following changes behind ${label}`,
    'it is no position in the log of a MySQL or MariaDB server',
  )
}

/** Negative, zero or positive, as the first place stands before, at or behind the second one. Both are of one server. */
export function compareBoundaries(
  left: { readonly file: string; readonly offset: number },
  right: { readonly file: string; readonly offset: number },
): number {
  if (left.file === right.file) return left.offset - right.offset
  return fileNumber(left.file) - fileNumber(right.file)
}

/** The number at the end of the name of a log file, which counts up. */
export function fileNumber(file: string): number {
  return Number(/\.(\d+)$/.exec(file)?.[1] ?? 0)
}

function isLogPosition(token: JsonValue): token is LogPosition & JsonValue {
  if (typeof token !== 'object' || token === null || Array.isArray(token)) return false
  const { server, file, offset, gtid, inside } = token as Record<string, JsonValue | undefined>
  return (
    typeof server === 'string' &&
    typeof file === 'string' &&
    typeof offset === 'number' &&
    (gtid === undefined || typeof gtid === 'string') &&
    (inside === undefined || isCounts(inside))
  )
}

function isCounts(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).every((count) => typeof count === 'number')
}
