import { didYouMean, type ConfigPath, type ProblemList } from '@millrace/core/dialect'
import type { SourceSettings } from '../model/pipeline.ts'
import { isTlsName } from './source-tls.ts'

type Setting = string | number | boolean
type Settings = { -readonly [key in keyof SourceSettings]: SourceSettings[key] }

/** Takes a setting over; gives what was expected where it is something else. */
type Apply = (value: string, settings: Settings) => string | undefined

function integer(least: number, apply: (value: number, settings: Settings) => void): Apply {
  return (value, settings) => {
    if (!/^\d{1,15}$/.test(value) || Number(value) < least) return `an integer of at least ${least}`
    apply(Number(value), settings)
    return undefined
  }
}

function oneOf<T extends keyof Settings>(
  field: T,
  values: Readonly<Record<string, NonNullable<Settings[T]>>>,
): Apply {
  return (value, settings) => {
    const key = value.toLowerCase()
    const meant = Object.hasOwn(values, key) ? values[key] : undefined
    if (meant === undefined) return Object.keys(values).join(', ')
    settings[field] = meant
    return undefined
  }
}

function named(field: 'slotName' | 'publicationName'): Apply {
  return (value, settings) => {
    if (value.trim() === '') return 'a name'
    settings[field] = value
    return undefined
  }
}

const captureModes: Readonly<
  Record<string, { readonly beforeImages: boolean; readonly isFull: boolean }>
> = {
  change_streams: { beforeImages: false, isFull: false },
  change_streams_update_full: { beforeImages: false, isFull: true },
  change_streams_with_pre_image: { beforeImages: true, isFull: false },
  change_streams_update_full_with_pre_image: { beforeImages: true, isFull: true },
}

const meaningful: Readonly<Record<string, Apply>> = {
  'decimal.handling.mode': oneOf('decimals', { string: 'string', double: 'double' }),
  'binary.handling.mode': oneOf('binary', {
    bytes: 'base64',
    base64: 'base64',
    'base64-url-safe': 'base64-url-safe',
    hex: 'hex',
  }),
  'snapshot.mode': oneOf('snapshot', {
    initial: 'initial',
    when_needed: 'initial',
    never: 'never',
    no_data: 'never',
    schema_only: 'never',
  }),
  'snapshot.max.threads': integer(1, (value, settings) => (settings.snapshotThreads = value)),
  'slot.name': named('slotName'),
  'publication.name': named('publicationName'),
  'publication.autocreate.mode': oneOf('publicationMode', {
    all_tables: 'all_tables',
    filtered: 'filtered',
    disabled: 'disabled',
  }),
  'heartbeat.interval.ms': integer(0, (value, settings) => (settings.heartbeatIntervalMs = value)),
  'capture.mode': (value, settings) => {
    const { isFull, ...meant } = captureModes[value.toLowerCase()] ?? {}
    if (isFull === undefined) return Object.keys(captureModes).join(', ')
    Object.assign(settings, meant, { changedFields: !isFull })
    return undefined
  },
  'capture.mode.full.update.type': oneOf('fullDocument', {
    lookup: 'lookup',
    post_image: 'post_image',
  }),
  'topic.prefix': (value) => (value.trim() === '' ? 'a name' : undefined),
}

/** Names that the documentation of RDI uses and that change nothing here; known, so that they are no misspellings. */
const known = [
  'poll.interval.ms',
  'snapshot.fetch.size',
  'max.batch.size',
  'max.queue.size',
  'heartbeat.action.query',
  'lob.enabled',
  'gtid.source.includes',
  'record.processing.threads',
]

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
    const apply = Object.hasOwn(meaningful, name) ? meaningful[name] : undefined
    if (apply !== undefined) {
      const expected = apply(String(value), settings)
      if (expected !== undefined && !problems.hasErrorAt(path))
        problems.error(path, wrongValue(name, String(value), expected))
    } else if (choosesData.test(name)) {
      const hint = 'Say it with "tables": columns, keys and snapshot_sql of each.'
      problems.error(path, { message: 'is not supported, and rows would differ', hint }, 'key')
    } else {
      const hint = known.includes(name)
        ? undefined
        : didYouMean(name, [...Object.keys(meaningful), ...known])
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
