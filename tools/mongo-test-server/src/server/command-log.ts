import type { BsonDocument } from '../documents/bson-document.ts'
import type { Member } from './replica-set.ts'

/** Which commands have come, for tests. */
export class CommandLog {
  readonly #counts = new Map<Member, Map<string, number>>()
  readonly #latest = new Map<string, BsonDocument>()

  /** Takes down a command that has come to a member. */
  add(name: string, command: BsonDocument, member: Member): void {
    const counts = this.#counts.get(member) ?? new Map<string, number>()
    counts.set(name, (counts.get(name) ?? 0) + 1)
    this.#counts.set(member, counts)
    this.#latest.set(name, command)
  }

  /**
   * @param member absent: all of them
   * @returns how often each command has come
   */
  counts(member?: Member): Record<string, number> {
    const sums: Record<string, number> = {}
    for (const [one, counts] of this.#counts) {
      if (member !== undefined && one !== member) continue
      for (const [name, count] of counts) sums[name] = (sums[name] ?? 0) + count
    }
    return sums
  }

  /**
   * @param name of a command
   * @returns the last one of that name, as it was sent
   */
  latest(name: string): BsonDocument | undefined {
    return this.#latest.get(name)
  }

  /** Begins anew. */
  clear(): void {
    this.#counts.clear()
    this.#latest.clear()
  }
}
