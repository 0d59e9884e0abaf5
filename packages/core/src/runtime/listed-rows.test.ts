import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatDirtyRecord, type DirtyOrigin } from './dirty-record.ts'
import { ListedRows } from './listed-rows.ts'

const schema = {
  table: 't',
  version: 0,
  fields: [{ name: 'v', type: { kind: 'string' }, nativeType: 'text', nullable: true }],
  key: [],
} as unknown as DirtyOrigin['schema']
const originOf = (split: string): DirtyOrigin => ({
  run: 'r',
  split,
  schema,
  position: undefined,
  isTransformed: false,
})
const dirtyOf = (v: string, code = 'NULL_VALUE') => ({ row: [v], error: { code, message: 'm' } })
const since = '2026-01-01T00:00:00.000Z'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-listed-'))
  file = join(folder, 'job.dirty.jsonl')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Rows of split `a`, listed in this order. */
function write(rows: readonly string[], time = '2026-01-02T00:00:00.000Z'): void {
  const lines = rows.map((v) => `${formatDirtyRecord(dirtyOf(v), originOf('a'), new Date(time))}\n`)
  writeFileSync(file, lines.join(''), { flag: 'a' })
}

function read(): ListedRows {
  const listed = new ListedRows()
  listed.read(file, since)
  return listed
}

describe('ListedRows', () => {
  it('takes a row as often as it is listed, by split and code', () => {
    write(['x', 'x', 'y'])
    const listed = read()
    expect(listed.take(dirtyOf('x'), originOf('b'))).toBe(false)
    expect(listed.take(dirtyOf('x', 'WRONG_TYPE'), originOf('a'))).toBe(false)
    expect(listed.take(dirtyOf('x'), originOf('a'))).toBe(true)
    expect(listed.take(dirtyOf('x'), originOf('a'))).toBe(true)
    expect(listed.take(dirtyOf('x'), originOf('a'))).toBe(false)
    expect(listed.take(dirtyOf('y'), originOf('a'))).toBe(true)
  })

  it('does not take a row for a settled one that looks the same', () => {
    write(['x', 'y'])
    const listed = read()
    listed.settle('a', 2)
    expect(listed.take(dirtyOf('x'), originOf('a'))).toBe(false)
  })

  it('takes what is not settled', () => {
    write(['x', 'y'])
    const listed = read()
    listed.settle('a', 1)
    expect(listed.take(dirtyOf('y'), originOf('a'))).toBe(true)
    expect(listed.take(dirtyOf('x'), originOf('a'))).toBe(false)
  })

  it('looks past records of earlier runs and lines that were cut off', () => {
    write(['old'], '2025-12-31T00:00:00.000Z')
    write(['x'])
    writeFileSync(file, '{"time":"2026-01-02', { flag: 'a' })
    const listed = read()
    expect(listed.take(dirtyOf('old'), originOf('a'))).toBe(false)
    expect(listed.take(dirtyOf('x'), originOf('a'))).toBe(true)
  })

  it('reads one split anew when the target went back in time', () => {
    write(['x'])
    const listed = read()
    expect(listed.take(dirtyOf('x'), originOf('a'))).toBe(true)
    listed.read(file, since, 'b')
    expect(listed.take(dirtyOf('x'), originOf('a'))).toBe(false)
    listed.read(file, since, 'a')
    expect(listed.take(dirtyOf('x'), originOf('a'))).toBe(true)
  })

  it('finds nothing in a file that is not there', () => {
    expect(read().take(dirtyOf('x'), originOf('a'))).toBe(false)
  })
})
