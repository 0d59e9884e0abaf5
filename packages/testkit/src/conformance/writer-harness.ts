import type { DataSource, WriterPlugin } from '@millrace/core/plugin'
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
  /** A row the writer has to find wrong before sending; absent when there is none. */
  badRow?(): Row
  /** Prepares the target so that it refuses the row it gives; absent when it refuses none. */
  refusedRow?(): Promise<Row>
  /** Connections the writer has open now. */
  openConnections?(): number | Promise<number>
}

/** What the suite needs to try a writer. */
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
  /** Whether targets give `badRow`. */
  readonly hasBadRows: boolean
  /** Whether targets give `refusedRow`. */
  readonly hasRefusedRows: boolean
  /** A target that refuses access, and the password that no message may tell. */
  readonly refused?: { readonly secret: string; target(): Promise<WriterTarget> }
  /** How long the suite waits for what must happen. Default 10,000. */
  readonly timeoutMs?: number
}
