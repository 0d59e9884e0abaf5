import type { Cell, Field, Row, TableSchema } from '@millrace/core/record'
import { endOfText, endOfValue } from './bson-types.ts'
import { DocumentCells, type ValueForm } from './document-cells.ts'

/** What schemas of documents differ in besides their columns. */
export interface DocumentKind {
  /** Whether fields that stand in no column may have been there until this change. */
  readonly replaces: boolean
  /** Whether changes tell what the document was before. */
  readonly hasImage: boolean
}

/** A row and its length in bytes as batches count it. */
export interface SizedRow {
  readonly row: Row
  readonly byteSize: number
}

/** What the columns of a collection are made with. */
export interface DocumentColumnsOptions {
  readonly database: string
  readonly collection: string
  /** Names of fields that are left out. */
  readonly excluded: readonly string[]
  readonly form: ValueForm
}

/** The columns of a collection: with more than these they begin anew, with those of the documents at hand. */
export const maxColumns = 2000

/** Cells of rows that are made with the same columns at most, unless it is one row: each has a cell for every column. */
const maxCells = 1_000_000

/** Of `_id`, which every document has. */
export const idColumn = 0

/** The columns that the documents of one collection have had so far, and the schemas made of them, each once. */
export class DocumentColumns {
  readonly #options: DocumentColumnsOptions
  readonly #cells: DocumentCells
  /** The key stays as it is whatever becomes of the others. */
  readonly #idCells = new DocumentCells('unwrapped')
  readonly #excluded: ReadonlySet<string>
  /** By the bytes of their names, each as one character. */
  #places = new Map<string, number>()
  #fields: Field[] = []
  #version = 0
  #schemas = new Map<string, TableSchema>()

  constructor(options: DocumentColumnsOptions) {
    this.#options = options
    this.#cells = new DocumentCells(options.form)
    this.#excluded = new Set(options.excluded.filter((name) => name !== '_id').map(latin1Of))
    this.#begin()
  }

  /** Forgets names when there are too many. Comes before those of the documents at hand are taken in. */
  makeRoom(): void {
    if (this.#fields.length >= maxColumns) this.#begin()
  }

  /** Whether a further row may be made with the same columns as so many others: else names or cells would fill the memory. */
  mayTake(rowCount: number): boolean {
    if (rowCount === 0) return true
    const { length } = this.#fields
    return length < maxColumns && (rowCount + 1) * length <= maxCells
  }

  /**
   * Takes in the names of documents: rows made of them afterwards have the same columns, as long as nobody takes in others.
   */
  admit(documents: readonly Buffer[], otherNames: readonly string[] = []): void {
    for (const document of documents) this.#admitNames(document)
    for (const name of otherNames) this.#admit(latin1Of(name))
  }

  /** The schema of rows made from now on: the same object as long as no name has come. */
  schemaOf({ replaces, hasImage }: DocumentKind): TableSchema {
    const id = `${replaces} ${hasImage}`
    let schema = this.#schemas.get(id)
    if (schema === undefined) {
      const { database, collection } = this.#options
      schema = {
        table: collection,
        namespace: database,
        version: this.#version,
        fields: [...this.#fields],
        key: [idColumn],
        ...(hasImage ? {} : { identity: [idColumn] }),
        documents: replaces ? 'replacement' : 'whole',
      }
      this.#schemas.set(id, schema)
    }
    return schema
  }

  /** A document as a row; its names were admitted. */
  rowOf(document: Buffer): SizedRow {
    const row: Row = this.#emptyRow(null)
    let byteSize = 0
    for (let at = 4; document[at] !== 0;) {
      const type = document[at] as number
      const nameEnd = endOfText(document, at + 1)
      const place = this.#places.get(document.toString('latin1', at + 1, nameEnd))
      if (place !== undefined) {
        const { cell, byteSize: size } = this.#cellOf(place, document, type, nameEnd + 1)
        row[place] = cell
        byteSize += size
      }
      at = endOfValue(document, type, nameEnd + 1)
    }
    return { row, byteSize }
  }

  /**
   * The part of a row that a change tells: the fields of `documents`, and those that were removed.
   *
   * @param removed - names of fields that are gone
   * @param options `isWhole`: the document has no other fields
   */
  partOf(
    documents: readonly Buffer[],
    removed: readonly string[],
    { isWhole = false }: { readonly isWhole?: boolean } = {},
  ): SizedRow {
    const row: Row = this.#emptyRow(isWhole ? null : undefined)
    let byteSize = 0
    for (const document of documents) {
      const part = this.rowOf(document)
      byteSize += part.byteSize
      for (const [place, cell] of part.row.entries()) if (cell !== null) row[place] = cell
    }
    for (const name of removed) {
      const place = this.#places.get(latin1Of(name))
      if (place !== undefined) row[place] = null
    }
    return { row, byteSize }
  }

  #emptyRow(cell: Cell): Row {
    return Array.from({ length: this.#fields.length }, () => cell)
  }

  #cellOf(place: number, document: Buffer, type: number, offset: number) {
    const cells = place === idColumn ? this.#idCells : this.#cells
    return cells.cellOf(document, type, offset)
  }

  #begin(): void {
    this.#places = new Map()
    this.#fields = []
    this.#changed()
    this.#admit('_id')
  }

  /** Schemas that were handed out stay as they are. */
  #changed(): void {
    if (this.#schemas.size === 0) return
    this.#schemas = new Map()
    this.#version += 1
  }

  #admitNames(document: Buffer): void {
    for (let at = 4; document[at] !== 0;) {
      const nameEnd = endOfText(document, at + 1)
      this.#admit(document.toString('latin1', at + 1, nameEnd))
      at = endOfValue(document, document[at] as number, nameEnd + 1)
    }
  }

  #admit(bytes: string): void {
    if (this.#places.has(bytes) || this.#excluded.has(bytes)) return
    const name = Buffer.from(bytes, 'latin1').toString('utf8')
    this.#places.set(bytes, this.#fields.length)
    this.#fields.push({ name, type: 'value', nullable: name !== '_id', nativeType: 'bson' })
    this.#changed()
  }
}

/** Names are kept by their bytes: BSON does not say that they are different texts. */
function latin1Of(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1')
}
