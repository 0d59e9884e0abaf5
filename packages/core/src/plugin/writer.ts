import type { BatchLimits } from '../record/batch-builder.ts'
import type { JsonValue, Position, RecordBatch, RowError } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { ConfigOf, ConfigSchema } from './config-schema.ts'
import type { CallOptions, Finding, PluginContext } from './context.ts'
import type { DataSourceReference } from './data-source.ts'

/** What a writer promises; the conformance suite holds it to this. */
export interface WriterCapabilities {
  /** Operation code `d` is applied; without it every `d` is rejected. */
  readonly deletes: boolean
}

/** A row that was not written, by its index in the batch. */
export interface RejectedRow {
  /** Index in the `rows` of the batch, from 0. */
  readonly row: number
  /** Why it was not written, for the list of dirty records. */
  readonly error: RowError
}

/** Which part of the run a batch belongs to; kept with the data where the target can do that. */
export interface WriteProgress {
  /** Id of the split or stream. */
  readonly split: string
  /** Counts the batches of the split from 1. */
  readonly sequence: number
  /** Names the run that may write; a later run has another. */
  readonly fence: string
  /** Everything up to here is settled when this batch is. */
  readonly position?: Position
  /**
   * Only with a checkpoint that was acquired: to be kept with the rows as the progress of the split. The batch is
   * refused with TARGET_REWOUND unless `sequence - 1` stands in the checkpoint; one that stands there already is never applied
   * again, and may be answered as it was before.
   */
  readonly record?: JsonValue
  /**
   * The rows were applied by an earlier run that did not see the answer: only those whose key holds a value of another
   * type were refused, and are written or rejected now. A writer may write the others again where that changes nothing.
   */
  readonly isApplied?: boolean
}

/** What `write` is told beside the batch. */
export interface WriteOptions extends CallOptions {
  /** Where the batch belongs, and what to keep with it. */
  readonly progress: WriteProgress
  /**
   * To be called once per batch, after every row has been validated and before the first byte is sent, with the rows
   * that will not be. `false`: the limit of dirty records is passed, nothing of this batch may be sent.
   */
  admit(rejected: readonly RejectedRow[]): boolean
}

/** A record that is not in the target, as it was listed in the dirty file. */
export interface DirtyRecord {
  /** When it was found. */
  readonly time: Date
  /** Name of the table it was read from. */
  readonly table: string
  /** Schema or database of the table, where it is known. */
  readonly namespace?: string
  /** Stable. */
  readonly code: string
  /** For people; unlike a message of an error it may hold values of the row. */
  readonly reason: string
  /** Cells by column, as in the dirty file. */
  readonly row: JsonValue
  /** Whether the row has passed the transforms of the job. */
  readonly isTransformed: boolean
}

/** What `truncate` is told beside the schema. */
export interface TruncateOptions extends CallOptions {
  /** As with `write`: kept once everything is gone, not before. */
  readonly progress: WriteProgress
}

/** What became of a batch. Rows neither written nor rejected do not exist, unless `sent` is false. */
export interface WriteResult {
  /** False when `admit` refused: then nothing was written. */
  readonly sent: boolean
  /** Rows of which the target acknowledged everything. */
  readonly written: number
  /** Rows that the target refused, besides those given to `admit`. */
  readonly rejected: readonly RejectedRow[]
  /** Bytes sent to the target. */
  readonly bytesWritten: number
}

/** A command as the target would get it, for `preview`; arguments are text or bytes. */
export type PreviewCommand = readonly (string | Uint8Array)[]

