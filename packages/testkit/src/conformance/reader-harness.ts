import type { DataSource, ReaderPlugin } from '@millrace/core/plugin'
import type { Dataset } from '../dataset.ts'

/** A source that a reader can be opened on. Disposing removes what was made for it. */
export interface ReaderSource extends AsyncDisposable {
  /** The parameters of the reader, as in a job file. */
  readonly config: unknown
  readonly dataSources: readonly DataSource[]
  /** Connections the reader has open now, as the server or the plugin counts them. */
  openConnections?(): number | Promise<number>
  /** Rows the source has given out so far, where the harness has `countsRows`. */
  rowsProduced?(): number | Promise<number>
}

/** What the suite needs to try a reader. */
export interface ReaderHarness {
  readonly plugin: ReaderPlugin
  /**
   * Puts the rows into a new table of a real source, with `schema.key` as its unique key where tables have such; cells
   * arrive as text, columns keep their names.
   */
  hold(dataset: Dataset): Promise<ReaderSource>
  /** Parameters whose types are wrong; at least one. */
  readonly wrongConfigs: readonly unknown[]
  /** Parameters that are right; nothing is opened with them. */
  readonly rightConfig: unknown
  /** A source whose rows do not come for a minute (`select pg_sleep(60)`), to abort a read that waits. */
  blockedSource?(): Promise<ReaderSource>
  /** Whether sources have `rowsProduced`. Default false. */
  readonly countsRows?: boolean
  /** A source that refuses access, and the password that no message may tell. */
  readonly refused?: { readonly secret: string; source(): Promise<ReaderSource> }
  /** How long the suite waits for what must happen. Default 10,000. */
  readonly timeoutMs?: number
}
