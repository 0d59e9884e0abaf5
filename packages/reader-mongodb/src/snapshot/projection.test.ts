import { serialize } from 'bson'
import { describe, expect, it } from 'vitest'
import { namedFormOf, type DocumentColumn } from '../types/column-form.ts'
import { fieldsOf, isSmallPart, projectionOf, replyLength } from './projection.ts'

function columns(...names: readonly (readonly [string, string])[]): DocumentColumn[] {
  return names.map(([name, nativeType]) => {
    const named = namedFormOf(nativeType)
    if (named === undefined) throw new Error(nativeType)
    return { name, nativeType, ...named }
  })
}

describe('fieldsOf', () => {
  it('names the fields that columns take', () => {
    const found = fieldsOf(columns(['a', 'int'], ['b', 'string'], ['a', 'json']))
    expect([...(found ?? [])]).toEqual(['a', 'b'])
  })

  it.each(['a.b', '$a'])('takes all for the name %s, which a projection cannot say', (name) => {
    expect(fieldsOf(columns([name, 'string'], ['c', 'int']))).toBeUndefined()
  })

  it('takes all where a column is the rest of the document', () => {
    expect(fieldsOf(columns(['a', 'int'], ['rest', 'combine']))).toBeUndefined()
  })
})

describe('projectionOf', () => {
  it('leaves _id out unless somebody needs it', () => {
    expect(projectionOf(new Set(['a']), false)).toEqual({ a: 1, _id: 0 })
    expect(projectionOf(new Set(['a']), true)).toEqual({ a: 1, _id: 1 })
    expect(projectionOf(new Set(['_id', 'a']), false)).toEqual({ _id: 1, a: 1 })
  })
})

describe('replyLength', () => {
  it.each([
    [10, 5000],
    [1000, 1032],
    [100_000, 101],
  ])('for texts of %i bytes asks for %i documents', (length, count) => {
    expect(replyLength([serialize({ text: 'x'.repeat(length) })])).toBe(count)
  })

  it('asks for as few as the server does where it knows none', () => {
    expect(replyLength([])).toBe(101)
  })
})

describe('isSmallPart', () => {
  const documents = [serialize({ _id: 1, a: 2, large: 'x'.repeat(200) }), serialize({ a: 3 })]

  it('compares bytes', () => {
    expect(isSmallPart(documents, new Set(['_id', 'a']))).toBe(true)
    expect(isSmallPart(documents, new Set(['large']))).toBe(false)
  })

  it('has nothing to leave out of no documents', () => {
    expect(isSmallPart([], new Set(['a']))).toBe(false)
  })
})
