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

  it('survives aliases that grow without end', async () => {
    const lines = Array.from({ length: 12 }, (_, i) => `a${i}: &a${i} [${`*a${i - 1},`.repeat(9)}]`)
    const text = `a: &a-1 [x]\n${lines.join('\n')}`
    expect((await parseConfig(text, 'job.yaml')).problems).toHaveLength(1)
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
