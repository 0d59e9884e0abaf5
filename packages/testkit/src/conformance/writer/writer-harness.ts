import type { Checkpoint, DataSource, WriterPlugin } from '@millrace/core/plugin'
import type { Row, TableSchema } from '@millrace/core/record'

/** A place that a writer can be opened on, used by nothing else. Disposing removes what was written. */
export interface WriterTarget extends AsyncDisposable {
  /** The parameters of the writer, as in a job file. */
  readonly config: unknown
  readonly dataSources: readonly DataSource[]
  /** Columns of the rows that `row` makes. */
  readonly schema: TableSchema
  /** Whether a key holds the value written last, or all of them in order. */
  readonly keeps: 'last' | 'all'
  /** A row that puts `value` under `key`; both are letters and digits. */
  row(key: string, value: string): Row
  /** What stands in the target, by the keys given to `row`. */
  contents(): Promise<ReadonlyMap<string, readonly string[]>>
  /** A row the writer has to find wrong before sending; `lacks` says why there is none. */
  badRow?(): Row
  /** Prepares the target so that it refuses the row it gives; `lacks` says why none is refused. */
  refusedRow?(): Promise<Row>
  /** Connections the writer has open now. */
  openConnections?(): number | Promise<number>
  /** Cuts every connection of the writer, so that a run that holds a checkpoint is taken for dead. */
  cutConnections?(): Promise<void>
}

/** A target that asks for a password, or has nobody behind it. */
export interface ClosedTarget {
  /** A password that stands in the parameters or data sources, and in no message. */
  readonly secret: string
  target(): Promise<WriterTarget>
}

/** A part of a {@link WriterHarness} that a target may be unable to give. */
export type OptionalWriterPart =
  | 'badRow'
  | 'refusedRow'
  | 'changesTarget'
  | 'truncatedTarget'
  | 'accepted'
  | 'refused'
  | 'unreachable'
  | 'openConnections'
  | 'cutConnections'
  | 'amend'
  | 'requests'

/**
 * What the suite needs to try a writer. Everything is tried that the plugin and this declare; a part that the target cannot
 * give, or a method that checkpoints may do without, is named in `lacks`, and its cases are skipped with that reason in their names.
 */
export interface WriterHarness {
  readonly plugin: WriterPlugin
  /** Makes an empty target. */
  makeTarget(): Promise<WriterTarget>
  /** Parameters whose types are wrong; at least one. */
  readonly wrongConfigs: readonly unknown[]
  /** Parameters that are right; nothing is opened with them. */
  readonly rightConfig: unknown
  /** What the plugin has to say of its guarantee for the targets: whether writing twice leaves what once leaves. */
  readonly isIdempotent: boolean
  /** How the checkpoint of sessions is kept; absent: they have none. */
  readonly keepsCheckpoint?: Checkpoint['atomicity']
  /**
   * An empty target that keeps the last value of a key and applies operation codes. Has to be there when the plugin declares
   * `deletes`.
   */
  changesTarget?(): Promise<WriterTarget>
  /** An empty target whose rows `truncate` removes. */
  truncatedTarget?(): Promise<WriterTarget>
  /** A target that lets the writer in by the password; where `lacks` names `refused`, it stands for this one, too. */
  readonly accepted?: ClosedTarget
  /** A target that refuses access. */
  readonly refused?: ClosedTarget
  /** A target at an address where nobody listens, with a password to get in. */
  readonly unreachable?: ClosedTarget
  /** Parts the target cannot give, each with the reason. */
  readonly lacks?: Readonly<Partial<Record<OptionalWriterPart, string>>>
  /** How long the suite waits for what must happen, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
}
