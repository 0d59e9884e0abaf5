import type { Document } from 'mongodb'
import type { ListedTable, TableCatalogue } from '@millrace/core/sql'
import type { SourceClient } from '../connection/source-client.ts'
import { statementError } from '../connection/source-error.ts'

/** Databases of the server itself. */
const ownDatabases = new Set(['admin', 'config', 'local'])

/** The collections of a server; each database is asked once. */
export class CollectionCatalogue implements TableCatalogue {
  readonly #source: SourceClient
  readonly #database: string | undefined
  readonly #signal: AbortSignal
  /** Those that hold no documents of their own, with what they are. */
  readonly #kinds = new Map<string, string>()
  /** Those whose documents are kept as they were before changes. */
  readonly #withImages = new Set<string>()

  /** @param database - of the connection */
  constructor(source: SourceClient, database: string | undefined, signal: AbortSignal) {
    this.#source = source
    this.#database = database
    this.#signal = signal
  }

  async namespaces(): Promise<readonly string[]> {
    const doing = 'listing the databases'
    const command = { listDatabases: 1, nameOnly: true, authorizedDatabases: true }
    const reply = await this.#source.command('admin', command, doing, this.#signal)
    const names = (reply['databases'] as Document[]).map(({ name }) => String(name))
    return names.filter((name) => !ownDatabases.has(name))
  }

  async defaultNamespaces(): Promise<readonly string[]> {
    return this.#database === undefined ? await this.namespaces() : [this.#database]
  }

  async tables(database: string): Promise<readonly ListedTable[]> {
    const doing = `listing the collections of ${database}`
    try {
      const found = await this.#source.client
        .db(database)
        .listCollections({}, { authorizedCollections: true, signal: this.#signal })
        .toArray()
      return found
        .filter(({ name }) => !name.startsWith('system.'))
        .map((one) => {
          const { name, type } = one
          const options = 'options' in one ? one.options : undefined
          if (options?.['changeStreamPreAndPostImages']?.enabled === true)
            this.#withImages.add(`${database}.${name}`)
          if (type !== undefined && type !== 'collection')
            this.#kinds.set(`${database}.${name}`, type)
          return { name, isOrdinary: type === 'collection' }
        })
    } catch (error) {
      this.#signal.throwIfAborted()
      throw statementError(doing, error)
    }
  }

  /** `view` or `timeseries`; `undefined` for a collection. Asked after `tables`. */
  otherKind(database: string, name: string): string | undefined {
    return this.#kinds.get(`${database}.${name}`)
  }

  /** Whether the server keeps the documents of a collection as they were before changes. Asked after `tables`. */
  keepsImages(database: string, name: string): boolean {
    return this.#withImages.has(`${database}.${name}`)
  }
}
