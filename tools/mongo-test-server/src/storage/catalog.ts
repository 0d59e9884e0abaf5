import { CommandError } from '../commands/command-error.ts'
import { Collection } from './collection.ts'

/** Where a collection is. */
export interface Namespace {
  readonly database: string
  readonly collection: string
}

/**
 * @param namespace
 * @returns `database.collection`
 */
export function namespaceText({ database, collection }: Namespace): string {
  return `${database}.${collection}`
}

/** The collections of all databases. */
export class Catalog {
  readonly #databases = new Map<string, Map<string, Collection>>()

  /** Names of the databases that have a collection. */
  databases(): string[] {
    return [...this.#databases.keys()].sort()
  }

  /** The collections of a database by name, sorted. */
  collections(database: string): [string, Collection][] {
    const found = this.#databases.get(database) ?? new Map<string, Collection>()
    return [...found].sort(([left], [right]) => (left < right ? -1 : 1))
  }

  find({ database, collection }: Namespace): Collection | undefined {
    return this.#databases.get(database)?.get(collection)
  }

  /** @returns the collection, an empty one when there is none; that one is not in the catalog */
  read(namespace: Namespace): Collection {
    return this.find(namespace) ?? new Collection()
  }

  /** @throws {CommandError} NamespaceExists */
  create(namespace: Namespace): Collection {
    if (this.find(namespace) !== undefined) {
      throw new CommandError(
        'NamespaceExists',
        `Collection ${namespaceText(namespace)} already exists.`,
      )
    }
    const collection = new Collection()
    this.#put(namespace, collection)
    return collection
  }

  /** @returns whether there was one */
  drop({ database, collection }: Namespace): boolean {
    const collections = this.#databases.get(database)
    const dropped = collections?.delete(collection) ?? false
    if (collections?.size === 0) this.#databases.delete(database)
    return dropped
  }

  /** Gives a collection another name; one of that name has to be dropped before. */
  rename(from: Namespace, to: Namespace): void {
    const collection = this.find(from)
    if (collection === undefined) return
    this.drop(from)
    this.#put(to, collection)
  }

  #put({ database, collection: name }: Namespace, collection: Collection): void {
    const collections = this.#databases.get(database) ?? new Map<string, Collection>()
    this.#databases.set(database, collections.set(name, collection))
  }
}
