const write = (text: string) => `output:\n  - uses: redis.write\n    with:\n${text}`

/** What each page of RDI's documentation about transforms shows, in jobs of our own: the page, and the job. */
export const documentedJobs: readonly (readonly [page: string, job: string])[] = [
  [
    'default job',
    `source: {table: "*", row_format: full}
transform:
  - uses: add_field
    with:
      fields:
        - {field: after.origin, expression: "\`crm\`", language: jmespath}
${write(`      data_type: hash
      key:
        expression: concat(['eu', '#', table, '#', keys(key)[0], '#', values(key)[0], '#end'])
        language: jmespath
`)}`,
  ],
  [
    'adding a field',
    `name: Full name of staff
source: {schema: public, table: staff}
transform:
  - uses: add_field
    with: {field: full_name, expression: "concat([first, ' ', last])", language: jmespath}
  - uses: add_field
    with:
      fields:
        - {field: address.city, expression: upper(city), language: jmespath}
        - {field: year, expression: "STRFTIME('%Y', hired)", language: sql}
`,
  ],
  [
    'removing fields',
    `source: {table: staff}
transform:
  - {uses: remove_field, with: {field: salary}}
  - uses: remove_field
    with: {fields: [{field: born}, {field: address.street}]}
`,
  ],
  [
    'a filter',
    `source: {table: staff}
transform:
  - {uses: filter, with: {language: sql, expression: "hired > '2020-01-01' AND city <> 'Oslo'"}}
`,
  ],
  [
    'a map of many levels',
    `source: {db: music, table: staff}
transform:
  - uses: map
    with:
      expression: |
        {
          "id": staff_id,
          "name": concat([first, ' ', upper(last)]),
          "address": { "street": street, "city": city }
        }
      language: jmespath
${write(`      data_type: json
      key: {expression: "concat(['staff:', id])", language: jmespath}
`)}`,
  ],
  [
    'a map in SQL',
    `source: {db: music, table: song}
transform:
  - uses: map
    with:
      language: sql
      expression:
        id: song_id
        length: concat(floor(ms / 60000), ':', floor(mod(ms / 1000, 60)))
        size: concat(round(bytes / 1048576.0, 2), 'MB')
${write(`      connection: target
      data_type: hash
      key: {expression: "concat('song:', id)", language: sql}
`)}`,
  ],
  [
    'mapping',
    `source: {table: Customer}
${write(`      data_type: hash
      mapping:
        - CustomerId: id
        - FirstName: first
        - LastName
`)}`,
  ],
  [
    'a JSON document',
    `source: {server_name: chinook, schema: public, table: song}
${write(`      data_type: json
      key: {expression: "concat(['song:', song_id])", language: jmespath}
      mapping: [song_id: id, title: name.full]
      on_update: replace
`)}`,
  ],
  [
    'a set',
    `source: {server_name: chinook, schema: public, table: bill}
${write(`      connection: target
      data_type: set
      key: {expression: "concat(['bills:', country])", language: jmespath}
      args: {member: bill_id}
`)}`,
  ],
  [
    'a sorted set',
    `source: {table: bill}
${write(`      data_type: sorted_set
      key: {expression: "\`bills:total\`", language: jmespath}
      args:
        score: total
        member: bill_id
      expire: 100
`)}`,
  ],
  [
    'a string',
    `source: {table: album, row_format: full}
${write(`      data_type: string
      key: {expression: "concat(['title:', after.album_id])", language: jmespath}
      args: {value: title}
      expire: 100
`)}`,
  ],
  [
    'a key from columns, in SQL',
    `source: {table: emp}
${write(`      key:
        expression: "'emp#' || emp_no || '#' || lower(last)"
        language: sql
`)}`,
  ],
  [
    'removals as changes',
    `source: {table: staff, row_format: full}
transform:
  - uses: add_field
    with:
      fields:
        - {field: after.state, language: jmespath, expression: "opcode == 'd' && 'gone' || 'here'"}
        - {field: opcode, language: jmespath, expression: "opcode == 'd' && 'u' || opcode"}
`,
  ],
  [
    'cases in SQL',
    `source: {table: bill}
transform:
  - uses: add_field
    with:
      field: kind
      language: sql
      expression: |
        CASE
          WHEN CAST(total AS REAL) > 20 THEN 'large'
          ELSE 'small'
        END
`,
  ],
  [
    'one key of several jobs',
    `source: {table: address, row_format: full}
transform:
  - uses: add_field
    with:
      fields:
        - field: after
          expression: |
            (opcode != 'd' && after)
              ||
            from_entries(to_entries(before)[].{key: key, value: \`null\`})
          language: jmespath
  - {uses: remove_field, with: {field: after.id}}
${write(`      data_type: json
      on_update: merge
      key:
        expression: concat(['person:', after.person_id || before.person_id])
        language: jmespath
`)}`,
  ],
  [
    'lookups with caches',
    `source: {table: album}
transform:
  - uses: redis.lookup
    with:
      connection: target
      cmd: HGET
      args:
        - concat(['band:', band_id])
        - '\`name\`'
      language: jmespath
      field: band
      cache: {enabled: true, ttl_seconds: 60}
      lookup_cache: {enabled: true, max_size: 10, ttl_seconds: 30}
${write(`      key:
        expression: concat(['album:', album_id])
        language: jmespath
        cache: {enabled: true}
`)}`,
  ],
  [
    'children of a parent',
    `source: {server_name: chinook, schema: public, table: BillLine}
${write(`      connection: target
      data_type: json
      on_update: merge
      nest:
        parent: {table: Bill}
        nesting_key: LineId
        parent_key: BillId
        child_key: ParentBillId
        path: $.Lines
        structure: map
`)}`,
  ],
  [
    'an expiry from a column',
    `source: {table: token}
${write(`      expire: {expression: "ends_ms / 1000 - STRFTIME('%s', 'now')", language: sql}
`)}`,
  ],
  [
    'several keys',
    `source: {table: song}
output:
  - uses: redis.write
    with: {data_type: hash, key: {expression: "concat(['a:', id])", language: jmespath}}
  - uses: redis.write
    with: {data_type: set, key: {expression: "\`all\`", language: jmespath}, args: {member: id}}
`,
  ],
]
