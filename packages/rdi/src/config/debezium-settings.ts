import type { SourceSettings } from '../model/pipeline.ts'
import { tlsMeanings } from './source-tls.ts'

/** What a source is read with, while its settings are gathered. */
export type Settings = { -readonly [key in keyof SourceSettings]: SourceSettings[key] }

/** A setting of `advanced.source` that has a meaning here. */
interface Meaningful {
  /** For the reference. */
  readonly meaning: string
  /** Takes a value over; gives what was expected where it is something else. */
  readonly apply: (value: string, settings: Settings) => string | undefined
  /** Values that are taken for another one, with what a warning says of it. */
  readonly taken?: Readonly<Record<string, string>>
}

type Apply = Meaningful['apply']

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

/** The settings of Debezium that are used, by name. */
export const meaningful: Readonly<Record<string, Meaningful>> = {
  'decimal.handling.mode': {
    meaning:
      'Decimals are text (`string`, default) or floating-point numbers (`double`); `precise` is taken for `string`.',
    apply: oneOf('decimals', { string: 'string', double: 'double', precise: 'string' }),
    taken: { precise: 'is taken for "string": decimals are text with all their digits' },
  },
  'binary.handling.mode': {
    meaning: 'Bytes are `base64` (default, as `bytes`), `base64-url-safe` or `hex`.',
    apply: oneOf('binary', {
      bytes: 'base64',
      base64: 'base64',
      'base64-url-safe': 'base64-url-safe',
      hex: 'hex',
    }),
  },
  'snapshot.mode': {
    meaning:
      'Rows are read before changes are followed (`initial`, default, or `when_needed`), or changes alone (`never`, `no_data`, `schema_only`).',
    apply: oneOf('snapshot', {
      initial: 'initial',
      when_needed: 'initial',
      never: 'never',
      no_data: 'never',
      schema_only: 'never',
    }),
  },
  'snapshot.max.threads': {
    meaning: 'Parts of the snapshot read at a time, in the place of `initial_sync_processes`.',
    apply: integer(1, (value, settings) => (settings.snapshotThreads = value)),
  },
  'slot.name': {
    meaning: 'Name of the replication slot (PostgreSQL).',
    apply: named('slotName'),
  },
  'publication.name': {
    meaning: 'Name of the publication (PostgreSQL).',
    apply: named('publicationName'),
  },
  'publication.autocreate.mode': {
    meaning:
      'What the publication is made for where there is none: `all_tables`, `filtered`, or it is not made (`disabled`; PostgreSQL).',
    apply: oneOf('publicationMode', {
      all_tables: 'all_tables',
      filtered: 'filtered',
      disabled: 'disabled',
    }),
  },
  'capture.mode': {
    meaning:
      'What changes bring: `change_streams`, `change_streams_update_full`, and both with `_with_pre_image` (MongoDB).',
    apply: (value, settings) => {
      const { isFull, ...meant } = captureModes[value.toLowerCase()] ?? {}
      if (isFull === undefined) return Object.keys(captureModes).join(', ')
      Object.assign(settings, meant, { changedFields: !isFull })
      return undefined
    },
  },
  'capture.mode.full.update.type': {
    meaning:
      'Where whole documents of updates come from: `lookup`, or `post_image` where collections keep them (MongoDB).',
    apply: oneOf('fullDocument', { lookup: 'lookup', post_image: 'post_image' }),
  },
  'topic.prefix': {
    meaning: 'Another name of the source, for `server_name` of jobs.',
    apply: (value) => (value.trim() === '' ? 'a name' : undefined),
  },
}

const byBytes = 'batches are bounded by bytes, whatever their rows'
const movesOn =
  'the position moves on with the log of the source, also when none of its changes is of a table that is read'

/** Settings that the documentation of RDI uses and that change nothing here, with the reason. */
export const known: Readonly<Record<string, string>> = {
  'poll.interval.ms': 'changes are taken as soon as the source sends them',
  'snapshot.fetch.size': 'rows come in one stream, bounded by bytes',
  'max.batch.size': byBytes,
  'max.queue.size': byBytes,
  'heartbeat.interval.ms': movesOn,
  'heartbeat.action.query': movesOn,
  'lob.enabled': 'large values are always read',
  'gtid.source.includes': 'transactions of every server are counted',
  'record.processing.threads': 'changes are taken in their order',
}

/** A setting of `advanced.source`, for the reference. */
export interface DebeziumSetting {
  readonly name: string
  readonly meaning: string
}

/** All settings of Debezium that have a page in the reference: those that are used, then those without effect. */
export const debeziumSettings: readonly DebeziumSetting[] = [
  ...Object.entries(meaningful).map(([name, { meaning }]) => ({ name, meaning })),
  ...Object.entries(tlsMeanings).map(([name, meaning]) => ({ name, meaning })),
  ...Object.entries(known).map(([name, reason]) => ({
    name,
    meaning: `Has no effect: ${reason}.`,
  })),
]
