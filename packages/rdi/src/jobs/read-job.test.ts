import { describe, expect, it } from 'vitest'
import { musicConfig, readFiles, readJobText, shown } from '../../test-data/pipeline-folder.ts'

const head = 'source: {schema: public, table: invoice}\n'
const place = /^jobs\/job.yaml:/

async function problemsOf(text: string): Promise<readonly string[]> {
  const { problems } = await readJobText(text)
  return problems.map((problem) => shown(problem).replace(place, ''))
}

async function jobOf(text: string) {
  const { pipeline, problems } = await readJobText(text)
  expect(problems.filter(({ severity }) => severity === 'error').map(shown)).toEqual([])
  return pipeline?.jobs[0]
}

describe('rules of outputs', () => {
  const write = (text: string) => `${head}output:\n  - uses: redis.write\n    with: {${text}}\n`
  const nest =
    'nest: {parent: {table: invoice}, parent_key: id, nesting_key: n, path: $.Lines, structure: map}'
  it.each<[string, readonly RegExp[]]>([
    [
      'data_type: set',
      [/^4:11 error .*args.member: is missing: a set needs the name of the field with its member/],
    ],
    [
      'data_type: set, args: {member: a, score: b}',
      [/^4:46 error .*score: has no meaning for a set/],
    ],
    [
      'data_type: sorted_set, args: {member: a}',
      [/error .*args.score: is missing: a sorted_set needs .* its score \| Add args: \{ score:/],
    ],
    ['data_type: string', [/args.value: is missing: a string needs the name of the field/]],
    [
      'data_type: hash, args: {value: a}',
      [/args.value: has no meaning for a hash, which takes no/],
    ],
    [
      'data_type: json, args: {value: a}',
      [/args.value: has no meaning for a json, which takes no/],
    ],
    [
      'data_type: set, args: {member: a}, mapping: [a]',
      [/^4:47 error .*mapping: has no meaning for set \| Name its fields in "args"/],
    ],
    ['mapping: [{a: b, c: d}]', [/^4:22 error .*mapping\[0\]: expected a column, or a column and/]],
    ['mapping: [a, {b: a}]', [/mapping\[1\]: another column is written as "a" already/]],
    ['expire: -1', [/expire: expected whole seconds from 0, found -1/]],
    ['expire: 1.5', [/expire: expected whole seconds from 0, found 1.5/]],
    ['data_type: hash, on_update: merge', [/^4:29 warning .*on_update: has no effect for hash/]],
    ['millrace: {max_len: 5}', [/max_len: has no meaning for hash: only streams are trimmed/]],
    [
      `data_type: json, on_update: merge, ${nest}, key: {expression: a, language: sql}`,
      [/key: cannot stand beside "nest"/],
    ],
    [
      `data_type: json, on_update: merge, ${nest}, args: {value: a}`,
      [/args: cannot stand beside "nest"/],
    ],
    [nest, [/nest: needs data_type json, found hash/]],
    [`data_type: json, ${nest}`, [/nest: needs on_update merge/]],
    [
      `data_type: json, on_update: merge, ${nest.replace('$.Lines', 'Lines')}`,
      [/nest.path: expected one level of a JSON path, found "Lines" \| Write it as \$.Lines/],
    ],
    [
      `data_type: json, on_update: merge, ${nest.replace('invoice', 'invoce')}`,
      [/^4:70 error .*parent.table: there is no table "invoce" \| Did you mean "invoice"/],
    ],
    [
      `data_type: json, on_update: merge, ${nest.replace('invoice', 'invoice, schema: publik, server_name: chinook')}`,
      [/nest.parent.schema: there is no table "invoice" in "publik" \| Did you mean "public"/],
    ],
    [
      `data_type: json, on_update: merge, ${nest.replace('invoice', 'invoice, server_name: chinok')}`,
      [/nest.parent.server_name: there is no source "chinok".*\| Did you mean "chinook"/],
    ],
    [
      `data_type: json, on_update: merge, ${nest.replace('invoice', 'Invoice')}`,
      [/warning .*parent.table: "Invoice" is written in another case .*\| Did you mean "invoice"/],
    ],
    [
      'connection: targte',
      [/^4:24 error .*there is no target "targte" \| Did you mean "target"\?/],
    ],
    ['connection: elsewhere', [/there is no target "elsewhere" \| The targets of config.yaml are/]],
    ['data_type: lua, args: {script: x}', [/^4:23 error .*the data type lua is not supported/]],
    ['keys: [a]', [/^4:12 error .*"keys" belongs to write-behind .*\| Use "key"/]],
    ['foreach: "a: b"', [/"foreach" belongs to write-behind/]],
    [
      'key: {expression: a, language: python}',
      [/language: expected "jmespath" or "sql", found "py/],
    ],
    ['key: abc', [/key: expected an object, found "abc"/]],
    [
      'key: {expression: a, language: sql, cache: {enabled: true}}',
      [/warning .*cache: has no effect/],
    ],
  ])('%s', async (text, expected) => {
    expect(await problemsOf(write(text))).toEqual(
      expected.map((pattern) => expect.stringMatching(pattern)),
    )
  })

  it('refuses outputs of write-behind', async () => {
    const text = `${head}output:\n  - uses: relational.write\n    with: {schema: a, keys: [b]}\n`
    expect(await problemsOf(text)).toEqual([
      '3:11 error output[0].uses: relational.write belongs to write-behind (Redis to a database), which is not supported | Use redis.write.',
    ])
  })

  it('applies defaults of the pipeline, and extensions', async () => {
    const job = await jobOf(`${head}millrace: {temporal: iso}
output:
  - uses: redis.write
  - uses: redis.write
    with: {data_type: stream, expire: 0, millrace: {max_len: "100", temporal: rdi}}
  - uses: redis.write
    with:
      data_type: sorted_set
      args: {member: a, score: b}
      expire: {expression: "ends / 1000", language: sql}
`)
    expect(job?.outputs).toEqual([
      {
        connection: 'target',
        dataType: 'hash',
        arguments: {},
        onUpdate: 'replace',
        temporal: 'iso',
      },
      {
        connection: 'target',
        dataType: 'stream',
        arguments: {},
        onUpdate: 'replace',
        expire: 0,
        maxLength: 100,
        temporal: 'rdi',
      },
      {
        connection: 'target',
        dataType: 'sorted_set',
        arguments: { member: 'a', score: 'b' },
        onUpdate: 'replace',
        expire: { language: 'sql', text: 'ends / 1000', place: 'jobs/job.yaml:11:29' },
        temporal: 'iso',
      },
    ])
  })

  it('has an output where the file has none, for which a target is needed', async () => {
    expect((await jobOf(head))?.outputs).toEqual([
      { connection: 'target', dataType: 'hash', arguments: {}, onUpdate: 'replace' },
    ])
    const { problems } = await readJobText(head, musicConfig.replace('  target:', '  main:'))
    expect(problems.map(shown)).toContainEqual(
      'jobs/job.yaml:1:1 error there is no target "target" | The targets of config.yaml are main.',
    )
  })
})

describe('transform blocks', () => {
  const block = (text: string) => `${head}transform:\n  - ${text}\n`
  it.each<[string, readonly RegExp[]]>([
    ['{uses: add_field, with: {field: a}}', [/expression: is missing/, /language: is missing/]],
    [
      '{uses: add_field, with: {}}',
      [/with: expected "field" and "expression" and "language", or a/],
    ],
    [
      '{uses: remove_field, with: {field: a, fields: [{field: b}]}}',
      [/field: cannot stand beside/],
    ],
    ['{uses: rename_field, with: {from_field: a}}', [/^3:32 error .*to_field: is missing/]],
    [
      '{uses: map, with: {expression: a, language: sql}}',
      [/expected an expression for each field/],
    ],
    [
      '{uses: map, with: {expression: {a: null}, language: sql}}',
      [/expression.a: expected an expr/],
    ],
    [
      '{uses: filter, with: {expression: a}}',
      [/language: is missing: expected "jmespath" or "sql"/],
    ],
    ['{uses: filter, with: {expression: a, language: sql, fields: []}}', [/fields: unknown key/]],
    [
      '{uses: filtre, with: {expression: a, language: sql}}',
      [/^3:12 error .*Did you mean "filter"/],
    ],
    ['{uses: filter}', [/with: is missing: expected an object/]],
    [
      '{uses: redis.lookup, with: {connection: x, cmd: GET, args: [a], language: sql, field: f}}',
      [/^3:45 error .*connection: there is no target "x"/],
    ],
    [
      '{uses: redis.lookup, with: {connection: target, cmd: INCR, args: [a], language: sql, field: f}}',
      [/^3:\d+ warning .*cmd: is not known to read only: .*repeated/],
    ],
    ['{with: {}}', [/^3:5 error .*uses: is missing: expected "add_field", "remove_field"/]],
  ])('%s', async (text, expected) => {
    expect(await problemsOf(block(text))).toEqual(
      expected.map((pattern) => expect.stringMatching(pattern)),
    )
  })

  it('are read in both forms, each expression with its place', async () => {
    const job = await jobOf(`${head}transform:
  - uses: add_field
    with:
      field: a.b
      expression: |
        concat([
          x])
      language: jmespath
  - uses: add_field
    with: {fields: [{field: c, expression: 'x', language: sql}]}
  - {uses: remove_field, with: {fields: [{field: a}, {field: b}]}}
  - {uses: rename_field, with: {from_field: a, to_field: b}}
  - uses: map
    with:
      language: jmespath
      expression:
        id: i
        inner: {deep: "d"}
        cache: c
  - uses: map
    with: {language: jmespath, expression: "{a: b}"}
  - uses: filter
    with:
      language: sql
      expression: >-

        a > 1
  - uses: redis.lookup
    with:
      connection: target
      cmd: HGET
      args: ["'name'", id]
      language: jmespath
      field: found
      when: {expression: id, language: sql}
      batch: {size: 7}
`)
    const at = (text: string, line: number, column: number, language = 'jmespath') => ({
      language,
      text,
      place: `jobs/job.yaml:${line}:${column}`,
    })
    expect(job?.blocks).toEqual([
      {
        uses: 'add_field',
        fields: [{ field: 'a.b', expression: at('concat([\n  x])\n', 7, 9) }],
      },
      { uses: 'add_field', fields: [{ field: 'c', expression: at('x', 11, 45, 'sql') }] },
      { uses: 'remove_field', fields: [{ field: 'a' }, { field: 'b' }] },
      { uses: 'rename_field', fields: [{ from: 'a', to: 'b' }] },
      {
        uses: 'map',
        expression: {
          fields: [
            { name: 'id', value: at('i', 18, 13) },
            { name: 'inner', value: { fields: [{ name: 'deep', value: at('d', 19, 24) }] } },
            { name: 'cache', value: at('c', 20, 16) },
          ],
        },
      },
      { uses: 'map', expression: at('{a: b}', 22, 45) },
      { uses: 'filter', expression: at('\na > 1', 28, 9, 'sql') },
      {
        uses: 'redis.lookup',
        connection: 'target',
        command: 'HGET',
        arguments: [at("'name'", 33, 15), at('id', 33, 24)],
        field: 'found',
        when: at('id', 36, 26, 'sql'),
        batchSize: 7,
      },
    ])
  })
})

describe('source of a job', () => {
  it.each<[string, RegExp]>([
    ['output: [{uses: redis.write}]', /^1:1 error source: is missing: expected the table that the/],
    ['source: {schema: public}', /^1:9 error source.table: is missing/],
    [
      'source: {table: invoice, row_format: data_only}',
      /^1:38 warning .*"data_only" is the old name/,
    ],
    [
      'source: {table: invoise}',
      /^1:17 error .*matches no table of config.yaml \| Did you mean "inv/,
    ],
    [
      'source: {table: public.invoice}',
      /matches no table of config.yaml \| Did you mean "invoice"/,
    ],
    [
      'source: {table: INVOICE, case_insensitive: false}',
      /matches no table .*Did you mean "invoice"/,
    ],
    ['source: {schema: publik, table: invoice}', /^1:18 error .*\| Did you mean "public"\?/],
    [
      'source: {db: musik, table: invoice}',
      /^1:14 error .*not the database .*Did you mean "music"/,
    ],
    ['source: {server_name: chinok, table: invoice}', /^1:23 error .*\| Did you mean "chinook"\?/],
    ['source: {server_name: other, table: invoice}', /no source "other" .*config.yaml has chinook/],
    ['source: {table: x, columns: []}', /source.columns: unknown key \| Known here: server_name, /],
  ])('%s', async (text, expected) => {
    expect(await problemsOf(text)).toEqual([expect.stringMatching(expected)])
  })

  it.each(['INVOICE', 'Invoice'])('matches %s in any case', async (table) => {
    expect(await problemsOf(`source: {schema: PUBLIC, db: MUSIC, table: ${table}}`)).toEqual([])
  })

  it('takes db and no schema for MySQL', async () => {
    const mysql = musicConfig
      .replace('postgresql', 'mysql')
      .replace('      database: music\n', '')
      .replace('schemas: [public]', 'databases: [public]')
    const read = async (text: string) => (await readJobText(text, mysql)).problems.map(shown)
    expect(await read('source: {db: public, table: invoice}')).toEqual([])
    expect(await read('source: {schema: public, table: invoice}')).toEqual([
      expect.stringMatching(/^jobs\/job.yaml:1:10 error .*no schemas \| Did you mean "db"\?/),
    ])
  })
})

describe('several jobs', () => {
  const both = async (first: string, second: string, config = musicConfig) => {
    const files = { 'config.yaml': config, 'jobs/a.yaml': first, 'jobs/b.yml': second }
    return (await readFiles(files)).problems.map(shown)
  }

  it.each([
    ['source: {table: invoice}', 'source: {schema: public, table: INVOICE}'],
    ['source: {server_name: chinook, table: invoice}', 'source: {db: music, table: invoice}'],
  ])('are not for the same table: %s, %s', async (first, second) => {
    expect(await both(first, second)).toEqual([
      expect.stringMatching(
        /^jobs\/b.yml:1:\d+ error source.table: is a second job for the table ".*": the first is jobs\/a.yaml/,
      ),
    ])
  })

  it('have one default job among them', async () => {
    expect(await both('source: {table: "*"}', "source: {table: '*'}")).toEqual([
      expect.stringMatching(/is a second default job: the first is jobs\/a.yaml/),
    ])
    expect(await both('source: {table: "*"}', 'source: {table: track}')).toEqual([])
  })

  it('may be for tables of one name in different schemas, or in another case', async () => {
    const open = musicConfig.replace(/ {4}schemas[\s\S]*?(?=targets)/, '')
    const schema = (name: string) => `source: {schema: ${name}, table: t}`
    expect(await both(schema('a'), schema('b'), open)).toEqual([])
    const exact = (name: string) => `source: {table: ${name}, case_insensitive: false}`
    expect(await both(exact('t'), exact('T'), open)).toEqual([])
    expect(await both(exact('t'), 'source: {table: T}', open)).toHaveLength(1)
  })

  it('write parents as the documents that children go into', async () => {
    const child = `source: {table: track}
output:
  - uses: redis.write
    with:
      data_type: json
      on_update: merge
      nest: {parent: {table: invoice}, parent_key: id, nesting_key: n, path: $.Lines}
`
    const parent = (text: string) => `source: {table: invoice}
output: [{uses: redis.write, with: {${text}}}]`
    expect(await both(parent('data_type: json, on_update: merge'), child)).toEqual([])
    const key = 'key: {expression: id, language: sql}'
    for (const text of ['data_type: hash', `data_type: json, on_update: merge, ${key}`]) {
      expect(await both(parent(text), child)).toEqual([
        expect.stringMatching(
          /^jobs\/b.yml:7:30 warning .*: jobs\/a.yaml writes no JSON document of "invoice" under the/,
        ),
      ])
    }
  })

  it('have names of their own', async () => {
    const files = {
      'config.yaml': musicConfig,
      'jobs/a.yaml': 'source: {table: invoice}',
      'jobs/a.yml': 'source: {table: track}',
      'jobs/.hidden.yaml': 'x',
      'jobs/README.md': 'x',
    }
    const { problems } = await readFiles(files)
    expect(problems).toMatchObject([
      { file: 'shop/jobs/a.yml', message: 'there is a job of the same name already: jobs/a.yaml' },
    ])
  })
})
