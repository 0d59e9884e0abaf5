import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { PluginContext, RejectedRow, WriterSession } from '@millrace/core/plugin'
import type { LogicalType, RecordBatch, Row, TableSchema } from '@millrace/core/record'
import { describe, expect, it } from 'vitest'
import { createStreamWriter } from './stream-writer.ts'

const context: PluginContext = {
  step: 'Writer',
  logger: { debug() {}, info() {}, warn() {} },
  timeZone: 'Asia/Shanghai',
  concurrency: 1,
  dataSources: [],
}
const { signal } = new AbortController()

function schemaOf(...types: LogicalType[]): TableSchema {
  const fields = types.map((type, index) => {
    return { name: `c${index}`, type, nullable: true, nativeType: type }
  })
  return { table: 't', version: 1, fields, key: [] }
}

function batchOf(schema: TableSchema, rows: Row[]): RecordBatch {
  return { schema, rows, byteSize: 0 }
}

/** Keeps what is printed, and holds writes back while `isStuck`. */
class Paper extends Writable {
  text = ''
  isStuck = false
  #release: (() => void) | undefined

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void) {
    this.text += chunk.toString()
    if (this.isStuck) this.#release = () => done()
    else done()
  }

  release() {
    this.isStuck = false
    this.#release?.()
  }
}

async function parse(parameters: unknown) {
  const result = await plugin(new Paper()).config['~standard'].validate(parameters)
  if (result.issues) throw new Error(result.issues.map((issue) => issue.message).join())
  return result.value
}

function plugin(paper: Writable) {
  return createStreamWriter(() => paper)
}

async function open(paper: Writable, parameters: unknown = {}) {
  return plugin(paper).open(await parse(parameters), context, { signal })
}

function write(
  session: WriterSession,
  batch: RecordBatch,
  admit: (rejected: readonly RejectedRow[]) => boolean = () => true,
  writeSignal = signal,
) {
  const progress = { split: 's', sequence: 1, fence: 'f' }
  return session.write(batch, { signal: writeSignal, progress, admit })
}

