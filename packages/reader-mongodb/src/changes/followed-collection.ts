import type { DocumentColumns } from '../types/document-columns.ts'

/** A collection whose documents are read and whose changes are followed. */
export interface FollowedCollection {
  readonly database: string
  readonly name: string
  /** `shop.people`, which is what splits call it. */
  readonly label: string
  readonly columns: DocumentColumns
  /** Names of fields that are left out. */
  readonly excluded: readonly string[]
  /** Whether the server keeps documents as they were before changes (`changeStreamPreAndPostImages`). */
  readonly keepsImages: boolean
  /** Whether these are asked for. */
  readonly hasImages: boolean
}

/** Finds the collection of an event. */
export class FollowedCollections {
  readonly all: readonly FollowedCollection[]
  readonly #byPlace: ReadonlyMap<string, FollowedCollection>

  constructor(all: readonly FollowedCollection[]) {
    this.all = all
    this.#byPlace = new Map(all.map((one) => [placeOf(one.database, one.name), one]))
  }

  get databases(): readonly string[] {
    return [...new Set(this.all.map(({ database }) => database))]
  }

  find(database: string, name: string): FollowedCollection | undefined {
    return this.#byPlace.get(placeOf(database, name))
  }
}

function placeOf(database: string, name: string): string {
  return `${database}\0${name}`
}
