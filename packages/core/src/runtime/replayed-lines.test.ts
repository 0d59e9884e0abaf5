import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  beginsWith,
  lineCountOf,
  noLines,
  replayedLines,
  replayedLinesOf,
  sentBeforeIn,
  sentLines,
} from './replayed-lines.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-replayed-'))
  file = join(folder, 'dirty.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (...lines: string[]) => writeFileSync(file, `${lines.join('\n')}\n`)
const leftOut = () => {
  const wasSent = sentBeforeIn(replayedLines(file, sent))
  return Array.from({ length: 8 }, (_, at) => at + 1).filter(wasSent)
}
let sent = new Map<string, number>() as ReturnType<typeof sentLines>

it('tells the lines that were sent by what they say, each as often as it stood there', () => {
  write('a', 'b', 'b', 'c', '', 'd')
  const lines = replayedLines(file, new Map())
  expect(lineCountOf(lines)).toBe(6)
  sent = sentLines(lines, 6)
  expect(leftOut()).toEqual([1, 2, 3, 4, 5, 6])
  write('new', 'd', 'b mended', 'b', 'b', 'b', 'a\r', 'c')
  expect(leftOut()).toEqual([2, 4, 5, 7, 8])
})

it('knows of a replay that was interrupted what it had sent and what it left out', () => {
  write('a', 'b')
  const before = sentLines(replayedLines(file, new Map()), 2)
  write('x', 'a', 'y', 'b', 'z')
  const lines = replayedLines(file, before)
  expect(lines.sentBefore).toEqual([
    [2, 2],
    [4, 4],
  ])
  sent = sentLines(lines, 1)
  expect(leftOut()).toEqual([1, 2, 4])
  sent = sentLines(lines, 0)
  expect(leftOut()).toEqual([2, 4])
})

it('sees whether a file still begins with the same lines', () => {
  write('a', 'b')
  const lines = replayedLines(file, new Map())
  expect(beginsWith(file, lines)).toBe(true)
  write('a', 'b', 'c')
  expect(beginsWith(file, lines)).toBe(true)
  write('a')
  expect(beginsWith(file, lines)).toBe(false)
  write('a', 'B')
  expect(beginsWith(file, lines)).toBe(false)
  expect(beginsWith(file, replayedLinesOf({ behindLine: 0, lastLine: 2 }))).toBe(false)
  expect(replayedLinesOf(undefined)).toEqual(noLines)
})
