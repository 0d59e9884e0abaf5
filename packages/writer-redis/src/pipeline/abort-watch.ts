/**
 * Watches signals for many calls at once: a signal that all batches share gets one listener, however many are under way
 * (more than ten would make Node warn of a leak).
 */
export class AbortWatch<T> {
  readonly #onAbort: (item: T, reason: unknown) => void
  readonly #watched = new Map<
    AbortSignal,
    { readonly items: Set<T>; readonly listener: () => void }
  >()

  /** @param onAbort called for every item whose signal is aborted */
  constructor(onAbort: (item: T, reason: unknown) => void) {
    this.#onAbort = onAbort
  }

  /** Watches the signal on behalf of an item. */
  add(signal: AbortSignal, item: T): void {
    const known = this.#watched.get(signal)
    if (known !== undefined) {
      known.items.add(item)
      return
    }
    const items = new Set([item])
    const listener = () => {
      for (const one of items) this.#onAbort(one, signal.reason)
    }
    this.#watched.set(signal, { items, listener })
    signal.addEventListener('abort', listener, { once: true })
  }

  /** Ends the watch for an item; the last one of a signal removes the listener. */
  remove(signal: AbortSignal, item: T): void {
    const known = this.#watched.get(signal)
    if (known === undefined) return
    known.items.delete(item)
    if (known.items.size > 0) return
    signal.removeEventListener('abort', known.listener)
    this.#watched.delete(signal)
  }
}
