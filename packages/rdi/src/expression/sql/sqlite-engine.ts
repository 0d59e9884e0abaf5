import type { SqliteExports } from './sqlite-exports.ts'

/** What `sqlite3_step` answers when there is a row. */
export const rowReady = 100
/** The caller keeps the text until the statement is reset. */
const staysInPlace = 0
/** SQLite takes a copy at once. */
const isCopied = -1
const asciiLoopLength = 32
const textAreaBytes = 64 * 1024
/** `SQLITE_LIMIT_LENGTH` */
const lengthLimit = 0
/** Of one text or BLOB: as base64 it still is a string of JavaScript. */
const maxLengthBytes = 256 * 1024 * 1024
const stepsOfTurn = 1_000_000
/** Of one record, about half a second: who takes more would hardly end. */
const maxTurns = 20

/** A mistake SQLite found; `offset` counts characters of the statement from 0, where it knows the place. */
export class SqliteError extends Error {
  readonly offset: number | undefined

  constructor(message: string, offset?: number) {
    super(message)
    this.name = 'SqliteError'
    this.offset = offset
  }
}

/** What an {@link SqliteEngine} is made of. */
export interface SqliteModule {
  readonly exports: SqliteExports
  readonly memory: () => Uint8Array
  /** Makes a function callable from WebAssembly; gives its place in the table of functions. */
  readonly install: (handler: () => number) => number
}

/**
 * An SQLite in WebAssembly with an empty database in memory, called by its C interface: text goes through one area of its
 * memory, without an object or a conversion for each value.
 */
export class SqliteEngine {
  readonly exports: SqliteExports
  readonly #memory: () => Uint8Array
  readonly #database: number
  #bytes: Buffer
  readonly #textArea: number
  #textEnd = 0
  /** Turns of the statement at work. */
  #turns = 0

  constructor({ exports, memory, install }: SqliteModule) {
    this.exports = exports
    this.#memory = memory
    this.#bytes = viewOf(memory())
    this.#textArea = this.#allocate(textAreaBytes)
    this.#database = this.#open()
    exports.sqlite3_limit(this.#database, lengthLimit, maxLengthBytes)
    const handler = install(() => {
      this.#turns += 1
      return this.#turns < maxTurns ? 0 : 1
    })
    exports.sqlite3_progress_handler(this.#database, stepsOfTurn, handler, 0)
  }

  /**
   * @returns the statement's handle, to be given to `sqlite3_finalize`
   * @throws {SqliteError}
   */
  prepare(sql: string): number {
    const text = this.#allocateText(sql)
    const handle = this.#allocate(4)
    try {
      const code = this.exports.sqlite3_prepare_v2(this.#database, text, -1, handle, 0)
      if (code !== 0) throw this.#prepareError(sql)
      return this.#current().readUInt32LE(handle)
    } finally {
      this.exports.free(text)
      this.exports.free(handle)
    }
  }

  /** What went wrong in the last call. */
  lastMessage(): string {
    if (this.#turns >= maxTurns)
      return `it did not come to an end within ${(maxTurns * stepsOfTurn) / 1e6} million steps`
    return this.#textAt(this.exports.sqlite3_errmsg(this.#database))
  }

  /** The next record begins: texts bound before are no longer needed. */
  startRecord(): void {
    this.#textEnd = 0
    this.#turns = 0
  }

  /** Binds a text, which stays in place until `startRecord`. False where there is no memory for it. */
  bindText(statement: number, position: number, text: string): boolean {
    const mostBytes = text.length * 3
    if (this.#textEnd + mostBytes > textAreaBytes) {
      return this.#bindLongText(statement, position, text)
    }
    const start = this.#textArea + this.#textEnd
    const length = writeText(this.#current(), text, start)
    this.#textEnd += length
    return this.exports.sqlite3_bind_text(statement, position, start, length, staysInPlace) === 0
  }

  /** The text in a column of the current row. */
  columnText(statement: number, column: number): string {
    const start = this.exports.sqlite3_column_text(statement, column)
    return readText(this.#current(), start, this.exports.sqlite3_column_bytes(statement, column))
  }

  /** The bytes in a column of the current row, as base64. */
  columnBase64(statement: number, column: number): string {
    const start = this.exports.sqlite3_column_blob(statement, column)
    const length = this.exports.sqlite3_column_bytes(statement, column)
    return this.#current().toString('base64', start, start + length)
  }

  /** Has SQLite copy the text: the area may hold others of this row. */
  #bindLongText(statement: number, position: number, text: string): boolean {
    const bytes = Buffer.from(text)
    const start = this.exports.malloc(bytes.length + 1)
    if (start === 0) return false
    this.#current().set(bytes, start)
    const code = this.exports.sqlite3_bind_text(statement, position, start, bytes.length, isCopied)
    this.exports.free(start)
    return code === 0
  }

  #open(): number {
    const name = this.#allocateText(':memory:')
    const handle = this.#allocate(4)
    const code = this.exports.sqlite3_open(name, handle)
    if (code !== 0) throw new SqliteError(`SQLite cannot be started: its code is ${code}`)
    const database = this.#current().readUInt32LE(handle)
    this.exports.free(name)
    this.exports.free(handle)
    return database
  }

  #prepareError(sql: string): SqliteError {
    const byteOffset = this.exports.sqlite3_error_offset(this.#database)
    const offset =
      byteOffset < 0 ? undefined : Buffer.from(sql).toString('utf8', 0, byteOffset).length
    return new SqliteError(this.lastMessage(), offset)
  }

  #allocateText(text: string): number {
    const bytes = Buffer.from(`${text}\0`)
    const start = this.#allocate(bytes.length)
    this.#current().set(bytes, start)
    return start
  }

  #allocate(bytes: number): number {
    const start = this.exports.malloc(bytes)
    if (start === 0) throw new SqliteError('SQLite has no memory left')
    return start
  }

  #textAt(start: number): string {
    const bytes = this.#current()
    return bytes.toString('utf8', start, bytes.indexOf(0, start))
  }

  /** The memory moves when it grows: the view of before is empty then. */
  #current(): Buffer {
    if (this.#bytes.length === 0) this.#bytes = viewOf(this.#memory())
    return this.#bytes
  }
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A loop is faster than a call into the runtime while texts are short. */
function writeText(bytes: Buffer, text: string, start: number): number {
  const length = text.length
  if (length > asciiLoopLength) return bytes.write(text, start)
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index)
    if (code > 127) return bytes.write(text, start)
    bytes[start + index] = code
  }
  return length
}

function readText(bytes: Buffer, start: number, length: number): string {
  if (length > asciiLoopLength) return bytes.toString('utf8', start, start + length)
  let text = ''
  for (let index = start; index < start + length; index += 1) {
    const code = bytes[index] ?? 0
    if (code > 127) return bytes.toString('utf8', start, start + length)
    text += String.fromCharCode(code)
  }
  return text
}
