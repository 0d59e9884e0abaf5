import type { BatchLimits } from '../record/batch-builder.ts'
import type { JsonValue, Position, RecordBatch } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'
import type { ConfigOf, ConfigSchema } from './config-schema.ts'
import type { CallOptions, Finding, PluginContext } from './context.ts'
import type { DataSource, DataSourceReference } from './data-source.ts'

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
  /** Name of its table, as `qualifiedName` gives it for the table's schema. */
  readonly table: string
  /** All that `read` needs to find the part again in a later session; the reader's own. */
  readonly range: JsonValue
  /** Whether `read` can give positions inside this split and go on from them; otherwise it is only read whole. */
  readonly resumable: boolean
  /** For the display of progress; need not be right. */
  readonly estimatedRows?: number
}

/** What will be read, and how consistent it is. */
export interface SplitPlan {
  /** All parts; together they give each row exactly once. */
  readonly splits: readonly Split[]
  /** `one-snapshot`: all splits see one instant. `per-split`: each sees an instant of its own. */
  readonly consistency: 'one-snapshot' | 'per-split'
  /** Where `follow` has to begin so that snapshot and changes meet. */
  readonly followFrom?: Position
  /**
   * Changes shortly behind `followFrom` may be in the rows already, since the source does not tell which place in its log they stand
   * for: such changes are written a second time, and the run says so.
   */
  readonly overlapsChanges?: boolean
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
  /**
   * What an earlier read has written may still be in the target: the job begins anew, or reads the table again beside its changes.
   * Of use to readers of documents alone, whose batches then come under `TableSchema.documents: 'replacement'`.
   */
  readonly overwrites?: boolean
}

/** Bounds for batches of changes. */
export interface FollowOptions extends CallOptions, BatchLimits {
  /** A batch that is not full is handed out after this many milliseconds with no further change. */
  readonly maxDelayMs: number
  /**
   * Ends once every transaction that was committed before this position was handed out, and none behind it. The position of the
   * last batch stands there, that of a batch without rows where need be.
   */
  readonly until?: Position
  /** Tables, as splits name them, whose changes are not handed out, nor looked at; absent: none. */
  readonly leaveOut?: ReadonlySet<string>
}

/** How far the source's log and its reading are apart. */
export interface LogStatus {
  /** What the source calls its log, for people: `WAL`, `binlog`. Default `log`. */
  readonly log?: string
  /** Bytes of log between the acknowledged position and the end of the log. */
  readonly lagBytes?: number
  /** Bytes of log that the source still keeps at most before it forgets what was not read; absent: it sets no limit. */
  readonly budgetBytes?: number
  /** Of `budgetBytes`, what is left. */
  readonly budgetLeftBytes?: number
  /** For how long the source keeps its log, in milliseconds; absent: it sets no limit of time. */
  readonly keptMs?: number
  /** Of `keptMs`, for how long it will at least keep what lies behind the position. */
  readonly keptLeftMs?: number
  /** Where the log ends now, for people. */
  readonly end: string
}

