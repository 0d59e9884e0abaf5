/** Where a value stands in a parsed file: object keys and array indexes from the root. */
export type ConfigPath = readonly (string | number)[]

const plainKey = /^[\p{L}_$*][\p{L}\p{N}_$*-]*$/u

/** A path as people read it: `steps[1].parameter.batchSize`. The root is the empty text. */
export function formatPath(path: ConfigPath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (plainKey.test(part)) text += text === '' ? part : `.${part}`
    else text += `[${JSON.stringify(part)}]`
  }
  return text
}

/** Whether `value` is an object with keys (not null, not a list). */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at `path`, or `undefined` where nothing stands. Only own properties count. */
export function valueAt(root: unknown, path: ConfigPath): unknown {
  let value = root
  for (const part of path) {
    if (Array.isArray(value) && typeof part === 'number') value = value[part]
    else if (isRecord(value) && Object.hasOwn(value, part)) value = value[part]
    else return undefined
  }
  return value
}
