import {
  isRecord,
  valueAt,
  type ProblemList,
  type ProblemText,
  type UnknownKey,
} from '@millrace/core/dialect'
import { explainOtherName } from '../config/explain-key.ts'

const ofWriteBehind = 'belongs to write-behind (Redis to a database), which is not supported'

const oldKeys: Readonly<Record<string, ProblemText>> = {
  keys: {
    message: `"keys" ${ofWriteBehind}`,
    hint: 'Use "key" with an expression, or leave it out for the default key.',
  },
  foreach: { message: `"foreach" ${ofWriteBehind}`, hint: 'Use "nest" for children of a row.' },
  opcode_field: { message: `"opcode_field" ${ofWriteBehind}` },
  load_strategy: { message: `"load_strategy" ${ofWriteBehind}`, hint: 'Use "on_update".' },
  options: { message: '"options" went with data_type lua, which is not supported' },
}

const otherOutputs = ['relational.write', 'cassandra.write']

/** What is said of keys that older releases knew. */
export function explainJobKey(unknown: UnknownKey): ProblemText | undefined {
  const isOutput = unknown.path[0] === 'output' && unknown.path.length === 4
  const old = isOutput && Object.hasOwn(oldKeys, unknown.key) ? oldKeys[unknown.key] : undefined
  return old ?? explainOtherName(unknown)
}

/** Reports outputs that RDI once had, and takes them out of `value`. */
export function takeOutOldOutputs(value: unknown, problems: ProblemList): unknown {
  const outputs = valueAt(value, ['output'])
  if (!isRecord(value) || !Array.isArray(outputs)) return value
  const output = outputs.map((entry: unknown, index) => {
    const uses = valueAt(entry, ['uses'])
    if (typeof uses === 'string' && otherOutputs.includes(uses)) {
      const hint = 'Use redis.write.'
      problems.error(['output', index, 'uses'], { message: `${uses} ${ofWriteBehind}`, hint })
      return { uses: 'redis.write' }
    }
    if (!isRecord(entry) || valueAt(entry, ['with', 'data_type']) !== 'lua') return entry
    const path = ['output', index, 'with', 'data_type']
    const hint = 'Use hash, json, set, sorted_set, stream or string.'
    problems.error(path, { message: 'the data type lua is not supported', hint })
    const { connection } = entry['with'] as Readonly<Record<string, unknown>>
    return { ...entry, with: connection === undefined ? {} : { connection } }
  })
  return { ...value, output }
}

/** Warns of `cache` and the like, wherever they stand. */
export function warnOfCaches(value: unknown, problems: ProblemList): void {
  const search = (part: unknown, path: readonly (string | number)[]): void => {
    if (Array.isArray(part)) {
      for (const [index, item] of part.entries()) search(item, [...path, index])
    } else if (isRecord(part)) {
      for (const [key, child] of Object.entries(part)) {
        const own = [...path, key]
        // Fields of a record may have any name.
        if (key === 'expression' || key === 'mapping') continue
        if (key === 'cache' || key === 'lookup_cache' || key === 'timeout_ms')
          problems.warn(own, 'has no effect', 'key')
        else search(child, own)
      }
    }
  }
  for (const part of ['transform', 'output']) search(valueAt(value, [part]), [part])
}
