/** What is called of SQLite's C interface. Handles and places in its memory are numbers. */
export interface SqliteExports {
  malloc(bytes: number): number
  free(place: number): void
  sqlite3_open(name: number, handle: number): number
  /** Gives the limit of before; `most` becomes the new one. */
  sqlite3_limit(database: number, limit: number, most: number): number
  /** Calls `handler`, a place in the table of functions, after every so many steps; it ends the statement by giving 1. */
  sqlite3_progress_handler(database: number, steps: number, handler: number, argument: number): void
  sqlite3_prepare_v2(
    database: number,
    sql: number,
    bytes: number,
    handle: number,
    rest: number,
  ): number
  sqlite3_errmsg(database: number): number
  /** In bytes; negative when it is not known. */
  sqlite3_error_offset(database: number): number
  sqlite3_bind_parameter_count(statement: number): number
  sqlite3_bind_null(statement: number, position: number): number
  sqlite3_bind_int(statement: number, position: number, value: number): number
  sqlite3_bind_int64(statement: number, position: number, value: bigint): number
  sqlite3_bind_double(statement: number, position: number, value: number): number
  sqlite3_bind_text(
    statement: number,
    position: number,
    text: number,
    bytes: number,
    destructor: number,
  ): number
  sqlite3_step(statement: number): number
  sqlite3_reset(statement: number): number
  sqlite3_finalize(statement: number): number
  sqlite3_column_type(statement: number, column: number): number
  sqlite3_column_int64(statement: number, column: number): bigint
  sqlite3_column_double(statement: number, column: number): number
  sqlite3_column_text(statement: number, column: number): number
  sqlite3_column_blob(statement: number, column: number): number
  sqlite3_column_bytes(statement: number, column: number): number
}
