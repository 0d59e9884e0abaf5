import type { DataSource, ReaderPlugin } from '@millrace/core/plugin'
import type { Dataset } from '../../dataset.ts'
import type { TypeSampleName } from '../../type-samples.ts'
import type { DocumentForm } from './document-form.ts'
import type { FollowedSource } from './followed-source.ts'

/** A source that a reader can be opened on. Disposing removes what was made for it. */
export interface ReaderSource extends AsyncDisposable {
  /** The parameters of the reader, as in a job file. */
  readonly config: unknown
  readonly dataSources: readonly DataSource[]
  /** Connections (or files) the reader has open now, as the server or the plugin counts them. */
  openConnections?(): number | Promise<number>
  /** Rows the source has given out so far. */
  rowsProduced?(): number | Promise<number>
}

/** A source that asks for a password, or has nobody behind it. */
export interface ClosedSource {
  /** A password that stands in the parameters or data sources, and in no message. */
  readonly secret: string
  source(): Promise<ReaderSource>
}

/**
 * A part of a {@link ReaderHarness} that a source may be unable to give; `memory`: that of the process, where the source itself
 * lives in it; `namespaces`: tables that differ in those alone, in whose place `holdTables` gets tables of different names.
 */
export type OptionalReaderPart =
  | 'holdTables'
  | 'namespaces'
  | 'nativeTypes'
  | 'blockedSource'
  | 'pausingSource'
  | 'failingSource'
  | 'accepted'
  | 'refused'
  | 'unreachable'
  | 'openConnections'
  | 'rowsProduced'
  | 'memory'
  | 'rollBack'
  | 'truncate'
  | 'addColumn'
  | 'forgetChanges'
  | 'takeUp'
  | 'logStatus'

/**
 * What the suite needs to try a reader. Everything is tried that `plugin.capabilities` declares; a part that the source cannot
 * give, or a method that sessions may do without, is named in `lacks`, and its cases are skipped with that reason in their names.
 */
export interface ReaderHarness {
  readonly plugin: ReaderPlugin
  /**
   * Puts the rows into a new table of a real source, each column of its `nativeType` and with its name, with `schema.key` as its
   * unique key, or without any when that is empty. The cells are in the forms of `Cell`.
   */
  hold(dataset: Dataset): Promise<ReaderSource>
  /**
   * Puts the rows of several datasets into new tables of a real source that one session reads by name, in this order, each
   * with its own columns: tables of the names of the schemas, which `describe` has to tell. Two of them have the same name in
   * different namespaces (which the harness may name otherwise), unless `lacks` names `namespaces`.
   */
  holdTables?(datasets: readonly Dataset[]): Promise<ReaderSource>
  /**
   * As `holdTables`, for a session that follows, with what makes changes to these tables. Has to be there when the plugin
   * declares `follow`.
   */
  holdFollowed?(datasets: readonly Dataset[]): Promise<FollowedSource>
  /**
   * How rows come back of a source of documents, whose columns are the fields that were seen; absent: columns and cells are those of
   * the dataset. A reader that gives both has a harness for each. Nothing else is asked less of: every row, cell, change and
   * position has to come as it would from a table.
   */
  readonly documents?: DocumentForm
  /** What the source calls the column type that holds the values of a type sample; those it has no type for are left out. */
  readonly nativeTypes?: Readonly<Partial<Record<TypeSampleName, string>>>
  /** Parameters whose types are wrong; at least one. */
  readonly wrongConfigs: readonly unknown[]
  /** Parameters that are right; nothing is opened with them. */
  readonly rightConfig: unknown
  /** A source whose rows do not come for a minute (`select pg_sleep(60)`), to abort a read that waits. */
  blockedSource?(): Promise<ReaderSource>
  /** A source that gives a few rows, at least one of which leaves its buffers, and then falls silent for a minute. */
  pausingSource?(): Promise<ReaderSource>
  /** A source that gives rows and then fails (`select 1 / (3 - id)`). */
  failingSource?(): Promise<ReaderSource>
  /** A source that lets the reader in by the password; where `lacks` names `refused`, it stands for this one, too. */
  readonly accepted?: ClosedSource
  /** A source that refuses access. */
  readonly refused?: ClosedSource
  /** A source at an address where nobody listens, with a password to get in. */
  readonly unreachable?: ClosedSource
  /** Parts the source cannot give, each with the reason. */
  readonly lacks?: Readonly<Partial<Record<OptionalReaderPart, string>>>
  /** How long the suite waits for what must happen, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
}
