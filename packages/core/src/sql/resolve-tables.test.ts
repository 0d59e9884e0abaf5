import { describe, expect, it } from 'vitest'
import type { NamedTable, NamedTables } from './named-tables.ts'
import { resolveTables, type TableCatalogue } from './resolve-tables.ts'

const source: Record<string, readonly string[]> = {
  public: ['Orders', 'orders', 'customer', '~view'],
  shop: ['customer', 'items'],
}
const catalogue: TableCatalogue = {
  namespaces: async () => Object.keys(source),
  defaultNamespaces: async () => ['public', 'shop'],
  tables: async (namespace) =>
    (source[namespace] ?? []).map((name) => ({ name, isOrdinary: !name.startsWith('~') })),
}

/** What was found, a line each: `public orders`, or the message and hint of what was not. */
async function resolved(named: Partial<NamedTables>, from = catalogue): Promise<string[]> {
  const tables = await resolveTables({ conflictingKeys: [], ...named }, from)
  return tables.map((table) =>
    'fault' in table
      ? `${table.fault.code}: ${table.fault.message} ${table.fault.hint ?? ''}`
      : `${table.namespace} ${table.name}`,
  )
}

const entry = (table: string, schema?: string): NamedTable => ({
  table,
  keys: [],
  ...(schema === undefined ? {} : { schema }),
})

describe('resolveTables', () => {
  it('looks where the connection looks, in that order', async () => {
    const tables = [entry('orders'), entry('ITEMS'), entry('customer'), entry('Customer', 'SHOP')]
    expect(await resolved({ tables })).toEqual([
      'public orders',
      'shop items',
      'public customer',
      'shop customer',
    ])
  })

  it('says what is missing, and what is near', async () => {
    const tables = [
      entry('ORDERS'),
      entry('itms'),
      entry('orders', 'pubic'),
      entry('orders', 'shop'),
    ]
    expect(await resolved({ tables })).toEqual([
      'SOURCE_OBJECT_MISSING: looking for table ORDERS: there is none of that name in public, shop Write it as one of Orders, orders.',
      'SOURCE_OBJECT_MISSING: looking for table itms: there is none of that name in public, shop Did you mean items?',
      'SOURCE_OBJECT_MISSING: looking for the tables of pubic: there is no such schema Did you mean public?',
      'SOURCE_OBJECT_MISSING: looking for table shop.orders: there is none of that name in shop ',
    ])
    expect(
      await resolved({ tables: [entry('t')] }, { ...catalogue, defaultNamespaces: async () => [] }),
    ).toEqual([
      'SOURCE_OBJECT_MISSING: looking for table t: no schema is named Give the entry its "schema", or name the database in the data source.',
    ])
  })

  it('takes every ordinary table of a schema, in order', async () => {
    expect(await resolved({ schemas: ['shop', 'Public'] })).toEqual([
      'shop customer',
      'shop items',
      'public Orders',
      'public customer',
      'public orders',
    ])
  })

  it('refuses a table that is named twice', async () => {
    expect(await resolved({ tables: [entry('customer'), entry('CUSTOMER', 'public')] })).toEqual([
      'public customer',
      'CONFIG_INVALID: the job names the table public.customer twice Keep one.',
    ])
  })

  it('takes some of the tables of whole namespaces', async () => {
    const schemas = ['public', 'shop']
    const exceptTables = [
      { table: 'orders', matchesCase: true },
      { schema: 'SHOP', table: 'CUSTOMER', matchesCase: false },
    ]
    expect(await resolved({ schemas, exceptTables })).toEqual([
      'public Orders',
      'public customer',
      'shop items',
    ])
    const onlyTables = [
      { schema: 'shop', matchesCase: true },
      { table: '~VIEW', matchesCase: false },
    ]
    expect(await resolved({ schemas, onlyTables })).toEqual([
      'public ~view',
      'shop customer',
      'shop items',
    ])
    expect(await resolved({ schemas, onlyTables: [{ table: 'x', matchesCase: false }] })).toEqual([
      'SOURCE_OBJECT_MISSING: looking for tables in public, shop: none is left to be read Correct the names of the tables to be read.',
    ])
  })
})
