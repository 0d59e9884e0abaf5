import type { Position } from '../record/record-batch.ts'
import { qualifiedName } from '../record/qualified-name.ts'
import type { OpenJob } from './open-job.ts'
import type { StoppedTables } from './stopped-tables.ts'

/** How far the changes of tables are in the target that are read again. */
export interface FollowedTables {
  readonly tables: ReadonlySet<string>
  /** Behind the last change; absent: there was none. */
  readonly settled?: Position
  readonly committedAtMs?: number
  /** Those whose changes were left out. */
  readonly stopped: StoppedTables
}

/** What the keys of each table look like, as the writer says it. */
export type KeyShapes = ReadonlyMap<string, readonly string[]>

/** By table, as splits name it. */
export function keyShapesOf({ schemas, transforms, writer }: OpenJob): KeyShapes {
  return new Map(
    schemas.map((schema) => [
      qualifiedName(schema),
      writer.keysOf?.(transforms.outputOf(schema)) ?? [],
    ]),
  )
}

/** Which keys may be left of rows that were deleted while nobody looked; `undefined`: no table was read. */
export function noteOfDeleted(followed: FollowedTables, shapes: KeyShapes): string | undefined {
  const { tables, stopped } = followed
  if (tables.size === 0) return undefined
  const left = [...tables].map((table) => {
    const since = stopped.get(table)?.position
    const keys = shapes.get(table) ?? []
    const shown = keys.length === 0 ? '' : ` (${keys.join(', ')})`
    return `${table}${shown}${since === undefined ? '' : ` since ${since}`}`
  })
  return `Rows that were deleted since ${placeText(followed)} could not be seen: their keys may still be in the target, of ${left.join('; ')}`
}

/** The same of one table that was read again while its changes went on. */
export function noteOfResync(table: string, followed: FollowedTables, shapes: KeyShapes): string {
  const stopped = followed.stopped.get(table)
  const keys = shapes.get(table) ?? []
  const shown = keys.length === 0 ? 'keys' : `keys ${keys.join(', ')}`
  const deleted =
    stopped === undefined
      ? `that were deleted before ${placeText(followed)}`
      : `that were deleted since ${stopped.position} (${stopped.since})`
  return `${table} was read again, as was asked: ${shown} of rows ${deleted} could not be seen and may still be in the target`
}

function placeText({ settled, committedAtMs }: FollowedTables): string {
  if (settled === undefined) return 'the snapshot'
  const when = committedAtMs === undefined ? '' : ` (${new Date(committedAtMs).toISOString()})`
  return `the last change that was applied, ${settled.label}${when}`
}
