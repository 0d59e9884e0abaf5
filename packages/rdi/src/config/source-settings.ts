import { didYouMean, type ConfigPath, type ProblemList } from '@millrace/core/dialect'
import type { SourceSettings } from '../model/pipeline.ts'
import { known, meaningful, type Settings } from './debezium-settings.ts'
import { isTlsName } from './source-tls.ts'

type Setting = string | number | boolean
/** Settings that choose, rename or mask data: other data would be written if they were passed over. */
const choosesData =
  /^(?:(?:table|column|schema|database|collection|field)\.(?:include|exclude)\.list$|column\.(?:mask|truncate)\.|transforms(?:\.|$)|snapshot\.select\.statement\.overrides|message\.key\.columns$|field\.renames$)/

/** Reads `advanced.source`: Debezium's settings, of which some have a meaning here. */
export function readSourceSettings(
  given: Readonly<Record<string, Setting>>,
  base: ConfigPath,
  problems: ProblemList,
): SourceSettings {
  const settings: Settings = { decimals: 'string', binary: 'base64', snapshot: 'initial' }
  for (const [name, value] of Object.entries(given)) {
    if (isTlsName(name)) continue
    const path = [...base, name]
    const setting = Object.hasOwn(meaningful, name) ? meaningful[name] : undefined
    const reason = Object.hasOwn(known, name) ? known[name] : undefined
    if (setting !== undefined) {
      const expected = setting.apply(String(value), settings)
      if (expected !== undefined && !problems.hasErrorAt(path))
        problems.error(path, wrongValue(name, String(value), expected))
      const taken = setting.taken?.[String(value).toLowerCase()]
      if (taken !== undefined) problems.warn(path, taken)
    } else if (reason !== undefined) {
      problems.warn(path, `has no effect: ${reason}`, 'key')
    } else if (choosesData.test(name)) {
      const hint = 'Say it with "tables": columns, keys and snapshot_sql of each.'
      problems.error(path, { message: 'is not supported, and rows would differ', hint }, 'key')
    } else {
      const hint = didYouMean(name, [...Object.keys(meaningful), ...Object.keys(known)])
      problems.warn(path, { message: 'has no effect', hint }, 'key')
    }
  }
  return settings
}

function wrongValue(
  name: string,
  value: string,
  expected: string,
): { message: string; hint?: string } {
  const message = `expected ${expected.includes(', ') ? 'one of ' : ''}${expected}, found ${JSON.stringify(value)}`
  if (name === 'snapshot.mode' && value === 'initial_only')
    return { message, hint: 'Use --snapshot-only.' }
  const hint = didYouMean(value, expected.split(', '))
  return { message, ...(hint === undefined ? {} : { hint }) }
}
