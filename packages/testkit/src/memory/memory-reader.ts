import {
  defineReader,
  PluginError,
  z,
  type CallOptions,
  type PluginContext,
  type ReaderPlugin,
} from '@millrace/core/plugin'
import type { RowError } from '@millrace/core/record'
import type { Dataset } from '../dataset.ts'
import { FollowingSession } from './following-session.ts'
import type { MemoryLog } from './memory-log.ts'
import type { MemoryChange } from './memory-parts.ts'
import { MemoryReaderSession, type MemoryCounters } from './memory-reader-session.ts'

/** Behaviour of a {@link memoryReader} beyond giving its rows. */
export interface MemoryReaderOptions {
  /** Default `memory`. */
  readonly stepType?: string
  /** Splits at most, whatever is desired. */
  readonly maxSplits?: number
  /** Waits this long before each batch. Default 0. */
  readonly delayMs?: number
  /** Once this many rows were produced since the reader was made, nothing more comes for a minute. */
  readonly silentAfterRows?: number
  /** Once this many rows were produced since the reader was made, `read` throws SOURCE_FAILED. */
  readonly failAfterRows?: number
  /** Whether that failure says `isRetryable`. Default false. */
  readonly isFailureRetryable?: boolean
  /** Each time so many rows were produced since the reader was made, one `read` throws SOURCE_FAILED with `isRetryable`. */
  readonly passingFailures?: readonly number[]
  /** So many of the first calls of `split` throw SOURCE_UNREACHABLE with `isRetryable`. Default 0. */
  readonly failingCuts?: number
  /** Whether splits are resumable. Default true. */
  readonly isResumable?: boolean
  /**
   * Changes that are read behind the rows, in this order, as one split; a batch may end inside a transaction and begin
   * with a row of another table.
   */
  readonly changes?: readonly MemoryChange[]
  /**
   * Changes that can be followed; those that it holds when rows are read are in the rows. It takes the place of `changes`.
   */
  readonly log?: MemoryLog
  /** With a log: the tables of the job; default: all. */
  readonly reads?: readonly string[]
  /** Rows that arrive as unreadable: index in the dataset, and why. */
  readonly unreadableRows?: ReadonlyMap<number, RowError>
  /** The password without which it refuses to open. */
  readonly password?: string
}

/** A reader of rows in memory, and what a test may ask it. */
export interface MemoryReader {
  readonly plugin: ReaderPlugin<typeof configSchema>
  /** Reads under way: what connections are to a database. */
  openConnections(): number
  /** Rows handed out since it was made. */
  rowsProduced(): number
}

const configSchema = z.looseObject({
  table: z.string().optional().describe('Name of the table, only for messages.'),
  password: z.string().optional().describe('Password, where the reader asks for one.'),
})
type Config = z.output<typeof configSchema>

/**
 * A correct reader over rows in memory: splits, bounds, positions, and `follow` where it has a log. Several datasets are
 * several tables with columns of their own.
 *
 * @example
 * ```ts
 * const reader = memoryReader(sampleDataset(1000), { failAfterRows: 500 })
 * ```
 */
export function memoryReader(
  dataset: Dataset | readonly Dataset[],
  options: MemoryReaderOptions = {},
): MemoryReader {
  const datasets = 'rows' in dataset ? [dataset] : dataset
  const counters: MemoryCounters = { openConnections: 0, rowsProduced: 0, failuresMet: 0, cuts: 0 }
  const isResumable = options.isResumable ?? true
  const plugin = defineReader({
    apiVersion: 1,
    kind: 'reader',
    stepType: options.stepType ?? 'memory',
    description: 'Rows that stand in memory, for tests',
    capabilities: {
      parallelSplits: true,
      resumableSplits: isResumable,
      follow: options.log !== undefined,
    },
    config: configSchema,
    columnNames: () =>
      datasets.length === 1 ? datasets[0]?.schema.fields.map(({ name }) => name) : undefined,
    open: async (config: Config, _context: PluginContext, { signal }: CallOptions) => {
      signal.throwIfAborted()
      refuseWrongPassword(config, options)
      return options.log === undefined
        ? new MemoryReaderSession(datasets, options, counters)
        : new FollowingSession(datasets, options.log, options, counters)
    },
  })
  return {
    plugin,
    openConnections: () => counters.openConnections,
    rowsProduced: () => counters.rowsProduced,
  }
}

function refuseWrongPassword(config: Config, options: MemoryReaderOptions): void {
  if (options.password === undefined || config.password === options.password) return
  throw new PluginError({
    code: 'SOURCE_UNREACHABLE',
    message: 'Opening the rows in memory: the password was refused.',
    hint: 'Set "password" to the one the test was made with.',
  })
}
