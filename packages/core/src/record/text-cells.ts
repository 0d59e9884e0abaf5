/**
 * The cells of a batch as UTF-8 text in one stretch of memory, in the form in which a writer of text writes them: digits,
 * dates and JSON as in `rows`, booleans as `true` and `false`, bytes as they are. A reader whose source sends text keeps
 * it so, and a writer that wants bytes takes it from here: between the two sockets no string is made.
 */
export interface TextCells {
  /** Rows in the memory. */
  readonly rowCount: number
  /** Cells per row; those behind the fields of the schema were read for the position alone. */
  readonly fieldCount: number
  /**
   * Where the cells stand. Text that is not valid in the source's own encoding stands here as its bytes. An ASCII byte
   * follows every cell, so that the whole is valid UTF-8 exactly when every cell is.
   */
  readonly bytes: Uint8Array
  /** How many of `bytes` are used. */
  readonly byteLength: number
  /** Cell `c` of row `r` is `bytes[bounds[i]]` to `bytes[bounds[i + 1]]`, `i = 2 * (r * fieldCount + c)`; NULL has start -1. */
  readonly bounds: Int32Array
}
