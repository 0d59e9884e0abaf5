import type { SourceConnection } from '../connection/source-connection.ts'
import { sourceFaultOf, statementError } from '../connection/source-error.ts'
import type { DescribedObject, SourceObject } from '../snapshot/source-object.ts'

/** How a table that may be redefined is described. */
export interface LockedDescription {
  readonly connection: SourceConnection
  readonly object: SourceObject
  /** Asks the server several questions over the connection. */
  readonly describe: () => Promise<DescribedObject>
  readonly signal: AbortSignal
}

const noSuchTable = 1146
/** After how long without a question the server ends the transaction, and the connection with it. */
const maxIdleSeconds = 5

/**
 * Describes a table so that all answers belong to one definition. A transaction that has read from a table keeps others
 * from redefining it until the end (https://dev.mysql.com/doc/refman/8.4/en/metadata-locking.html), which is a few
 * milliseconds here, and some seconds when this process is frozen meanwhile; no row is read.
 *
 * @returns `undefined` when there is no such table now, as between the two steps of a rename to and fro
 * @throws PluginError as `describe` does, and SOURCE_UNREACHABLE or SOURCE_FAILED when the server fails
 */
export async function describeLocked({
  connection,
  object,
  describe,
  signal,
}: LockedDescription): Promise<DescribedObject | undefined> {
  const doing = `describing ${object.label}`
  const run = async (sql: string) => {
    try {
      await connection.query(sql, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw statementError(doing, error)
    }
  }
  await run(
    `SET @millrace_wait_timeout = @@SESSION.wait_timeout, @@SESSION.wait_timeout = ${maxIdleSeconds}`,
  )
  await run('START TRANSACTION READ ONLY')
  try {
    await connection.query(`SELECT 1 FROM ${object.table?.quoted ?? object.label} LIMIT 0`, signal)
    return await describe()
  } catch (error) {
    signal.throwIfAborted()
    if (sourceFaultOf(error).errno === noSuchTable) return undefined
    throw statementError(doing, error)
  } finally {
    if (connection.isOpen && !signal.aborted) {
      await run('ROLLBACK')
      await run('SET @@SESSION.wait_timeout = @millrace_wait_timeout')
    }
  }
}
