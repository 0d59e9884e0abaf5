import { describe, expect, it } from 'vitest'
import { matchColumns, matchName, missingNameHint } from './match-name.ts'

describe('matchName', () => {
  it('takes the same name before one in another case', () => {
    expect(matchName('Id', ['ID', 'Id', 'id'])).toBe('Id')
    expect(matchName('total', ['Id', 'Total'])).toBe('Total')
  })

  it('takes none when several differ in case alone', () => {
    expect(matchName('iD', ['ID', 'id'])).toBeUndefined()
    expect(missingNameHint('iD', ['ID', 'id'])).toBe('Write it as one of ID, id.')
  })
})

describe('matchColumns', () => {
  it('names all that are missing, with the nearest', () => {
    expect(matchColumns(['b', 'A'], ['a', 'b'], 'reading')).toEqual(['b', 'a'])
    expect(() => matchColumns(['Totl', 'Id', 'Nmae'], ['Id', 'Total', 'Name'], 'reading')).toThrow(
      expect.objectContaining({
        code: 'SOURCE_OBJECT_MISSING',
        message: 'reading: it has no column "Totl", "Nmae"',
        hint: 'Did you mean Total? Did you mean Name?',
      }),
    )
  })
})
