import type { Cell } from '@millrace/core/record'
import type { ReaderSource } from './reader-harness.ts'

/** A change to be made to a table of a {@link FollowedSource}. */
export interface SourceChange {
  /** Index of the table in what `holdFollowed` was given. */
  readonly table: number
  readonly operation: 'c' | 'u' | 'd'
  /** The whole row as it stands afterwards; for `d` as it stood. Cells by position in the fields of the table. */
  readonly row: readonly Cell[]
}

/** A source whose changes a session follows, and how they are made. The key of a row never changes. */
export interface FollowedSource extends ReaderSource {
  /** Makes the changes in this order in one transaction (where the source has such), and resolves once it is committed. */
  commit(changes: readonly SourceChange[]): Promise<void>
  /** Makes the changes in one transaction and rolls it back. */
  rollBack?(changes: readonly SourceChange[]): Promise<void>
  /** Empties a table at once, as `TRUNCATE` does. */
  truncate?(table: number): Promise<void>
  /** Adds a column for text at the end of a table; the rows there are hold null in it. */
  addColumn?(table: number, name: string): Promise<void>
  /** Makes the source forget every change so far, as if its log had run out. */
  forgetChanges?(): Promise<void>
}
