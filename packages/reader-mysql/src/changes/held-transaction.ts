import { savepointName } from './statement-kind.ts'

/** The bounds of an event in the bytes it came in. */
export interface HeldEvent {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** Bytes of a transaction up to which its end is waited for. */
const maxHeldBytes = 8_388_608

/**
 * The events of a transaction from its first followed table on, held until its end is known: a server logs what was rolled back,
 * too, when a temporary table was made in the transaction, or a table without transactions was changed. What is too large to be held
 * is given out as it comes.
 */
export class HeldTransaction {
  #events: HeldEvent[] = []
  #at = 0
  #byteSize = 0
  /** Whether further events of the transaction are to be held. */
  isOpen = false
  /** Where each savepoint stands among the events. */
  readonly #savepoints = new Map<string, number>()
  /** Ranges of events that were rolled back; the ends are not part of them. */
  readonly #undone: (readonly [start: number, end: number])[] = []

  open(): void {
    this.drop()
    this.isOpen = true
  }

  /** Forgets a transaction that has no end. */
  drop(): void {
    this.#events = []
    this.#at = 0
    this.#byteSize = 0
    this.#savepoints.clear()
    this.#undone.length = 0
    this.isOpen = false
  }

  /** Holds an event; gives whether the transaction has become too large for that. */
  add(event: HeldEvent): boolean {
    this.#events.push(event)
    this.#byteSize += event.end - event.start
    return this.#byteSize > maxHeldBytes
  }

  savepoint(statement: string): void {
    this.#savepoints.set(savepointName(statement), this.#events.length)
  }

  /** A savepoint that is not known was set before the first event. */
  rollbackTo(statement: string): void {
    this.#undone.push([this.#savepoints.get(savepointName(statement)) ?? 0, this.#events.length])
  }

  rollback(): void {
    this.#undone.push([0, this.#events.length])
  }

  /** The end was found, or is not waited for: the events may be taken. */
  close(): void {
    this.isOpen = false
  }

  /** The next event, when they may be taken and one is left. */
  next(): HeldEvent | undefined {
    if (this.isOpen) return undefined
    if (this.#at === this.#events.length) {
      if (this.#at > 0) this.drop()
      return undefined
    }
    this.#at += 1
    return this.#events[this.#at - 1]
  }

  /** Whether the event that `next` gave was rolled back. */
  get isUndone(): boolean {
    const index = this.#at - 1
    return this.#undone.some(([start, end]) => index >= start && index < end)
  }
}
