import { isUtf8 } from 'node:buffer'
import { Parser, type InfoRecord, type Options } from 'csv-parse'
import { parse as parseAtOnce } from 'csv-parse/sync'
import type { Encoding } from './config.ts'
import { countUp, maxRecordBytes, type RecordList, type Texts } from './records.ts'

export interface CsvOptions {
  readonly delimiter: string
  readonly encoding: Encoding
  readonly nullValue: string
  /** Cells that records should have; absent: not known yet. */
  readonly width?: number
}

/** What is wrong where records end. */
export interface CsvFailure {
  readonly code: string
  readonly message: string
}

/**
 * csv-parse over chunks of bytes that begin at a place of a file. It is told that they are Latin-1, which changes none of them;
 * cells are decoded one by one.
 */
export class CsvParse {
  /** Why parsing cannot go on behind `lastEnd`. */
  failure: CsvFailure | undefined
  /** Where the last record ends in the file. */
  lastEnd: number
  readonly #parser: Parser
  readonly #options: Options
  readonly #encoding: Encoding
  readonly #nullText: string
  readonly #quotedNull: Buffer
  /** Bytes of the file from the last record's end on. */
  #bytes: Buffer = Buffer.alloc(0)
  #bytesStart: number
  #primed = 0
  #records: Texts[] = []
  #ends: number[] = []

  constructor(base: number, { delimiter, encoding, nullValue, width }: CsvOptions) {
    const parted = Buffer.from(delimiter, encoding)
    this.lastEnd = base
    this.#bytesStart = base
    this.#encoding = encoding
    this.#nullText = Buffer.from(nullValue, encoding).toString('latin1')
    this.#quotedNull = Buffer.from(`"${this.#nullText}"`, 'latin1')
    this.#options = { delimiter: parted, encoding: 'latin1', record_delimiter: ['\n', '\r\n'] }
    this.#parser = new Parser({
      ...this.#options,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      max_record_size: maxRecordBytes,
      on_record: (record: string[], info) => {
        const bytes = bytesOf(info)
        if (bytes > this.#primed && this.failure === undefined)
          this.#add(record, base + bytes - this.#primed)
        return null
      },
      on_skip: (error) => {
        this.failure ??= failureOf(error?.code ?? 'CSV_INVALID')
        return undefined
      },
    })
    if (width !== undefined) this.#prime(width, parted)
  }

  push(chunk: Buffer): void {
    const rest = this.#bytes.subarray(this.lastEnd - this.#bytesStart)
    this.#bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    this.#bytesStart = this.lastEnd
    this.#parser.write(chunk)
  }

  /** There are no more chunks. */
  async end(): Promise<void> {
    await new Promise<void>((resolve) => this.#parser.end(resolve))
  }

  /** The records since the last call. */
  take(): RecordList {
    const list = { records: this.#records, ends: this.#ends }
    countUp(list.records.length)
    this.#records = []
    this.#ends = []
    return list
  }

  /** The parser expects as many cells as its first record has; it makes an error, with a stack, of each record of others. */
  #prime(width: number, delimiter: Buffer): void {
    const cells = Array.from({ length: width }, (_, index) => (index === 0 ? '-' : delimiter))
    const line = Buffer.concat([...cells, '\n'].map((part) => Buffer.from(part)))
    this.#primed = line.length
    this.#parser.write(line)
  }

  #add(record: string[], end: number): void {
    const cells: (string | Uint8Array | null)[] = this.#mayQuoteNull(record, end)
      ? this.#withQuotes(end)
      : record
    const isNullText = cells === record
    for (let index = 0; index < cells.length; index += 1) {
      const text = cells[index]
      if (typeof text !== 'string') continue
      cells[index] = isNullText && text === this.#nullText ? null : decoded(text, this.#encoding)
    }
    this.lastEnd = end
    this.#records.push(cells)
    this.#ends.push(end)
  }

  /** Quoted cells are never NULL, and the parser does not say which were quoted, unless it is asked for each cell. */
  #mayQuoteNull(record: string[], end: number): boolean {
    if (!record.includes(this.#nullText)) return false
    const [from, to] = [this.lastEnd - this.#bytesStart, end - this.#bytesStart]
    return this.#bytes.subarray(from, to).includes(this.#quotedNull)
  }

  /** The record again, slowly. */
  #withQuotes(end: number): (string | null)[] {
    const bytes = this.#bytes.subarray(this.lastEnd - this.#bytesStart, end - this.#bytesStart)
    const [record] = parseAtOnce(bytes, {
      ...this.#options,
      skip_empty_lines: true,
      cast: (text, { quoting }) => (!quoting && text === this.#nullText ? null : text),
    }) as (string | null)[][]
    return record ?? []
  }
}

/** Bytes of the input up to the end of the record; the type declarations leave it out. */
function bytesOf(info: InfoRecord): number {
  return (info as InfoRecord & { readonly bytes: number }).bytes
}

const reasons: Readonly<Record<string, string>> = {
  CSV_INVALID_CLOSING_QUOTE: 'has text behind a closing quote',
  INVALID_OPENING_QUOTE: 'has a quote in a cell without quotes',
  CSV_QUOTE_NOT_CLOSED: 'has a quote that is never closed',
  CSV_MAX_RECORD_SIZE: `is longer than ${maxRecordBytes} bytes: is a quote not closed?`,
}

function failureOf(code: string): CsvFailure {
  return { code, message: reasons[code] ?? 'is no record of CSV' }
}

/** Text out of bytes that stand as Latin-1; bytes where they are no UTF-8. */
export function decoded(text: string, encoding: Encoding): string | Uint8Array {
  if (encoding === 'latin1' || !/[\u0080-\u00ff]/.test(text)) return text
  const bytes = Buffer.from(text, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : bytes
}
