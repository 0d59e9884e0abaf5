import { PluginError } from '@millrace/core/plugin'
import type { Position } from '@millrace/core/record'
import type { SourceFile } from './files.ts'

/** Behind so many bytes of a file, which are so many records, and behind all files before it. */
export interface Place {
  readonly file: string
  readonly bytes: number
  readonly records: number
}

export function positionOf({ file, bytes, records }: Place): Position {
  return { token: { file, bytes, records }, label: `${file}, record ${records}` }
}

/** A position may come from a checkpoint of long ago: one that does not fit is refused. */
export function placeOf(
  position: Position | undefined,
  names: readonly string[],
): Place | undefined {
  if (position === undefined) return undefined
  const { token, label } = position
  if (typeof token === 'object' && token !== null && !Array.isArray(token)) {
    const { file, bytes, records } = token as Readonly<Record<string, unknown>>
    if (typeof file === 'string' && names.includes(file) && isCount(bytes) && isCount(records))
      return { file, bytes, records }
  }
  throw positionLost(`${label} is no place in ${names.join(', ')}`)
}

/** A place inside a file that is another one now must not be read on from: a record has to end there. */
export async function checkPlace({ file: name, bytes }: Place, file: SourceFile): Promise<void> {
  if (bytes === 0) return
  const size = await file.size()
  if (size < bytes) throw positionLost(`${name} has ${size} bytes, and ${bytes} were read of it`)
  const [last] = await file.read(bytes - 1, 1)
  if (size > bytes && last !== 10) throw positionLost(`at byte ${bytes} of ${name} no record ends`)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function positionLost(message: string): PluginError {
  const hint = 'The files are others than before: begin anew with --restart.'
  return new PluginError({ code: 'POSITION_LOST', message: `reading on: ${message}`, hint })
}
