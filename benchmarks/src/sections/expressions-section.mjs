import { median } from '../statistics.mjs'
import { atLeast, whole } from './section.mjs'

const batchRows = 1000
const batches = 10

/**
 * What RDI jobs write again and again, the same five in both languages as far as both have them.
 *
 * @type {readonly {title: string, compiler: string, leastRows: number, texts: readonly string[]}[]}
 */
const languages = [
  {
    title: 'SQL',
    compiler: 'compileSql',
    leastRows: 100_000,
    texts: [
      "CASE WHEN CAST(Total AS REAL) > 11.99 THEN 'large' ELSE 'small' END",
      "UPPER(BillingCity) || '-' || BillingCountry",
      'round(bytes / 1048576.0, 2)',
      "concat(floor(milliseconds / 60000), ':', floor(mod(milliseconds / 1000, 60)))",
      "STRFTIME('%Y-%m', seen, 'unixepoch')",
    ],
  },
  {
    title: 'JMESPath',
    compiler: 'compileJmespath',
    leastRows: 250_000,
    texts: [
      "InvoiceId > `5000` && 'large' || 'small'",
      "concat([upper(BillingCity), '-', BillingCountry])",
      "split(BillingCity, ' ')[0]",
      "concat(['invoice:', InvoiceId])",
      'left(BillingCountry, `3`)',
    ],
  },
]

/**
 * @typedef {object} Program
 * @property {(records: readonly object[]) => unknown[][]} evaluate
 * @property {() => void} close
 *
 * @typedef {(texts: readonly string[], options: {realFields: Set<string>}) => Program | Promise<Program>} Compile
 */

/**
 * How many rows a second the expressions of a `map` are calculated for, without reading and writing them.
 *
 * @param {import('./section.mjs').BenchContext} context
 * @returns {Promise<import('./section.mjs').SectionResult>}
 */
export async function expressionsSection(context) {
  /** @type {Readonly<Record<string, Compile | undefined>>} */
  const compilers = Object.fromEntries(Object.entries(await import('@millrace/rdi/expressions')))
  const table = [['five expressions in', 'rows a second', 'least', 'most']]
  const targets = []
  for (const { title, compiler, leastRows, texts } of languages) {
    const compile = compilers[compiler]
    if (compile === undefined) throw new Error(`@millrace/rdi/expressions has no ${compiler}`)
    const program = await compile(texts, { realFields: new Set() })
    const speeds = measure(program, context.options)
    program.close()
    context.print(`  ${whole(median(speeds))} rows/s  ${title}`)
    const figures = [median(speeds), Math.min(...speeds), Math.max(...speeds)]
    table.push([title, ...figures.map(whole)])
    targets.push(atLeast(`rows a second, ${title}`, median(speeds), leastRows, whole))
  }
  return {
    title: 'Expressions',
    notes: [
      `Medians of ${context.options.runs} runs over ${whole(context.options.rows)} rows in batches of ${whole(batchRows)}, in one thread of Node ${process.version}.`,
    ],
    table,
    targets,
  }
}

/**
 * @param {Program} program
 * @param {import('../bench-options.mjs').BenchOptions} options
 * @returns {number[]} rows a second, by run
 */
function measure(program, { rows, runs }) {
  const input = Array.from({ length: batches }, (_, batch) => makeRecords(batch * batchRows))
  const evaluateAll = () => {
    for (let row = 0; row < rows; row += batchRows) {
      const results = program.evaluate(input[(row / batchRows) % batches] ?? [])
      // An expression that fails would be fast, too.
      for (const [cell] of results) {
        if (typeof cell === 'object') throw new Error(`an expression gave ${JSON.stringify(cell)}`)
      }
    }
  }
  evaluateAll()
  return Array.from({ length: runs }, () => {
    const begunMs = performance.now()
    evaluateAll()
    return (rows / (performance.now() - begunMs)) * 1000
  })
}

/** @param {number} first */
function makeRecords(first) {
  return Array.from({ length: batchRows }, (_, index) => {
    const id = first + index
    return {
      InvoiceId: id,
      BillingCity: `Tromso ${id % 97}`,
      BillingCountry: `Norway ${id % 13}`,
      Total: (id / 7).toFixed(2),
      bytes: 7_040_000 + id * 977,
      milliseconds: 215_196 + id * 37,
      seen: 1_700_000_000 + id * 3600,
    }
  })
}