/** An open writer. */
export interface WriterSession extends AsyncDisposable {
  /** How the runtime should cut batches for this writer, and how many it may have under way per split; whole numbers above 0, fixed from `open` on. */
  readonly limits: BatchLimits & { readonly maxInFlight: number }
  /**
   * Looks at the target without writing: reachable, permitted, fit. `schemas` is what will come. Called before the first `write`; all
   * findings come at once, and errors stop the job.
   *
   * @throws PluginError TARGET_UNREACHABLE, TARGET_NOT_PERMITTED, TARGET_UNFIT when nothing can be looked at
   */
  check(schemas: readonly TableSchema[], options: CallOptions): Promise<readonly Finding[]>
  /**
   * Writes a batch. Per split, calls come in order and are applied in that order per key; up to `maxInFlight` calls
   * of a split may be under way. Resolves when the target has answered for every row.
   *
   * With `changes`, `operations` says what becomes of each row: `r`, `c` and `u` put it, `d` removes what its key holds; without
   * `capabilities.deletes` a `d` is given to `admit` as a rejected row. A `u` whose `before` has another key than the row moves
   * it: nothing stays under the old key. A cell that is `undefined` was not sent: what the target holds of it stays.
   *
   * @throws PluginError TARGET_FAILED when the outcome of the batch stays unknown or the target stays away;
   * TARGET_REWOUND when the checkpoint is not where this batch would go on: nothing of it was written, and the split has
   * to go on from what the checkpoint says; TARGET_FENCED when another run has taken over.
   */
  write(batch: RecordBatch, options: WriteOptions): Promise<WriteResult>
  /**
   * The source has emptied a table: removes what the rows of this schema left in the target. Called when every batch before it is
   * settled, and none is under way. May be repeated after an abort or a failure in its middle. Absent on writers that cannot; so is
   * what stays by its nature, such as messages in a stream.
   *
   * @throws PluginError TARGET_UNFIT when it cannot be told which keys to remove: nothing was removed, and the
   * changes of the table are left out from then on, until it is read again; or as `write` does
   */
  truncate?(schema: TableSchema, options: TruncateOptions): Promise<WriteResult>
  /**
   * What the keys look like that rows of this schema have in the target, for people: `item:id:…`. Shown where keys of deleted rows
   * may be left. Absent: nothing is said of them.
   */
  keysOf?(schema: TableSchema): readonly string[]
  /**
   * Keeps dirty records in the target as well, for whoever looks there; the dirty file stays the complete record. Called beside
   * `write`, never twice at a time, also for records of earlier batches. Absent: the target keeps none.
   *
   * @throws PluginError when it cannot; with `isRetryable` it is called again later with the same records
   */
  keepDirty?(records: readonly DirtyRecord[], options: CallOptions): Promise<void>
  /** What `write` would send for the batch, with the rows it would reject. Sends nothing; works unconnected. */
  preview(batch: RecordBatch): {
    readonly commands: readonly PreviewCommand[]
    readonly rejected: readonly RejectedRow[]
  }
  /**
   * The checkpoint of a job of that name in the target; absent on writers that keep none, `undefined` when the target
   * cannot hold one, which the writer logs: the job then runs at least once. Connects. Closed before the session is.
   */
  checkpoint?(job: string, options: CallOptions): Promise<Checkpoint | undefined>
  /**
   * What the target's administrator has to grant for a job of that name, as a command or statement to be copied; shown by
   * `check --connect`. Absent: nothing is shown.
   */
  requiredPermissions?(job: string): string
}

/** What `validate` may know of the rest of the job. */
export interface WriterValidation {
  /** Column names of the reader in order, where known without a network. */
  readonly readerColumns: readonly string[] | undefined
  /** Upper bound of splits written at the same time. */
  readonly concurrency: number
}

/** What a writer can say of the guarantee of a job. */
export interface WriterGuarantee {
  /** Whether writing a row twice leaves what writing it once leaves. */
  readonly isIdempotent: boolean
  /** For people: `lists are appended to: a second run repeats the elements`. */
  readonly note?: string
}

/** A writer as its package exports it. Make it with `defineWriter`. */
export interface WriterPlugin<S extends ConfigSchema = ConfigSchema> {
  /** The version of the plugin API it keeps. */
  readonly apiVersion: 1
  /** Tells writers from readers. */
  readonly kind: 'writer'
  /** By which jobs ask for it: small letters, digits and hyphens. */
  readonly stepType: string
  /** Other names for the same stepType, DataX's (`rediswriter`) among them. */
  readonly aliases?: readonly string[]
  /** One line for `millrace plugins`. */
  readonly description: string
  /** What it can do beyond writing rows. */
  readonly capabilities: WriterCapabilities
  /** The parameters, each with a description. They are validated before anything else is called with them. */
  readonly config: S
  /** Types of data source it can use. Empty or absent: it needs none. */
  readonly dataSourceTypes?: readonly string[]
  /** Where `config` names connections. The runtime resolves them into `PluginContext.dataSources`, same order. */
  dataSources?(config: ConfigOf<S>): readonly DataSourceReference[]
  /** What can be known to be wrong without a network. Called before `open`, also by an editor: it does nothing else. */
  validate?(config: ConfigOf<S>, job: WriterValidation): readonly Finding[]
  /** How safe it is to write a row of this job twice; of the rows of one `route` alone where one is given. */
  guarantee(config: ConfigOf<S>, route?: string): WriterGuarantee
  /**
   * The parameters that decide what is written where, without secrets: when they change, a checkpoint of the job does not
   * fit any more. Absent: all parameters do.
   *
   * @param route only what decides what becomes of its rows is wanted
   */
  identity?(config: ConfigOf<S>, route?: string): JsonValue
  /** Prepares a session without connecting: the first call of `check` or `write` connects. */
  open(config: ConfigOf<S>, context: PluginContext, options: CallOptions): Promise<WriterSession>
}
