import type { ConnectionUrl } from './connection-url.ts'
import type { DataSourceFields } from './data-source-schema.ts'

/** What stands in `properties`, as text. */
export function writtenProperties({
  properties,
}: DataSourceFields): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(properties ?? {})
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, String(value)]),
  )
}

/** All properties of a data source: those of its URL, its `own` above them, and the fields that are some for DataWorks. */
export function propertiesOf(
  fields: DataSourceFields,
  own: Readonly<Record<string, string>>,
  url: ConnectionUrl | undefined,
): Readonly<Record<string, string>> {
  const properties: Record<string, string> = { ...url?.properties, ...own }
  for (const name of ['authDb', 'authType'] as const) {
    const value = fields[name] ?? ''
    if (value.trim() !== '') properties[name] = value
  }
  return properties
}
