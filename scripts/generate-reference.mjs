// Writes docs/reference from the schemas of the job file, of RDI's files and of our plugins, so that the pages cannot drift;
// for RDI's files the JSON Schemas themselves, too, for editors. `--check` compares instead and fails when a page is not what the schemas say. Needs a build.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { format } from 'prettier'

/**
 * @typedef {object} Page
 * @property {string} file
 * @property {string} [schemaFile] the schema itself is written there, too
 * @property {string} title
 * @property {string} intro
 * @property {() => Promise<Record<string, any>>} load
 * @property {() => Promise<readonly string[]>} [more] lines behind the table
 */

/** @type {Page[]} */
const pages = [
  {
    file: 'job.md',
    title: 'Job file',
    intro: 'The properties of a DataWorks job (`type`, `version`, `steps`, `setting`, `order`).',
    load: async () => {
      const { dataWorksJobSchema } = await import('../packages/core/dist/index.js')
      return dataWorksJobSchema['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
    },
  },
  rdi('rdi-config', 'configSchema', '`config.yaml`', 'of an RDI folder'),
  rdi('rdi-job', 'jobSchema', 'Job of RDI', 'of `jobs/*.yaml` in an RDI folder'),
  plugin('reader-mongodb', 'mongodbReader'),
  plugin('reader-mysql', 'mysqlReader'),
  plugin('reader-postgres', 'postgresReader'),
  plugin('reader-stream', 'streamReader'),
  plugin('writer-redis', 'redisWriter'),
  plugin('writer-stream', 'streamWriter'),
  {
    file: 'report.md',
    title: 'Report',
    intro: 'What `millrace run --report <file>` writes.',
    load: async () => (await import('../packages/core/dist/index.js')).jobReportSchema,
  },
]

/** @param {string} name @param {string} exported */
function plugin(name, exported) {
  return {
    file: `${name}.md`,
    title: `@millrace/${name}`,
    intro: `\`parameter\` of a step. Install with \`npm install @millrace/${name}\`.`,
    load: async () => {
      const module = await import(`../packages/${name}/dist/index.js`)
      return module[exported].config['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
    },
  }
}

/**
 * @param {string} name
 * @param {'configSchema' | 'jobSchema'} exported
 * @param {string} title
 * @param {string} where
 */
function rdi(name, exported, title, where) {
  return {
    file: `${name}.md`,
    schemaFile: `${name}.schema.json`,
    title,
    intro:
      `The properties ${where}. For editors: [${name}.schema.json](${name}.schema.json), named in the first line as ` +
      `\`# yaml-language-server: $schema=<path or URL>\`.`,
    load: async () => {
      const module = await import('../packages/rdi/dist/index.js')
      return module[exported]['~standard'].jsonSchema.input({ target: 'draft-2020-12' })
    },
    ...(exported === 'configSchema' && { more: debeziumLines }),
  }
}

/** Names of Debezium, which are no properties of a schema: any other one is accepted with a warning, too. */
async function debeziumLines() {
  const { debeziumSettings } = await import('../packages/rdi/dist/index.js')
  return [
    '## Settings of Debezium',
    '',
    'What `sources.<name>.advanced.source` may hold. Others have no effect, and a warning says so; those that choose, rename or mask data are errors.',
    '',
    '| setting | meaning |',
    '| --- | --- |',
    ...debeziumSettings.map(({ name, meaning }) => `| \`${name}\` | ${cell(meaning)} |`),
    '',
  ]
}

/** @param {Record<string, any>} schema @param {string} prefix @returns {string[][]} */
function rowsOf(schema, prefix = '') {
  const rows = []
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const isRequired = schema.required?.includes(name) ?? false
    rows.push([
      `\`${prefix}${name}\``,
      typeOf(property),
      isRequired ? 'yes' : 'no',
      property.description ?? '',
    ])
    for (const part of [property, ...(property.anyOf ?? []), ...(property.oneOf ?? [])]) {
      rows.push(...rowsOf(part, `${prefix}${name}.`))
      if (part.items !== undefined) rows.push(...rowsOf(part.items, `${prefix}${name}[].`))
      rows.push(...rowsOfMap(part.additionalProperties, `${prefix}${name}.<name>.`))
    }
  }
  for (const part of schema.oneOf ?? []) {
    const kind = part.properties?.uses?.const
    rows.push(...rowsOf(part, kind === undefined ? prefix : prefix.replace('[].', `[${kind}].`)))
  }
  const seen = new Set()
  return rows.filter(([name]) => !seen.has(name) && seen.add(name))
}

/**
 * What the entries of a map have; data sources are described elsewhere.
 *
 * @param {Record<string, any> | boolean | undefined} entry @param {string} prefix
 * @returns {string[][]}
 */
function rowsOfMap(entry, prefix) {
  if (typeof entry !== 'object' || entry.properties?.jdbcUrl !== undefined) return []
  return [entry, ...(entry.anyOf ?? [])].flatMap((part) => rowsOf(part, prefix))
}

/** @param {Record<string, any>} property @returns {string} */
function typeOf(property) {
  const alternatives = property.anyOf ?? property.oneOf
  if (alternatives !== undefined) return [...new Set(alternatives.map(typeOf))].join(' or ')
  if (property.enum !== undefined)
    return property.enum
      .map((/** @type {unknown} */ value) => `\`${JSON.stringify(value)}\``)
      .join(', ')
  if (property.const !== undefined) return `\`${JSON.stringify(property.const)}\``
  if (property.type === 'array')
    return `list of ${property.items === undefined ? 'anything' : typeOf(property.items)}`
  return Array.isArray(property.type) ? property.type.join(' or ') : (property.type ?? 'anything')
}

/** @param {string} text */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const isCheck = process.argv.includes('--check')
const folder = new URL('../docs/reference/', import.meta.url)
mkdirSync(folder, { recursive: true })
/** @type {string[]} */
const stale = []
for (const page of pages) {
  const schema = await page.load()
  const rows = rowsOf(schema)
  const markdown = [
    `# ${page.title}`,
    '',
    '<!-- Generated by `npm run docs:reference`; edit the schema, not this page. -->',
    '',
    page.intro,
    '',
    '| property | type | required | meaning |',
    '| --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
    '',
    ...((await page.more?.()) ?? []),
  ].join('\n')
  writeOrCompare(page.file, await format(markdown, { parser: 'markdown', printWidth: 100 }))
  if (page.schemaFile !== undefined) {
    const titled = { ...schema, title: page.title.replaceAll('`', '') }
    writeOrCompare(page.schemaFile, await format(JSON.stringify(titled), { parser: 'json' }))
  }
}
if (stale.length > 0) {
  process.stderr.write(
    `docs/reference is not up to date: ${stale.join(', ')}. Run: npm run docs:reference\n`,
  )
  process.exitCode = 1
}

/** @param {string} file @param {string} text */
function writeOrCompare(file, text) {
  const target = new URL(file, folder)
  if (!isCheck) writeFileSync(target, text)
  else if (readCurrent(target) !== text) stale.push(file)
}

/** @param {URL} target */
function readCurrent(target) {
  try {
    return readFileSync(target, 'utf8')
  } catch {
    return ''
  }
}