/** An open reader. Not called concurrently, but for `read`, which runs once per channel. */
export interface ReaderSession extends AsyncDisposable {
  /**
   * Looks at the source without reading rows: objects there, rights there, statements accepted. The first call after `open`;
   * all findings come at once. Errors stop the job before anything is written.
   *
   * @throws PluginError SOURCE_UNREACHABLE, SOURCE_NOT_PERMITTED when nothing can be looked at
   */
  check(options: CallOptions): Promise<readonly Finding[]>
  /**
   * The columns the batches will have, without reading rows: one schema for every table whose rows have columns of their own,
   * never none. Batches refer to these very objects. May be called any number of times after `check`.
   *
   * @throws PluginError SOURCE_OBJECT_MISSING, SOURCE_STATEMENT_INVALID when something that the job names is not there or refused;
   * SOURCE_UNREACHABLE, SOURCE_NOT_PERMITTED as `check` does
   */
  describe(options: CallOptions): Promise<readonly TableSchema[]>
  /**
   * Cuts the source. `desired` is advice, at least 1; with 1 each table is one split. Bounds and order of the rows are those of every
   * later call for the same source. Called before the first `read`, and again after an error with `isRetryable`. Never empty. In a job that follows
   * changes all splits see one instant, and the plan says in `followFrom` where the changes behind it begin.
   *
   * @throws PluginError SOURCE_FAILED, SOURCE_UNREACHABLE, with `isRetryable` when just the connection was lost; SOURCE_NOT_PERMITTED,
   * SOURCE_STATEMENT_INVALID when the source refuses what cutting takes
   */
  split(desired: number, options: CallOptions): Promise<SplitPlan>
  /**
   * Reads one split, each row exactly once, in batches within the limits, none without rows. In a resumable split with `positions` rows come in the
   * same order in every run; else in any. Pulled: it reads ahead no more than its
   * buffers, so memory stays flat however slow the consumer is. Ending the iteration early releases the connection.
   *
   * The split may come from the plan of an earlier session, through JSON, without `split` having been called in this
   * one; it then sees an instant of its own.
   *
   * When it throws an error with `isRetryable`, the runtime calls it again later, behind the last position or, where rows may
   * be written twice, from the beginning.
   *
   * @throws PluginError SOURCE_FAILED when the source fails while rows are flowing, with `isRetryable` when just the
   *   connection was lost; POSITION_LOST when the split or `from` does not fit the job or the source as they are now.
   */
  read(split: Split, options: ReadOptions): AsyncIterable<RecordBatch>
  /**
   * Whether all reads so far saw the one instant of the plan, those that went on after a failure among them. Absent: those
   * saw another one.
   */
  readonly sawOneInstant?: boolean | undefined
  /**
   * Changes behind `from`, in commit order, until `until` or an abort. A batch holds consecutive changes of one table, from one or
   * several transactions; a transaction may take several batches, and a position inside it is as good as one between two. Only
   * what is committed is handed out. A table whose definition changes comes with a new `TableSchema` of the next `version` from
   * that place on. A batch without rows comes at least every 10 s while the log goes on without changes for this job.
   * Keeps the connection alive however slow the consumer is. One at a time, and not while the session reads. Only with the
   * capability `follow`.
   *
   * @throws PluginError POSITION_LOST when the source no longer has everything behind `from`: it never skips; SOURCE_FAILED when the
   *   source fails, with `isRetryable` when just the connection was lost
   */
  follow?(from: Position, options: FollowOptions): AsyncIterable<RecordBatch>
  /**
   * An instant for splits of an earlier plan: every `read` from now on sees it, until the next `takeSnapshot`. Gives its place
   * among the changes: those before it are seen, those behind it are not. A `read` that can no longer see it throws SOURCE_FAILED
   * with `isRetryable`, and does so until there is a new one. Only with `follow`.
   *
   * @throws PluginError SOURCE_FAILED, with `isRetryable` when just the connection was lost; SOURCE_NOT_PERMITTED with the statement
   * that is missing
   */
  takeSnapshot?(options: CallOptions): Promise<Position>
  /**
   * The job has got tables since its plan was made: sees to it that their changes come from now on, and cuts them. Takes no
   * snapshot: they are read at the instant of a later `takeSnapshot`. May be repeated. Only with `follow`; absent: a job whose
   * tables are others than before has to begin anew.
   *
   * @param tables as splits name them; `describe` has them
   * @param desired advice, at least 1
   * @throws PluginError SOURCE_NOT_PERMITTED with the statement that is missing; POSITION_LOST when there is nothing to go on with
   */
  takeUp?(
    tables: ReadonlySet<string>,
    desired: number,
    options: CallOptions,
  ): Promise<readonly Split[]>
  /**
   * The end of the log: behind everything that was committed before the call. Only with `follow`.
   *
   * @throws PluginError SOURCE_FAILED, SOURCE_UNREACHABLE, with `isRetryable` when just the connection was lost
   */
  currentPosition?(options: CallOptions): Promise<Position>
  /**
   * Everything up to the position is in the target: the source may forget it. May be called while `follow` goes on. Only with
   * `follow`.
   *
   * @throws PluginError SOURCE_FAILED, SOURCE_UNREACHABLE; nothing is lost by it, since a later position covers this one
   */
  acknowledge?(position: Position, options: CallOptions): Promise<void>
  /**
   * What is left between a position and the end of the log. May be called while `follow` or `read` go on, and in a session that
   * does nothing else. Only with `follow`.
   *
   * @throws PluginError SOURCE_FAILED, SOURCE_UNREACHABLE; the display then goes without it
   */
  logStatus?(position: Position, options: CallOptions): Promise<LogStatus>
}

/** A reader as its package exports it. Make it with `defineReader`. */
export interface ReaderPlugin<S extends ConfigSchema = ConfigSchema> {
  /** The version of the plugin API it keeps. */
  readonly apiVersion: 1
  /** Tells readers from writers. */
  readonly kind: 'reader'
  /** By which jobs ask for it: small letters, digits and hyphens. */
  readonly stepType: string
  /** Other names for the same stepType, DataX's (`mysqlreader`) among them. */
  readonly aliases?: readonly string[]
  /** One line for `millrace plugins`. */
  readonly description: string
  /** What it can do beyond reading a table as a whole. */
  readonly capabilities: ReaderCapabilities
  /** The parameters, each with a description. They are validated before anything else is called with them. */
  readonly config: S
  /** Types of data source it can use. Empty or absent: it needs none. */
  readonly dataSourceTypes?: readonly string[]
  /** Where `config` names connections. The runtime resolves them into `PluginContext.dataSources`, same order. */
  dataSources?(config: ConfigOf<S>): readonly DataSourceReference[]
  /** What can be known to be wrong without a network. Called before `open`, also by an editor: it does nothing else. */
  validate?(config: ConfigOf<S>): readonly Finding[]
  /**
   * What can be known to be wrong with a connection without a network, such as a property that nobody reads; never shows a value
   * that may be secret. Called for each before `open`; reported where the job names it, with its name before the message.
   */
  validateDataSource?(dataSource: DataSource, config: ConfigOf<S>): readonly Finding[]
  /** Column names in order, where they are known without a network; `undefined` otherwise (`*`, `querySql`). */
  columnNames?(config: ConfigOf<S>): readonly string[] | undefined
  /**
   * The parameters that decide which rows come and in what form, without secrets: when they change, a checkpoint of the job
   * does not fit any more. Absent: all parameters do.
   *
   * @param table one of those that `describe` gives: only what decides its rows is wanted, so that a job which follows changes may
   * get further tables
   */
  identity?(config: ConfigOf<S>, table?: Pick<TableSchema, 'table' | 'namespace'>): JsonValue
  /**
   * Prepares a session. May open connections lazily; whatever it opened it closes on dispose, and when it throws.
   *
   * @throws PluginError CONFIG_INVALID, SOURCE_UNREACHABLE, SOURCE_NOT_PERMITTED; with the reason of its signal after an abort
   */
  open(config: ConfigOf<S>, context: PluginContext, options: CallOptions): Promise<ReaderSession>
}
