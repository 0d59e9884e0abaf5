/** A table as the job names it. */
export interface TableName {
  /** As written. */
  readonly text: string
  /** Ready to stand in a statement. */
  readonly quoted: string
  /** Absent: the database of the connection. */
  readonly schema?: string
  /** Absent when the text is more than a name (`t PARTITION (p0)`), which is then pasted as it is. */
  readonly name?: string
}

const part = '`(?:[^`]|``)+`|"[^"]+"|[^\\s`".,;()]+'
const pattern = new RegExp(`^(?:(${part})\\.)?(${part})$`, 'u')

/** Reads a table name: `orders`, `shop.orders`, quoted with backticks or double quotes or not at all. */
export function parseTableName(text: string): TableName {
  const match = pattern.exec(text.trim())
  const name = match?.[2]
  if (match === null || name === undefined) return { text, quoted: text }
  const schema = match[1] === undefined ? undefined : unquoted(match[1])
  const table = unquoted(name)
  return {
    text,
    quoted: (schema === undefined ? '' : `${quoteName(schema)}.`) + quoteName(table),
    ...(schema === undefined ? {} : { schema }),
    name: table,
  }
}

/** The table of exactly these names. */
export function exactTableName(schema: string, name: string): TableName {
  const quoted = `${quoteName(schema)}.${quoteName(name)}`
  return { text: quoted, quoted, schema, name }
}

/** A name between backticks. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** A string literal that no `sql_mode` reads differently. */
export function quoteText(text: string): string {
  return `_utf8mb4 X'${Buffer.from(text).toString('hex')}'`
}

function unquoted(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1).replaceAll('``', '`')
  return text.startsWith('"') ? text.slice(1, -1) : text
}
