const plain = /^[\p{L}_][\p{L}\p{N}_$]*$/u
const doubleQuoted = /^"((?:[^"]|"")+)"$/
const backquoted = /^`((?:[^`]|``)+)`$/

/** A column of the job, told apart by how it is written. */
export interface WrittenColumn {
  /** `plain`: a bare word, which may be a column or a constant such as `null`. `quoted`: `"Name"` or a backtick name. */
  readonly kind: 'plain' | 'quoted' | 'expression'
  /** The name without its quotes; for an expression its text. */
  readonly name: string
}

/**
 * Tells how a column of the job is written. A bare word is not yet known to be a column: readers compare it with the
 * table and quote it when it is one, so that a column called `table` or `order` can be named as it is.
 */
export function parseColumn(text: string): WrittenColumn {
  const trimmed = text.trim()
  if (plain.test(trimmed)) return { kind: 'plain', name: trimmed }
  const inDoubleQuotes = doubleQuoted.exec(trimmed)?.[1]
  if (inDoubleQuotes !== undefined) {
    return { kind: 'quoted', name: inDoubleQuotes.replaceAll('""', '"') }
  }
  const inBackquotes = backquoted.exec(trimmed)?.[1]
  if (inBackquotes !== undefined) {
    return { kind: 'quoted', name: inBackquotes.replaceAll('``', '`') }
  }
  return { kind: 'expression', name: trimmed }
}
