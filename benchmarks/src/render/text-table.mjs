/**
 * @param {readonly (readonly string[])[]} rows the first one names the columns
 * @returns {string[]} lines with the columns below one another
 */
export function textTable(rows) {
  const widths = columnWidths(rows)
  const line = (/** @type {readonly string[]} */ row) =>
    `  ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')}`.trimEnd()
  const [head = [], ...body] = rows
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)]
}

/**
 * @param {readonly (readonly string[])[]} rows the first one names the columns
 * @returns {string[]} lines of a Markdown table
 */
export function markdownTable(rows) {
  const safe = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = columnWidths(safe).map((width) => Math.max(width, 3))
  const line = (/** @type {readonly string[]} */ row) =>
    `| ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = safe
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)]
}

/** @param {readonly (readonly string[])[]} rows */
function columnWidths(rows) {
  const columns = Math.max(...rows.map((row) => row.length))
  return Array.from({ length: columns }, (_, index) =>
    Math.max(...rows.map((row) => (row[index] ?? '').length)),
  )
}
