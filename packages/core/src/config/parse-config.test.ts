import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test-data/temp-folder.ts'
import { parseConfig } from './parse-config.ts'
import { readTextFile } from './read-text-file.ts'

describe('parseConfig', () => {
  it('takes a byte order mark off before it counts columns', async () => {
    const document = await parseConfig('\ufeff{"a": x}', 'job.json')
    expect(document.problems).toMatchObject([{ line: 1, column: 7 }])
  })

  it('reads YAML, with the same places and whole integers', async () => {
    const document = await parseConfig(
      'a: &x\r\n  - b: 18446744073709551615\r\n    c: yes\r\nd: *x\r\n',
      'job.yaml',
    )
    const list = [{ b: '18446744073709551615', c: 'yes' }]
    expect(document.value).toEqual({ a: list, d: list })
    expect(document.locate(['a', 0, 'c'])).toEqual({ line: 3, column: 8 })
    expect(document.locate(['a', 0, 'c'], 'key')).toEqual({ line: 3, column: 5 })
    expect(document.locate(['d', 0, 'c'])).toEqual({ line: 3, column: 8 })
    expect(document.locate(['d', 'nothing'])).toEqual({ line: 4, column: 4 })
  })

  it.each<[string, string, number, number, RegExp]>([
    ['a duplicate key', 'a: 1\nb: 2\na: 3\n', 3, 1, /twice/],
    ['a tab', 'a:\n\tb: 1\n', 2, 1, /spaces/],
    ['an open list', 'a: [1, 2\n', 2, 1, /cannot be read as YAML/],
    ['a second document', 'a: 1\n---\nb: 1\n', 2, 1, /one document/],
    ['nothing', '# nothing\n', 1, 1, /empty/],
  ])('reports %s in YAML', async (_, text, line, column, message) => {
    const { value, problems } = await parseConfig(text, 'job.yml')
    expect(value).toBeUndefined()
    expect(problems[0]).toMatchObject({ line, column, message: expect.stringMatching(message) })
  })

  const bomb = Array.from({ length: 12 }, (_, i) => `a${i}: &a${i} [${`*a${i - 1},`.repeat(9)}]`)
  const chain = Array.from({ length: 3000 }, (_, i) => `a${i}: &a${i} [*a${i - 1}]`)
  it.each<[string, string, number, number, RegExp]>([
    ['aliases that grow', `a: &a-1 [x]\n${bomb.join('\n')}`, 2, 10, /stand for more than/],
    ['aliases that nest', `a: &a-1 [x]\n${chain.join('\n')}`, 2, 10, /stand for more than/],
    ['an alias of itself', 'a: 1\nb: &b [1, *b]', 2, 11, /stands inside/],
    ['an alias of nothing', 'a: 1\nb: *b', 2, 4, /names no anchor/],
    ['lists in a row', `a: ${'['.repeat(5000)}`, 1, 203, /nested more than 200 deep/],
    ['lists in lists', `a:\n  ${'- '.repeat(5000)}`, 2, 401, /nested more than 200 deep/],
    ['objects as keys', `${'? '.repeat(5000)}x`, 1, 401, /nested more than 200 deep/],
    ['an object as key', 'a: 1\n? {b: 1}\n: 2', 2, 3, /expected a text as key/],
    ['a merge of nothing', '%YAML 1.1\n---\n<<: 1', 1, 1, /cannot be read as YAML: Merge/],
  ])('survives %s', async (_, text, line, column, message) => {
    const { value, problems } = await parseConfig(text, 'job.yaml')
    expect(value).toBeUndefined()
    expect(problems).toMatchObject([{ line, column, message: expect.stringMatching(message) }])
  })

  it('reports half characters in texts and keys', async () => {
    const text = '{"a": ["x\\ud800", "\\ud83d\\ude00"],\n"b\\udc00": 1}'
    for (const file of ['job.json', 'job.yaml']) {
      expect((await parseConfig(text, file)).problems).toMatchObject([
        { line: 1, column: 8, message: expect.stringContaining('a[0]: expected text') },
        { line: 2, column: 1, message: expect.stringContaining('half of a surrogate pair') },
      ])
    }
  })

  it('counts lines that a quoted text runs over', async () => {
    const text = 'a: "b\n\n  c"\nd: [1\ne: 2'
    expect((await parseConfig(text, 'job.yaml')).problems).toMatchObject([{ line: 5, column: 1 }])
  })

  it('does not complain of everything behind a mistake', async () => {
    const text = `[1] {\n${'"key": "value",\n'.repeat(1000)}}`
    const { problems } = await parseConfig(text, 'job.yaml')
    expect(problems[0]).toMatchObject({ line: 1, column: 5 })
    expect(problems.length).toBeLessThanOrEqual(10)
  })

  it.each([
    'password: *hush',
    'password: "hush',
    'password: [hush: hush',
    'url: "mysql://u:hush@h" "hush',
    '[1] "mysql://u:hush@h"',
    '{"password": "x" hush"}',
    'password: |hush\n x',
  ])('shows nothing of a secret in %j', async (text) => {
    for (const file of ['job.yaml', 'job.json']) {
      const { problems } = await parseConfig(text, file)
      expect(problems.length).toBeGreaterThan(0)
      expect(JSON.stringify(problems)).not.toContain('hush')
    }
  })
})

describe('readTextFile', () => {
  it('reads UTF-8 and UTF-16 with their marks', async () => {
    const folder = temporaryFolder({
      'a.json': '\ufeff{}',
      'b.json': Buffer.from('\ufeff{"ä": 1}', 'utf16le'),
    })
    expect(await readTextFile(`${folder}/a.json`, 'a.json')).toEqual({ text: '{}' })
    expect(await readTextFile(`${folder}/b.json`, 'b.json')).toEqual({ text: '{"ä": 1}' })
  })

  it('says where bytes are not UTF-8', async () => {
    const folder = temporaryFolder({ 'a.json': Buffer.from('{\n"a": "\xd6\xd0"}', 'latin1') })
    expect(await readTextFile(`${folder}/a.json`, 'a.json')).toMatchObject({
      problem: { line: 2, column: 7, message: expect.stringContaining('UTF-8') },
    })
  })

  it('says why a file cannot be read', async () => {
    const folder = temporaryFolder()
    expect(await readTextFile(`${folder}/no.json`, 'no.json')).toMatchObject({
      problem: { file: 'no.json', message: 'there is no such file' },
    })
    expect(await readTextFile(folder, 'x')).toMatchObject({
      problem: { message: 'expected a file, found a folder' },
    })
  })
})
