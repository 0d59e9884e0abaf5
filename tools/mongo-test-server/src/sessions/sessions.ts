import type { Binary } from 'bson'
import { CommandError } from '../commands/command-error.ts'
import type { BsonDocument } from '../documents/bson-document.ts'
import type { DataStore } from '../storage/data-store.ts'
import { Transaction, type DocumentLocks } from './transaction.ts'

/** What the server remembers of one client session. */
export interface Session {
  readonly lsid: BsonDocument
  transaction: Transaction | undefined
  /** The last write that may be sent again, and its reply. */
  retryable: { readonly txnNumber: string; readonly reply: BsonDocument } | undefined
}

/** Sessions by their identifier. */
export class Sessions {
  readonly #sessions = new Map<string, Session>()
  readonly #store: DataStore
  /** Documents that open transactions have changed. */
  readonly locks: DocumentLocks = new Map()

  constructor(store: DataStore) {
    this.#store = store
  }

  /** @returns the session a command names */
  find(command: BsonDocument): Session | undefined {
    const lsid = command['lsid'] as { id?: Binary } | undefined
    if (lsid?.id === undefined) return undefined
    const name = lsid.id.toString('hex')
    const session = this.#sessions.get(name) ?? {
      lsid,
      transaction: undefined,
      retryable: undefined,
    }
    this.#sessions.set(name, session)
    return session
  }

  /**
   * @param session
   * @param command
   * @returns the transaction a command belongs to, begun when it says so
   * @throws {CommandError} NoSuchTransaction
   */
  transactionOf(session: Session | undefined, command: BsonDocument): Transaction | undefined {
    if (session === undefined || command['autocommit'] !== false) return undefined
    const txnNumber: unknown = command['txnNumber']
    if (command['startTransaction'] === true) {
      this.#abort(session)
      const mark = { lsid: session.lsid, txnNumber }
      session.transaction = new Transaction(mark, this.#store.clock.now, this.locks)
      return session.transaction
    }
    const { transaction } = session
    if (transaction === undefined || String(transaction.mark.txnNumber) !== String(txnNumber)) {
      throw new CommandError(
        'NoSuchTransaction',
        `Given transaction number ${String(txnNumber)} does not match any in-progress transactions.`,
        { labels: ['TransientTransactionError'] },
      )
    }
    if (transaction.state === 'aborted' && command['abortTransaction'] === undefined) {
      throw new CommandError(
        'NoSuchTransaction',
        `Transaction ${String(txnNumber)} has been aborted.`,
        { labels: ['TransientTransactionError'] },
      )
    }
    return transaction
  }

  /** Ends sessions; their open transactions are given up. */
  end(lsids: readonly BsonDocument[]): void {
    for (const lsid of lsids) {
      const name = (lsid['id'] as Binary).toString('hex')
      const session = this.#sessions.get(name)
      if (session !== undefined) this.#abort(session)
      this.#sessions.delete(name)
    }
  }

  /** Gives up all open transactions, as a server that loses its primary does. */
  abortAll(): void {
    for (const session of this.#sessions.values()) this.#abort(session)
  }

  #abort(session: Session): void {
    if (session.transaction?.state === 'open') session.transaction.end('aborted')
    session.transaction = undefined
  }
}
