const aliases: Readonly<Record<string, string>> = {
  postgres: 'postgresql',
  pg: 'postgresql',
  rediss: 'redis',
  valkey: 'redis',
  valkeys: 'redis',
  mongo: 'mongodb',
  'mongodb+srv': 'mongodb',
  'redis+unix': 'redis',
  'redis+socket': 'redis',
  unix: 'redis',
  mysqlx: 'mysql',
}

/** Types that the schemes of URLs stand for; schemes with TLS among them. */
export const urlSchemes: readonly string[] = [
  'mysql',
  'mariadb',
  'postgres',
  'postgresql',
  'mongodb',
  'redis',
  'rediss',
  'valkey',
  'valkeys',
  'unix',
]

/** Types of data sources, for suggestions. */
export const dataSourceTypes: readonly string[] = [
  'mysql',
  'mariadb',
  'postgresql',
  'mongodb',
  'redis',
]

/** The type in lower case, aliases (`postgres`, `valkey`) resolved. */
export function canonicalType(type: string): string {
  const lower = type.trim().toLowerCase()
  return Object.hasOwn(aliases, lower) ? (aliases[lower] ?? lower) : lower
}

/** Whether a plugin that takes `accepted` types can use a data source of this type. MariaDB speaks MySQL. */
export function acceptsType(accepted: readonly string[], type: string): boolean {
  const canonical = accepted.map(canonicalType)
  return canonical.includes(type) || (type === 'mariadb' && canonical.includes('mysql'))
}
