import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import type { DirtyOrigin, DirtyRow } from './dirty-record.ts'
import { dirtyRowJson } from './dirty-record.ts'

const blockBytes = 64 * 1024

/**
 * The rows that a dirty file lists, by split, each as often as it is listed. A run that meets some of them again, because it
 * resumes or its target went back in time, must not list them twice.
 */
export class ListedRows {
  readonly #file: string
  readonly #since: string
  readonly #splits = new Map<string, Map<string, number>>()

  /** @param since ISO time; records written before it are those of other runs */
  constructor(file: string, since: string) {
    this.#file = file
    this.#since = since
  }

  /** Reads what is listed now, of one split or of all. A file that is not there lists nothing. */
  read(split?: string): void {
    if (split === undefined) this.#splits.clear()
    else this.#splits.delete(split)
    for (const line of linesOf(this.#file)) this.#note(line, split)
  }

  /** Whether the row is listed; every time it is asked for counts as one of its records. */
  take({ row, error }: DirtyRow, { split, schema }: DirtyOrigin): boolean {
    const rows = this.#splits.get(split)
    const id = idOf(error.code, dirtyRowJson(row, schema))
    const count = rows?.get(id) ?? 0
    if (count > 0) rows?.set(id, count - 1)
    return count > 0
  }

  #note(line: string, wanted: string | undefined): void {
    let record: Record<string, unknown>
    try {
      record = JSON.parse(line) as Record<string, unknown>
    } catch {
      // A line that was cut off by a crash lists nothing.
      return
    }
    const { time, split, code, row } = record
    if (typeof time !== 'string' || time < this.#since || typeof split !== 'string') return
    if (wanted !== undefined && wanted !== split) return
    const rows = this.#splits.get(split) ?? new Map<string, number>()
    this.#splits.set(split, rows)
    const id = idOf(String(code), row)
    rows.set(id, (rows.get(id) ?? 0) + 1)
  }
}

function idOf(code: string, row: unknown): string {
  return JSON.stringify([code, row])
}

/** The lines of a file, read block by block; none when it cannot be read. */
function* linesOf(file: string): Generator<string> {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch {
    return
  }
  try {
    const decoder = new StringDecoder('utf8')
    const block = Buffer.allocUnsafe(blockBytes)
    let rest = ''
    for (;;) {
      const length = readSync(descriptor, block)
      if (length === 0) break
      const lines = (rest + decoder.write(block.subarray(0, length))).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
    if (rest !== '') yield rest
  } finally {
    closeSync(descriptor)
  }
}