describe('the stream writer', () => {
  it('prints a line per row', async () => {
    const paper = new Paper()
    const session = await open(paper)
    const schema = schemaOf('int', 'string', 'bool', 'bytes', 'timestamptz', 'datetime')
    const instant = '2026-02-01 19:04:05.678'
    const result = await write(
      session,
      batchOf(schema, [
        [1, 'é', true, Buffer.from('text'), instant, instant],
        [2n, null, undefined, Uint8Array.of(255, 0), 'infinity', null],
      ]),
    )
    expect(paper.text).toBe(
      `1\té\ttrue\ttext\t2026-02-02 03:04:05.678\t${instant}\n2\tnull\tnull\t\\xff00\tinfinity\tnull\n`,
    )
    expect(result).toEqual({
      sent: true,
      written: 2,
      rejected: [],
      bytesWritten: Buffer.byteLength(paper.text),
    })
  })

  it('rejects deletes, which no line could tell from rows', async () => {
    const paper = new Paper()
    const session = await open(paper)
    const batch: RecordBatch = {
      ...batchOf(schemaOf('int'), [[1], [1], [2]]),
      changes: {
        operations: ['c', 'd', 'u'],
        before: [null, null, null],
        transactions: [1, 2, 3],
        committedAtMs: [0, 0, 0],
      },
    }
    const admitted: (readonly RejectedRow[])[] = []
    const result = await write(session, batch, (rejected) => admitted.push(rejected) > 0)
    expect(result).toMatchObject({ sent: true, written: 2, rejected: [] })
    expect(paper.text).toBe('1\n2\n')
    const rejected = [{ row: 1, error: { code: 'DELETE_NOT_APPLIED' } }]
    expect(admitted).toMatchObject([rejected])
    expect(session.preview(batch)).toMatchObject({ commands: [['1'], ['2']], rejected })
  })

  it('separates cells by the delimiter of the job', async () => {
    const paper = new Paper()
    const session = await open(paper, { fieldDelimiter: '||' })
    await write(session, batchOf(schemaOf('int', 'int'), [[1, 2]]))
    expect(paper.text).toBe('1||2\n')
  })

  it('only counts with print false', async () => {
    const paper = new Paper()
    const session = await open(paper, { print: 'false' })
    const result = await write(session, batchOf(schemaOf('int'), [[1], [2]]))
    expect(result).toMatchObject({ sent: true, written: 2, bytesWritten: 0 })
    expect(paper.text).toBe('')
  })

  it('prints nothing that was not admitted', async () => {
    const paper = new Paper()
    const session = await open(paper)
    const result = await write(session, batchOf(schemaOf('int'), [[1]]), () => false)
    expect(result).toMatchObject({ sent: false, written: 0 })
    expect(paper.text).toBe('')
  })

  it('waits for whoever reads the output, until aborted', async () => {
    const paper = new Paper()
    paper.isStuck = true
    const session = await open(paper)
    const schema = schemaOf('int')
    const first = write(session, batchOf(schema, [[1]]))
    const controller = new AbortController()
    const second = write(session, batchOf(schema, [[2]]), () => true, controller.signal)
    let isDone = false
    void first.then(() => (isDone = true))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(isDone).toBe(false)
    const reason = new Error('stopped')
    controller.abort(reason)
    await expect(second).rejects.toBe(reason)
    paper.release()
    await expect(first).resolves.toMatchObject({ written: 1 })
  })

  it('says what failed when the output is gone', async () => {
    const broken = new Writable({
      write: (_chunk, _encoding, done) => done(new Error('write EPIPE')),
    })
    const session = await open(broken)
    await expect(write(session, batchOf(schemaOf('int'), [[1]]))).rejects.toMatchObject({
      code: 'TARGET_FAILED',
      message: expect.stringContaining('EPIPE'),
    })
  })

  it('previews the lines, and prints none of them', async () => {
    const paper = new Paper()
    const session = await open(paper)
    const preview = session.preview(
      batchOf(schemaOf('int', 'string'), [
        [1, 'a'],
        [2, null],
      ]),
    )
    expect(preview).toEqual({ commands: [['1\ta'], ['2\tnull']], rejected: [] })
    expect(paper.text).toBe('')
  })

  it('replaces a file where the job names one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-writer-stream-'))
    try {
      const path = join(folder, 'deep')
      const paper = new Paper()
      for (const value of ['first', 'second']) {
        const session = await open(paper, { path, fileName: 'out.tsv', print: false })
        await write(session, batchOf(schemaOf('string'), [[value]]))
        await write(session, batchOf(schemaOf('string'), [['end']]))
        await session[Symbol.asyncDispose]()
      }
      expect(await readFile(join(path, 'out.tsv'), 'utf8')).toBe('second\nend\n')
      expect(paper.text).toBe('')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('says which file cannot be opened', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-writer-stream-'))
    try {
      const path = join(folder, 'file')
      await writeFile(path, '')
      const session = await open(new Paper(), { path, fileName: 'out.tsv' })
      await expect(write(session, batchOf(schemaOf('int'), [[1]]))).rejects.toMatchObject({
        code: 'TARGET_UNFIT',
        message: expect.stringContaining(path),
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('leaves no listener behind', async () => {
    const paper = new Paper()
    const session = await open(paper)
    await session[Symbol.asyncDispose]()
    await session[Symbol.asyncDispose]()
    expect(paper.listenerCount('error')).toBe(0)
    expect(paper.writable).toBe(true)
  })
})

describe('the parameters', () => {
  const job = { readerColumns: undefined, concurrency: 1 }
  it('warn of what has no effect', async () => {
    const writer = plugin(new Paper())
    const pathsOf = async (parameters: unknown) =>
      writer
        .validate?.(await parse(parameters), job)
        .map(({ severity, path }) => [severity, ...path])
    expect(await pathsOf({ encoding: 'utf8', print: true })).toEqual([])
    expect(await pathsOf({ encoding: 'GBK', path: '/x' })).toEqual([
      ['warning', 'encoding'],
      ['warning', 'path'],
    ])
    expect(await pathsOf({ fileName: 'x' })).toEqual([['warning', 'fileName']])
  })

  it('tell whether a row may be written twice', async () => {
    const writer = plugin(new Paper())
    expect(writer.guarantee(await parse({}))).toMatchObject({ isIdempotent: false })
    expect(writer.guarantee(await parse({ print: false }))).toMatchObject({ isIdempotent: true })
    expect(
      writer.guarantee(await parse({ print: false, path: '/x', fileName: 'y' })),
    ).toMatchObject({
      isIdempotent: false,
    })
  })

  it.each([[{ print: 'maybe' }], [{ fieldDelimiter: 5 }], ['x']])(
    'refuse %j',
    async (parameters) => {
      await expect(parse(parameters)).rejects.toThrow()
    },
  )
})
