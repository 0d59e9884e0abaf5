import { closeSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openJsonLines } from './open-json-lines.ts'

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-json-lines-'))
  file = join(folder, 'job.dirty.jsonl')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function append(line: string): string {
  const descriptor = openJsonLines(file)
  writeFileSync(descriptor, `${line}\n`)
  closeSync(descriptor)
  return readFileSync(file, 'utf8')
}

describe('openJsonLines', () => {
  it('makes a file that nobody else may read', () => {
    expect(append('{"a":1}')).toBe('{"a":1}\n')
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  const long = `{"v":"${'x'.repeat(200_000)}`
  it.each([
    ['nothing', '', ''],
    ['a whole line', '{"a":1}\n', '{"a":1}\n'],
    ['a line without its end', '{"a":1}\n{"b":2}', '{"a":1}\n{"b":2}\n'],
    ['a line that was cut off', '{"a":1}\n{"b":', '{"a":1}\n'],
    ['nothing but a line that was cut off', '{"b":', ''],
    ['a long line that was cut off', `{"a":1}\n${long}`, '{"a":1}\n'],
    ['half a character', Buffer.from([0x7b, 0x7d, 0x0a, 0x22, 0xc3]), '{}\n'],
  ])('appends to %s', (_, before, kept) => {
    writeFileSync(file, before)
    expect(append('{"c":3}')).toBe(`${kept}{"c":3}\n`)
  })
})
