import { randomBytes } from 'node:crypto'
import { Long } from 'bson'
import { CommandError } from '../commands/command-error.ts'
import type { Member } from '../server/replica-set.ts'
import type { ServerCursor } from './cursor.ts'

interface OpenCursor {
  readonly cursor: ServerCursor
  /** Where it was opened: nobody else knows it. */
  readonly member: Member
  /** Stops a waiting `getMore`. */
  readonly stop: AbortController
}

/** The cursors that clients may ask for more. */
export class OpenCursors {
  readonly #open = new Map<string, OpenCursor>()

  get count(): number {
    return this.#open.size
  }

  /** @returns the number by which clients name it */
  add(cursor: ServerCursor, member: Member): Long {
    const id = Long.fromBigInt(randomBytes(8).readBigUInt64LE() >> 2n)
    this.#open.set(id.toString(), { cursor, member, stop: new AbortController() })
    return id
  }

  /** @throws {CommandError} CursorNotFound */
  get(id: Long, member: Member): OpenCursor {
    const found = this.#open.get(id.toString())
    if (found?.member !== member)
      throw new CommandError('CursorNotFound', `cursor id ${id.toString()} not found`)
    return found
  }

  /** @returns whether it was there */
  close(id: Long, member: Member): boolean {
    const found = this.#open.get(id.toString())
    if (found?.member !== member) return false
    found.stop.abort()
    return this.#open.delete(id.toString())
  }

  /** @param member whose cursors; absent: all */
  closeAll(member?: Member): void {
    for (const [id, one] of this.#open) {
      if (member !== undefined && one.member !== member) continue
      one.stop.abort()
      this.#open.delete(id)
    }
  }
}
