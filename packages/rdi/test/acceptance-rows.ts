import type { Cell, LogicalType, OperationCode } from '@millrace/core/record'
import type { Dataset, MemoryChange } from '@millrace/testkit'
import { table } from './route-fixture.ts'

/** Columns with their types; the first one is the key. */
export type Columns = Readonly<Record<string, LogicalType | readonly [LogicalType, string]>>

/** A table, empty unless rows are given. */
export function tableOf(
  name: string,
  columns: Columns,
  rows: readonly (readonly Cell[])[] = [],
  namespace = 'public',
): Dataset {
  return { schema: table(name, columns, { namespace }), rows }
}

/** A change in a transaction of its own. */
export function change(
  operation: OperationCode,
  row: readonly Cell[],
  options: Omit<MemoryChange, 'operation' | 'row'> = {},
): MemoryChange {
  return { operation, row, ...options }
}

/** The table that most cases are about. */
export const invoice = tableOf('invoice', {
  InvoiceId: 'int',
  CustomerId: 'int',
  BillingCity: 'string',
  BillingCountry: 'string',
  Total: 'decimal',
  Note: 'string',
})

/** A table of people; cities are what other keys are made of. */
export const person = tableOf('person', { id: 'int', name: 'string', city: 'string' })

/** Writes people into a hash each, a stream of all of them and a set for each city. */
export const everything = `source: {table: person}
output:
  - {uses: redis.write, with: {data_type: hash}}
  - {uses: redis.write, with: {data_type: stream, key: {expression: "\`log\`", language: jmespath}}}
  - {uses: redis.write, with: {data_type: set, key: {expression: "concat(['in:', city])", language: jmespath}, args: {member: id}}}
`
