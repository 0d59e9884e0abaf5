/** A table as the job names it. */
export interface TableName {
  /** As written; ready to stand in a statement. */
  readonly text: string
  /** Absent: found by the search path. */
  readonly schema?: string
  /** Absent when the text is more than a name (`t TABLESAMPLE SYSTEM (1)`), which is pasted as it is. */
  readonly name?: string
}

const part = '"(?:[^"]|"")+"|[\\p{L}_][\\p{L}\\p{N}_$]*'
const pattern = new RegExp(`^(?:(?:${part})\\.)?(?:(${part})\\.)?(${part})$`, 'u')

/** Reads a table name: `orders`, `shop.orders`, `"Orders"`. Names without quotes are lower case to the server. */
export function parseTableName(text: string): TableName {
  const trimmed = text.trim()
  const single = new RegExp(`^(?:(${part})\\.)?(${part})$`, 'u').exec(trimmed)
  const match = single ?? pattern.exec(trimmed)
  const name = match?.[2]
  if (match === null || name === undefined) return { text: trimmed }
  return {
    text: trimmed,
    ...(match[1] === undefined ? {} : { schema: identifierOf(match[1]) }),
    name: identifierOf(name),
  }
}

/** The table of exactly these names. */
export function exactTableName(schema: string, name: string): TableName {
  return { text: `${quoteName(schema)}.${quoteName(name)}`, schema, name }
}

/** An identifier in quotes. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A string literal, whatever `standard_conforming_strings` says. */
export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

function identifierOf(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text.toLowerCase()
}
