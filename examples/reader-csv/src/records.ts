/** The text of each cell; null is NULL. Bytes where the text is not valid in its encoding. */
export type Texts = readonly (string | Uint8Array | null)[]

/** A record that cannot be cut into cells. */
export class BadRecord {
  readonly code: string
  /** Without a value of the row. */
  readonly message: string
  readonly text: string

  constructor(code: string, message: string, text: string) {
    this.code = code
    this.message = message
    this.text = text
  }
}

/** Records of one chunk of a file, with the place behind each: lists, so that nothing is awaited or made for one record. */
export interface RecordList {
  readonly records: readonly (Texts | BadRecord)[]
  readonly ends: readonly number[]
}

export const chunkBytes = 65_536

/** A longer record is dirty: most likely a quote that nobody closed. */
export const maxRecordBytes = 4_194_304

let parsed = 0

/** How many records were parsed: the conformance suite looks whether anything runs ahead. */
export function countRecords(): number {
  return parsed
}

export function countUp(count: number): void {
  parsed += count
}
