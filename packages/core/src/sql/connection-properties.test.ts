import { describe, expect, it } from 'vitest'
import {
  positiveProperty,
  propertyFindings,
  type KnownProperties,
} from './connection-properties.ts'

const known: KnownProperties = {
  read: ['currentSchema', 'socketTimeout'],
  withoutEffect: { 'rows are streamed': ['defaultRowFetchSize'] },
  instead: { 'Write currentSchema.': ['search_path'] },
}
const findings = (properties: Record<string, string>) =>
  propertyFindings({ name: 'shop', type: 'postgresql', hosts: [], properties }, known)

describe('propertyFindings', () => {
  it('says nothing of what is read, and of what nobody misses', () => {
    expect(findings({ currentSchema: 'other', defaultRowFetchSize: '100' })).toEqual([])
  })

  it.each([
    ['currentschema', 'Did you mean "currentSchema"?'],
    ['search_path', 'Write currentSchema.'],
    ['sslcrl', 'tls'],
    ['password', 'as a field'],
    ['socketFactory', 'README'],
  ])('warns of %s, without its value', (name, hint) => {
    const found = findings({ [name]: 'h7x-hidden' })
    expect(found).toEqual([
      {
        severity: 'warning',
        message: `the property "${name}" has no effect`,
        hint: expect.stringContaining(hint),
        path: [],
      },
    ])
    expect(JSON.stringify(found)).not.toContain('h7x-hidden')
  })

  it.each([{ s3cret: '' }, { 's3cret!': 'x' }])('shows no part of a broken value: %j', (given) => {
    const found = findings(given)
    expect(found).toMatchObject([{ severity: 'warning', hint: expect.stringContaining('%26') }])
    expect(JSON.stringify(found)).not.toContain('s3cret')
  })
})

it('positiveProperty takes the first that is a number above 0', () => {
  const properties = { a: 'soon', b: '0', c: '7' }
  expect(positiveProperty({ properties }, 'a', 'b', 'c')).toBe(7)
  expect(positiveProperty({ properties }, 'a', 'b')).toBeUndefined()
})
