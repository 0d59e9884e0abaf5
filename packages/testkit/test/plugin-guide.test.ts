import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readerCases, writerCases } from '../src/index.ts'

const guide = ['promises.md', 'following.md', 'first-writer.md']
  .map((page) => readFileSync(new URL(`../../../docs/plugins/${page}`, import.meta.url), 'utf8'))
  .join('\n')
  .replaceAll(/\s+/g, ' ')

const cases = [...readerCases, ...writerCases]
const promises = [...new Set(cases.map(({ promise }) => promise))]

test.each(promises)('the guide names the promise %s', (promise) => {
  expect(guide.includes(`\`${promise}\``) || guide.includes(`\`${promise}: `)).toBe(true)
})

/** The beginning of a name, in which "…" stands for anything. */
function patternOf(text: string): RegExp {
  const parts = text.replace(/,\s*$/, '').split('…')
  return new RegExp(
    `^${parts.map((part) => part.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}`,
  )
}

test('the guide names no case that there is not', () => {
  const names = cases.map(({ promise, name }) => `${promise}: ${name}`)
  const known = promises.join('|')
  const written = [...guide.matchAll(new RegExp(`\`((?:${known}): [^\`]+)\``, 'g'))]
  expect(written.length).toBeGreaterThan(5)
  const unknown = written.filter(
    ([, text = '']) => !names.some((name) => patternOf(text).test(name)),
  )
  expect(unknown.map(([, text]) => text)).toEqual([])
})
