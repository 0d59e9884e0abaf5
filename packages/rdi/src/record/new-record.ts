import type { RdiRecord } from '../model/expression.ts'

/** Objects made with it have no prototype a field could be confused with (`__proto__`), and stay fast nevertheless. */
function Fields(): void {}
Fields.prototype = Object.create(null)

/** A record without fields. Any name can be one. */
export function newRecord(): RdiRecord {
  return new (Fields as unknown as new () => RdiRecord)()
}
