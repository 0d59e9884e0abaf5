/** What a statement in the log means for the tables of a job. */
export type StatementKind =
  | {
      readonly kind: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'rollback-to' | 'xa' | 'other'
    }
  /** A definition may change. */
  | { readonly kind: 'definition' }
  /** Rows change, and the log does not tell which. */
  | { readonly kind: 'rows' }
  | { readonly kind: 'truncate'; readonly database?: string; readonly table: string }

const leadingComments = /^(?:\s+|\/\*(?!!)[\s\S]*?\*\/|--\s[^\n]*\n|#[^\n]*\n)+/
const name = '(`(?:[^`]|``)+`|"(?:[^"]|"")+"|[^\\s`".;(]+)'
const truncate = new RegExp(`^TRUNCATE\\s+(?:TABLE\\s+)?${name}(?:\\s*\\.\\s*${name})?`, 'iu')
const rows = /^(?:INSERT|UPDATE|DELETE|REPLACE|LOAD|WITH|MERGE)$/
const definition = /^(?:\/\*!\d*\s*)?(?:ALTER|CREATE|DROP|RENAME)\b/i

/** Reads the statement of a query event. */
export function statementKind(text: string): StatementKind {
  const statement = text.replace(leadingComments, '')
  const word = /^\w+/.exec(statement)?.[0].toUpperCase() ?? ''
  switch (word) {
    case 'BEGIN':
      return { kind: 'begin' }
    case 'COMMIT':
      return { kind: 'commit' }
    case 'ROLLBACK':
      return { kind: /^ROLLBACK\s+(?:WORK\s+)?TO\b/i.test(statement) ? 'rollback-to' : 'rollback' }
    case 'SAVEPOINT':
      return { kind: 'savepoint' }
    case 'XA':
      return { kind: 'xa' }
    case 'TRUNCATE':
      return truncateOf(statement)
    default:
      if (rows.test(word)) return { kind: 'rows' }
      return { kind: definition.test(statement) ? 'definition' : 'other' }
  }
}

/** The name in `SAVEPOINT name` and `ROLLBACK TO SAVEPOINT name`; case does not matter in it. */
export function savepointName(statement: string): string {
  const word = /(`(?:[^`]|``)+`|"(?:[^"]|"")+"|\S+?)[\s;]*$/u.exec(statement)?.[1] ?? ''
  return unquoted(word).toLowerCase()
}

function truncateOf(statement: string): StatementKind {
  const [, first, second] = truncate.exec(statement) ?? []
  if (first === undefined) return { kind: 'other' }
  if (second === undefined) return { kind: 'truncate', table: unquoted(first) }
  return { kind: 'truncate', database: unquoted(first), table: unquoted(second) }
}

function unquoted(text: string): string {
  const quote = text[0]
  if (quote !== '`' && quote !== '"') return text
  return text.slice(1, -1).replaceAll(quote + quote, quote)
}
