import type { BatchLimits } from '../record/batch-builder.ts'
import type { JsonValue, Position, RecordBatch } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'
import type { ConfigOf, ConfigSchema } from './config-schema.ts'
import type { CallOptions, Finding, PluginContext } from './context.ts'
import type { DataSourceReference } from './data-source.ts'

/** What a reader can do; the conformance suite holds it to this. */
export interface ReaderCapabilities {
  /** `split` may cut one table into several splits. */
  readonly parallelSplits: boolean
  /** Splits may be `resumable`: `read` accepts `from` inside them, and gives positions when asked. */
  readonly resumableSplits: boolean
  /** `follow` is there. */
  readonly follow: boolean
}

/** A part of the source that one task reads: plain JSON, so that it can be logged and kept in a checkpoint. */
export interface Split {
  /** Unique in the plan and the same for the same part in a later run. */
  readonly id: string
  readonly table: string
  readonly range: JsonValue
  /** Whether `read` can give positions inside this split and go on from them; otherwise it is only read whole. */
  readonly resumable: boolean
  readonly estimatedRows?: number
}

/** What will be read, and how consistent it is. */
export interface SplitPlan {
  readonly splits: readonly Split[]
  /** `one-snapshot`: all splits see one instant. `per-split`: each sees an instant of its own. */
  readonly consistency: 'one-snapshot' | 'per-split'
  /** Where `follow` has to begin so that snapshot and changes meet. */
  readonly followFrom?: Position
}

/** Bounds for the batches, and the place to go on from. */
export interface ReadOptions extends CallOptions, BatchLimits {
  /** A batch that is not full is handed out after this many milliseconds with no further row. */
  readonly maxDelayMs: number
  /**
   * Positions are wanted: in a resumable split every batch then carries the position of its last row. Without it the
   * reader need not order rows and gives none, so that whoever keeps no checkpoint does not pay for one.
   */
  readonly positions?: boolean
  /** Only in a resumable split: rows up to and including this position are not read. */
  readonly from?: Position
  /** Only in a resumable split: rows behind this position are not read. */
  readonly until?: Position
}

/** An open reader. Not called concurrently, but for `read`, which runs once per channel. */
export interface ReaderSession extends AsyncDisposable {
  /**
   * Looks at the source without reading rows: objects there, rights there, statements accepted.
   * Errors stop the job before anything is written.
   */
  check(options: CallOptions): Promise<readonly Finding[]>
  /** The columns the batches will have, without reading rows. May be called any number of times after `check`. */
  describe(options: CallOptions): Promise<TableSchema>
  /** Cuts the source. `desired` is advice, at least 1. Called once, before the first `read`. Never empty. */
  split(desired: number, options: CallOptions): Promise<SplitPlan>
  /**
   * Reads one split, each row exactly once, in batches within the limits. Pulled: it reads ahead no more than its
   * buffers, so memory stays flat however slow the consumer is. Ending the iteration early releases the connection.
   *
   * The split may come from the plan of an earlier session, through JSON, without `split` having been called in this
   * one; it then sees an instant of its own.
   *
   * @throws PluginError SOURCE_FAILED when the source fails while rows are flowing; POSITION_LOST when the split or
   *   `from` does not fit the job or the source as they are now.
   */
  read(split: Split, options: ReadOptions): AsyncIterable<RecordBatch>
  /** Changes after `from`, in commit order, until aborted. Only with the capability `follow`. */
  follow?(from: Position, options: ReadOptions): AsyncIterable<RecordBatch>
  /** The position stands in the checkpoint: the source may forget everything before it. Only with `follow`. */
  acknowledge?(position: Position, options: CallOptions): Promise<void>
}

/** A reader as its package exports it. Make it with `defineReader`. */
export interface ReaderPlugin<S extends ConfigSchema = ConfigSchema> {
  readonly apiVersion: 1
  readonly kind: 'reader'
  readonly stepType: string
  /** Other names for the same stepType, DataX's (`mysqlreader`) among them. */
  readonly aliases?: readonly string[]
  /** One line for `millrace plugins`. */
  readonly description: string
  readonly capabilities: ReaderCapabilities
  readonly config: S
  /** Types of data source it can use. Empty or absent: it needs none. */
  readonly dataSourceTypes?: readonly string[]
  /** Where `config` names connections. The runtime resolves them into `PluginContext.dataSources`, same order. */
  dataSources?(config: ConfigOf<S>): readonly DataSourceReference[]
  /** What can be known to be wrong without a network. */
  validate?(config: ConfigOf<S>): readonly Finding[]
  /** Column names in order, where they are known without a network; `undefined` otherwise (`*`, `querySql`). */
  columnNames?(config: ConfigOf<S>): readonly string[] | undefined
  /**
   * The parameters that decide which rows come and in what form, without secrets: when they change, a checkpoint of the job
   * does not fit any more. Absent: all parameters do.
   */
  identity?(config: ConfigOf<S>): JsonValue
  /** Prepares a session. May open connections lazily; whatever it opened it closes on dispose, and when it throws. */
  open(config: ConfigOf<S>, context: PluginContext, options: CallOptions): Promise<ReaderSession>
}
