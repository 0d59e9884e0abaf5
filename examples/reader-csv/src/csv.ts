import type { Encoding } from './config.ts'
import { CsvParse, decoded, type CsvOptions } from './csv-parse.ts'
import type { SourceFile } from './files.ts'
import { BadRecord, chunkBytes, countUp, type RecordList } from './records.ts'

/**
 * The records of a CSV file from a place on, which stands behind a record or at the beginning. A bad quote costs its line, not
 * the rest of the file: parsing begins anew with the next line.
 */
export async function* csvRecords(
  file: SourceFile,
  start: number,
  options: CsvOptions,
): AsyncGenerator<RecordList> {
  let base = start === 0 ? await endOfByteOrderMark(file) : start
  for (;;) {
    const parse = new CsvParse(base, options)
    for (let at = base; parse.failure === undefined;) {
      const chunk = await file.read(at, chunkBytes)
      at += chunk.length
      if (chunk.length === 0) await parse.end()
      else parse.push(chunk)
      const list = parse.take()
      if (list.records.length > 0) yield list
      if (chunk.length === 0 && parse.failure === undefined) return
    }
    const line = await lineAt(file, parse.lastEnd)
    const { code, message } = parse.failure
    countUp(1)
    yield {
      records: [new BadRecord(code, message, shown(line.bytes, options.encoding))],
      ends: [line.end],
    }
    base = line.end
  }
}

async function endOfByteOrderMark(file: SourceFile): Promise<number> {
  const mark = await file.read(0, 3)
  return mark.toString('latin1') === '\u00ef\u00bb\u00bf' ? 3 : 0
}

function shown(bytes: Buffer, encoding: Encoding): string {
  const text = decoded(bytes.toString('latin1'), encoding)
  return typeof text === 'string' ? text : bytes.toString('latin1')
}

/** The line that begins at a place, or behind blank lines there: its beginning, and where it ends. */
async function lineAt(file: SourceFile, start: number): Promise<{ bytes: Buffer; end: number }> {
  let kept: Buffer = Buffer.alloc(0)
  let isBlank = true
  for (let end = start; ;) {
    const chunk = await file.read(end, chunkBytes)
    if (chunk.length === 0) return { bytes: kept, end }
    let from = 0
    if (isBlank) while (chunk[from] === 10 || chunk[from] === 13) from += 1
    isBlank &&= from === chunk.length
    const newline = chunk.indexOf(10, from)
    if (kept.length === 0) kept = chunk.subarray(from, newline === -1 ? undefined : newline)
    if (newline !== -1) return { bytes: kept, end: end + newline + 1 }
    end += chunk.length
  }
}
