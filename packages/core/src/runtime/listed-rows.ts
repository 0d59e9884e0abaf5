import { createHash } from 'node:crypto'
import { accessSync, constants } from 'node:fs'
import type { DirtyOrigin, DirtyRow } from './dirty-record.ts'
import { dirtyRowJson } from './dirty-record.ts'
import { fileLines } from './file-lines.ts'

/** What is listed of one split. */
interface ListedSplit {
  /** Records that will be met again. */
  openCount: number
  /** Records by a digest of what they say. */
  readonly counts: Map<string, number>
}

/**
 * The rows that a dirty file lists, by split, each as often as it is listed. A run that resumes meets some of them again
 * and must not list them twice.
 */
export class ListedRows {
  readonly #splits = new Map<string, ListedSplit>()

  /**
   * Reads the records written since an ISO time, of one split or of all, in place of what is known of them. A file that
   * is not there lists nothing.
   */
  read(file: string, since: string, only?: string): void {
    if (only === undefined) this.#splits.clear()
    else this.#splits.delete(only)
    if (!isReadable(file)) return
    for (const line of fileLines(file)) this.#note(line, since, only)
  }

  /** So many records of a split are settled: they are not met again, though rows that look the same may be. */
  settle(split: string, count: number): void {
    const listed = this.#splits.get(split)
    if (listed === undefined) return
    listed.openCount -= count
    if (listed.openCount <= 0) this.#splits.delete(split)
  }

  /** Whether the row is listed; every time it is asked for counts as one of its records. */
  take({ row, error }: DirtyRow, { split, schema }: DirtyOrigin): boolean {
    const listed = this.#splits.get(split)
    if (listed === undefined) return false
    const id = idOf(error.code, dirtyRowJson(row, schema))
    const count = listed.counts.get(id) ?? 0
    if (count === 0) return false
    listed.counts.set(id, count - 1)
    listed.openCount -= 1
    if (listed.openCount === 0) this.#splits.delete(split)
    return true
  }

  #note(line: string, since: string, only: string | undefined): void {
    let record: Record<string, unknown>
    try {
      record = JSON.parse(line) as Record<string, unknown>
    } catch {
      // A line that was cut off by a crash lists nothing.
      return
    }
    const { time, split, code, row } = record
    if (typeof time !== 'string' || time < since || typeof split !== 'string') return
    if (only !== undefined && split !== only) return
    const listed = this.#splits.get(split) ?? { openCount: 0, counts: new Map<string, number>() }
    this.#splits.set(split, listed)
    const id = idOf(String(code), row)
    listed.counts.set(id, (listed.counts.get(id) ?? 0) + 1)
    listed.openCount += 1
  }
}

/** Short, however wide the row is: there may be many. */
function idOf(code: string, row: unknown): string {
  return createHash('sha1')
    .update(JSON.stringify([code, row]))
    .digest('base64')
}

/** A file that is not there, or may not be read, lists nothing. */
function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}
