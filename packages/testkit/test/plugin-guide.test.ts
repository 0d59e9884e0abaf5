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

test('the guide names no case that there is not', () => {
  const names = cases.map(({ promise, name }) => `${promise}: ${name}`)
  const known = promises.join('|')
  const written = [...guide.matchAll(new RegExp(`\`((?:${known}): [^\`…]+?)(?:…| …)?\``, 'g'))]
  expect(written.length).toBeGreaterThan(5)
  for (const [, text = ''] of written)
    expect(names.filter((name) => name.startsWith(text.replace(/,\s*$/, '').trim()))).not.toEqual(
      [],
    )
})
