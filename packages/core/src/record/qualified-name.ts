import type { TableSchema } from './table-schema.ts'

/**
 * A table's name with its namespace, different for different tables: `public.invoice`, or `invoice` where the job does not
 * read by namespace. A part that holds a dot or a double quote is quoted.
 */
export function qualifiedName({
  namespace,
  table,
}: Pick<TableSchema, 'namespace' | 'table'>): string {
  return namespace === undefined ? table : `${partOf(namespace)}.${partOf(table)}`
}

function partOf(name: string): string {
  return /[."]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name
}
