import type { SourceConnection } from '../connection/source-connection.ts'
import { copyOf } from '../snapshot/result-decoder.ts'
import { textDecoderOf } from '../types/cell-decoders.ts'
import { charsetLabelOf } from '../types/charset-labels.ts'
import { strictDecoder } from '../types/strict-decoder.ts'
import { loadMultibyteTable, multibyteDecoding, type MultibyteTable } from './multibyte-table.ts'
import type { TextDecoding } from './text-formats.ts'

/** Character sets of which decoders differ from server to server. */
const tabledCharsets = new Set([
  'big5',
  'cp932',
  'eucjpms',
  'euckr',
  'gb18030',
  'gb2312',
  'gbk',
  'sjis',
  'ujis',
])
const utf8Charsets = new Set(['utf8mb4', 'utf8mb3', 'utf8'])

/**
 * How text that is stored in a character set becomes the text a SELECT would give. Character sets of one byte are converted by
 * the server's own tables.
 */
export class CharsetDecodings {
  readonly #charsetByCollation: ReadonlyMap<number, string>
  readonly #tables: ReadonlyMap<string, string>
  readonly #encoding: string | undefined
  readonly #connection: () => Promise<SourceConnection>
  readonly #multibyteTables = new Map<string, MultibyteTable>()

  private constructor(
    charsetByCollation: ReadonlyMap<number, string>,
    tables: ReadonlyMap<string, string>,
    encoding: string | undefined,
    connection: () => Promise<SourceConnection>,
  ) {
    this.#connection = connection
    this.#charsetByCollation = charsetByCollation
    this.#tables = tables
    this.#encoding = encoding
  }

  /**
   * Asks the server for its character sets.
   *
   * @param encoding - the job's encoding, when text is to come as it is stored
   */
  static async load(
    connect: () => Promise<SourceConnection>,
    isMariaDb: boolean,
    encoding: string | undefined,
    signal: AbortSignal,
  ): Promise<CharsetDecodings> {
    const connection = await connect()
    const collations = await connection.query(collationQuery(isMariaDb), signal)
    const charsets = await connection.query(
      "SELECT CHARACTER_SET_NAME FROM information_schema.CHARACTER_SETS WHERE MAXLEN = 1 AND CHARACTER_SET_NAME <> 'binary'",
      signal,
    )
    const names = charsets.map(([name]) => name ?? '')
    const allBytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('hex')
    const conversions = names.map((name) => `CONVERT(_${name} X'${allBytes}' USING utf8mb4)`)
    const [texts = []] = await connection.query(`SELECT ${conversions.join(', ')}`, signal)
    return new CharsetDecodings(
      new Map(collations.map(([id, charset]) => [Number(id), charset ?? ''])),
      new Map(names.map((name, index) => [name, texts[index] ?? ''])),
      encoding,
      connect,
    )
  }

  /** Has to come before texts of a character set are decoded. */
  async prepare(charset: string, signal: AbortSignal): Promise<void> {
    if (this.#multibyteTables.has(charset) || !tabledCharsets.has(charset)) return
    const table = await loadMultibyteTable(await this.#connection(), charset, signal)
    this.#multibyteTables.set(charset, table)
  }

  /** The character set of a collation, by its number. */
  charsetOf(collation: number): string | undefined {
    return this.#charsetByCollation.get(collation)
  }

  /** How the text of a column is decoded; `bytes` when it is none. */
  decodingOf(charset: string): TextDecoding | 'utf8' | 'bytes' {
    if (charset === 'binary') return 'bytes'
    if (this.#encoding !== undefined) return this.#declaredDecoding(charset, this.#encoding)
    return this.#storedDecodingOf(charset)
  }

  #storedDecodingOf(charset: string): TextDecoding | 'utf8' | 'bytes' {
    if (utf8Charsets.has(charset)) return 'utf8'
    const table = this.#tables.get(charset)
    if (table !== undefined && table.length === 256) return tableDecoding(table)
    const label = charsetLabelOf(charset)
    if (label === undefined) return charset === 'utf32' ? utf32Decoding : 'bytes'
    const decoding = labelDecoding(label)
    const characters = this.#multibyteTables.get(charset)
    return characters === undefined ? decoding : multibyteDecoding(characters, decoding)
  }

  #declaredDecoding(charset: string, encoding: string): TextDecoding {
    for (const [collation, name] of this.#charsetByCollation) {
      if (name === charset) return textDecoderOf(collation, encoding)
    }
    return copyOf
  }
}

/** MariaDB numbers its newer collations in another view. */
function collationQuery(isMariaDb: boolean): string {
  const plain =
    'SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATIONS WHERE ID IS NOT NULL'
  if (!isMariaDb) return plain
  return `${plain} UNION SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY WHERE ID IS NOT NULL`
}

function labelDecoding(label: string): TextDecoding {
  const decoder = strictDecoder(label)
  return (bytes, start, end) => {
    try {
      return decoder.decode(bytes.subarray(start, end))
    } catch {
      return copyOf(bytes, start, end)
    }
  }
}

function tableDecoding(table: string): TextDecoding {
  return (bytes, start, end) => {
    let text = ''
    for (let at = start; at < end; at += 1) text += table[bytes[at]!]!
    return text
  }
}

function utf32Decoding(bytes: Buffer, start: number, end: number): string {
  let text = ''
  for (let at = start; at + 4 <= end; at += 4) text += String.fromCodePoint(bytes.readUInt32BE(at))
  return text
}
