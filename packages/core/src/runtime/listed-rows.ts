import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import type { DirtyOrigin, DirtyRow } from './dirty-record.ts'
import { dirtyRowJson } from './dirty-record.ts'

const blockBytes = 64 * 1024

/**
 * The rows that a dirty file lists, by split, each as often as it is listed. A run that resumes meets some of them again
 * and must not list them twice.
 */
export class ListedRows {
  readonly #counts = new Map<string, number>()

  /** Reads the records written since an ISO time. A file that is not there lists nothing. */
  static read(file: string, since: string): ListedRows {
    const listed = new ListedRows()
    for (const line of linesOf(file)) listed.#note(line, since)
    return listed
  }

  /** Whether the row is listed; every time it is asked for counts as one of its records. */
  take({ row, error }: DirtyRow, { split, schema }: DirtyOrigin): boolean {
    const id = idOf(split, error.code, dirtyRowJson(row, schema))
    const count = this.#counts.get(id) ?? 0
    if (count === 0) return false
    this.#counts.set(id, count - 1)
    return true
  }

  #note(line: string, since: string): void {
    let record: Record<string, unknown>
    try {
      record = JSON.parse(line) as Record<string, unknown>
    } catch {
      // A line that was cut off by a crash lists nothing.
      return
    }
    const { time, split, code, row } = record
    if (typeof time !== 'string' || time < since) return
    const id = idOf(String(split), String(code), row)
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
  }
}

function idOf(split: string, code: string, row: unknown): string {
  return JSON.stringify([split, code, row])
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
