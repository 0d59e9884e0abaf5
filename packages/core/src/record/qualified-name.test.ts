import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { qualifiedName } from './qualified-name.ts'

describe('qualifiedName', () => {
  it('is the name of the table alone where it has no namespace', () => {
    expect(qualifiedName({ table: 'shop.orders' })).toBe('shop.orders')
    expect(qualifiedName({ namespace: 'shop', table: 'orders' })).toBe('shop.orders')
    expect(qualifiedName({ namespace: 'a.b', table: 'c"d' })).toBe('"a.b"."c""d"')
  })

  it('is another one for another table', () => {
    const name = fc.string({ unit: fc.constantFrom('a', '.', '"'), minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(name, name, name, name, (namespace, table, otherNamespace, otherTable) => {
        const isSame = namespace === otherNamespace && table === otherTable
        const left = qualifiedName({ namespace, table })
        const right = qualifiedName({ namespace: otherNamespace, table: otherTable })
        expect(left === right).toBe(isSame)
      }),
    )
  })
})
