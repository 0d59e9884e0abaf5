import { PluginError } from '@millrace/core/plugin'
import { int32At } from '../types/bson-types.ts'
import { ChangeEvent, documentOf, valuesOf } from './change-event.ts'

/** Fragments of one event hold at most this many bytes together: a document before and after, and what changed of it. */
const maxEventBytes = 128 * 1024 * 1024

/** Puts the fragments of events together that the server has cut because they are larger than a message. */
export class SplitEvents {
  #elements: Buffer[] = []
  #byteCount = 0

  /**
   * The event that this one completes, or the event itself; `undefined` while fragments are missing.
   *
   * @throws PluginError SOURCE_FAILED when fragments are missing, or they are more than there can be
   */
  take(event: ChangeEvent): ChangeEvent | undefined {
    if (!event.hasSplit) return event
    const { fragment, count } = splitOf(event)
    if (fragment === 1) this.#begin()
    else if (this.#elements.length === 0)
      throw broken(`fragment ${fragment} of ${count} came first`)
    for (const [name, { offset, end }] of event.parts) {
      if (name === 'splitEvent' || (name === '_id' && fragment < count)) continue
      this.#byteCount += end - offset
      if (this.#byteCount > maxEventBytes) throw broken('its fragments do not end')
      this.#elements.push(event.element(name))
    }
    if (fragment < count) {
      if (this.#elements.length === 0) this.#elements.push(Buffer.alloc(0))
      return undefined
    }
    const whole = documentOf(this.#elements)
    this.#begin()
    return new ChangeEvent(whole)
  }

  #begin(): void {
    this.#elements = []
    this.#byteCount = 0
  }
}

function splitOf(event: ChangeEvent): { readonly fragment: number; readonly count: number } {
  const split = event.document('splitEvent')
  const numbers = split === undefined || split === null ? new Map() : valuesOf(split)
  const number = (name: string) => {
    const value = numbers.get(name) as { readonly offset: number } | undefined
    return value === undefined || !split ? 0 : int32At(split, value.offset)
  }
  return { fragment: number('fragment'), count: number('of') }
}

function broken(found: string): PluginError {
  return new PluginError({
    code: 'SOURCE_FAILED',
    message: `reading a large change that the server has cut: ${found}`,
    isRetryable: true,
  })
}
