/** A pipeline that uses nearly every key, for typos to be made in. */
export const fullPipeline = {
  'config.yaml': `metadata:
  name: music
  description: All of it
  revision: 3
  tags: [demo]
sources:
  chinook:
    type: cdc
    name: Music
    active: true
    logging:
      level: info
    connection:
      type: postgresql
      host: 127.0.0.1
      port: 5432
      database: music
      user: app
      password: \${SOURCE_DB_PASSWORD}
    schemas: [public, sales]
    tables:
      public.invoice:
        columns: [invoice_id, total, country]
        keys: [invoice_id]
        snapshot_sql: SELECT 1
      sales.line: {}
    advanced:
      sink:
        redis.batch.size: 1000
      java_options: -Xmx1g
      resources:
        cpu: 1
        memory: 1g
      source:
        slot.name: s1
        publication.name: p1
        publication.autocreate.mode: filtered
        decimal.handling.mode: string
        snapshot.mode: initial
        snapshot.max.threads: 2
        heartbeat.interval.ms: 500
        topic.prefix: tunes
targets:
  target:
    connection:
      type: redis
      host: 127.0.0.1
      port: 6379
      user: writer
      password: \${TARGET_DB_PASSWORD}
  cache:
    name: Cache
    connection:
      type: redis
      host: 127.0.0.1
      port: 6380
      cacert: \${CACERT}
processors:
  type: classic
  read_batch_size: 2000
  write_batch_size: 100
  target_data_type: json
  json_update_strategy: merge
  use_native_json_merge: true
  error_handling: dlq
  dlq_max_messages: 10
  initial_sync_processes: 4
  retry_max_attempts: 3
  retry_initial_delay_ms: 100
  retry_max_delay_ms: 1000
  wait_enabled: false
  dedup: false
millrace:
  temporal: iso
  dropUnsupported: true
  sources:
    chinook:
      properties: {}
  targets:
    target:
      database: 1
`,
  'jobs/invoice.yaml': `name: Invoices
source:
  server_name: chinook
  schema: public
  table: invoice
  row_format: full
  case_insensitive: true
transform:
  - uses: add_field
    with:
      fields:
        - field: after.status
          expression: opcode
          language: jmespath
  - uses: remove_field
    with:
      field: after.note
  - uses: rename_field
    with:
      from_field: after.a
      to_field: after.b
  - uses: filter
    with:
      expression: total
      language: sql
  - uses: redis.lookup
    with:
      connection: cache
      cmd: HGET
      args: [country]
      language: jmespath
      field: info
      batch:
        size: 10
      when:
        expression: country
        language: jmespath
  - uses: map
    with:
      expression:
        id: invoice_id
      language: jmespath
millrace:
  temporal: rdi
output:
  - uses: redis.write
    with:
      connection: target
      data_type: stream
      key:
        expression: country
        language: sql
      mapping: [id]
      expire:
        expression: total
        language: sql
      millrace:
        max_len: 1000
  - uses: redis.write
    with:
      connection: cache
      data_type: sorted_set
      args:
        score: total
        member: id
      on_update: replace
`,
  'jobs/line.yml': `source:
  db: music
  schema: sales
  table: line
output:
  - uses: redis.write
    with:
      data_type: json
      on_update: merge
      nest:
        parent:
          table: invoice
          schema: public
        parent_key: invoice_id
        child_key: bill_id
        nesting_key: line_id
        path: $.lines
        structure: map
`,
} as const

/**
 * A file, a part of it, and what stands there by mistake: `^` in the part marks where the misspelt word begins; the word
 * is what should be suggested.
 */
export type Typo = readonly [file: 'config' | 'invoice' | 'line', part: string, typo: string]

export const typos: readonly Typo[] = [
  // Keys of config.yaml
  ['config', '^metadata', 'metdata'],
  ['config', 'metadata:\n  ^name', 'nmae'],
  ['config', '^description', 'descripton'],
  ['config', '^revision', 'revison'],
  ['config', '^tags', 'tgas'],
  ['config', '^sources', 'source'],
  ['config', 'chinook:\n    ^type', 'tpye'],
  ['config', '^active', 'actve'],
  ['config', '^logging', 'loging'],
  ['config', '^level', 'levle'],
  ['config', 'level: info\n    ^connection', 'conection'],
  ['config', 'connection:\n      ^type', 'typ'],
  ['config', 'postgresql\n      ^host', 'hsot'],
  ['config', 'host: 127.0.0.1\n      ^port', 'prot'],
  ['config', 'port: 5432\n      ^database', 'databse'],
  ['config', 'database: music\n      ^user', 'username'],
  ['config', 'user: app\n      ^password', 'pasword'],
  ['config', '^schemas', 'schema'],
  ['config', '^tables', 'table'],
  ['config', '^columns', 'colums'],
  ['config', '^keys', 'key'],
  ['config', '^snapshot_sql', 'snapshotSql'],
  ['config', '^advanced', 'advance'],
  ['config', '^sink', 'snik'],
  ['config', '^java_options', 'java_option'],
  ['config', '^resources', 'resource'],
  ['config', '^memory', 'memry'],
  ['config', 'memory: 1g\n      ^source', 'sources'],
  ['config', '^slot.name', 'slot.nam'],
  ['config', '^publication.name', 'publicaton.name'],
  ['config', '^publication.autocreate.mode', 'publication.auto.create.mode'],
  ['config', '^decimal.handling.mode', 'decimals.handling.mode'],
  ['config', '^snapshot.mode', 'snapshot.mod'],
  ['config', '^snapshot.max.threads', 'snapshot.max.thread'],
  ['config', '^heartbeat.interval.ms', 'heartbeat.intervall.ms'],
  ['config', '^topic.prefix', 'topic.prefx'],
  ['config', '^targets', 'target'],
  ['config', 'target:\n    ^connection', 'connections'],
  ['config', 'redis\n      ^host', 'hosts'],
  ['config', 'writer\n      ^password', 'passwd'],
  ['config', '^cacert', 'ca_cert'],
  ['config', '^processors', 'processor'],
  ['config', '^read_batch_size', 'read_batchsize'],
  ['config', '^write_batch_size', 'write_batch_sise'],
  ['config', '^target_data_type', 'target_datatype'],
  ['config', '^json_update_strategy', 'json_update_stategy'],
  ['config', '^use_native_json_merge', 'use_native_jsonmerge'],
  ['config', '^error_handling', 'error_handing'],
  ['config', '^dlq_max_messages', 'dlq_max_mesages'],
  ['config', '^initial_sync_processes', 'inital_sync_processes'],
  ['config', '^retry_max_attempts', 'retry_max_attemps'],
  ['config', '^retry_initial_delay_ms', 'retry_initial_delay'],
  ['config', '^dedup', 'dedupe'],
  ['config', '^millrace', 'milrace'],
  ['config', '^temporal', 'temporel'],
  ['config', '^dropUnsupported', 'dropUnsuported'],
  // Values of config.yaml
  ['config', 'type: ^cdc', 'ccd'],
  ['config', 'level: ^info', 'inof'],
  ['config', 'type: ^postgresql', 'postgres'],
  ['config', 'type: ^classic', 'clasic'],
  ['config', 'target_data_type: ^json', 'jsno'],
  ['config', 'json_update_strategy: ^merge', 'merg'],
  ['config', 'error_handling: ^dlq', 'dql'],
  ['config', 'autocreate.mode: ^filtered', 'filterd'],
  ['config', 'handling.mode: ^string', 'sting'],
  ['config', 'snapshot.mode: ^initial', 'inital'],
  ['config', 'temporal: ^iso', 'ios'],
  ['config', 'properties: {}\n  targets:\n    ^target', 'tagret'],
  ['config', 'sources:\n    ^chinook', 'chinok'],
  // Keys of jobs
  ['invoice', 'Invoices\n^source', 'sourse'],
  ['invoice', '^server_name', 'servername'],
  ['invoice', '^schema', 'shema'],
  ['invoice', '^table', 'tabel'],
  ['invoice', '^row_format', 'rowformat'],
  ['invoice', '^case_insensitive', 'case_insensitve'],
  ['invoice', '^transform', 'transforms'],
  ['invoice', '- ^uses: add_field', 'use: add_field'],
  ['invoice', 'add_field\n    ^with', 'wiht'],
  ['invoice', '^fields', 'feilds'],
  ['invoice', 'note\n  - uses: rename_field\n    with:\n      ^from_field', 'from'],
  ['invoice', '^to_field', 'tofield'],
  ['invoice', 'opcode\n          ^language', 'langauge'],
  ['invoice', '^cmd', 'cmmd'],
  ['invoice', '^batch', 'bacth'],
  ['invoice', '^when', 'wen'],
  ['invoice', '^output', 'outputs'],
  ['invoice', '^data_type', 'datatype'],
  ['invoice', 'stream\n      ^key', 'keyy'],
  ['invoice', '^mapping', 'maping'],
  ['invoice', '^expire', 'expires'],
  ['invoice', '^max_len', 'maxlen'],
  ['invoice', '^score', 'scroe'],
  ['line', '^nest', 'nested'],
  ['line', '^parent_key', 'parentkey'],
  ['line', '^child_key', 'child_kye'],
  ['line', '^nesting_key', 'nest_key'],
  ['line', '^structure', 'struture'],
  // Values of jobs
  ['invoice', 'server_name: ^chinook', 'chinok'],
  ['invoice', 'schema: ^public', 'publc'],
  ['invoice', 'table: ^invoice', 'invoces'],
  ['invoice', 'row_format: ^full', 'ful'],
  ['invoice', 'uses: ^add_field', 'add_fields'],
  ['invoice', 'uses: ^redis.lookup', 'redis.lookpu'],
  ['invoice', 'opcode\n          language: ^jmespath', 'jmspath'],
  ['invoice', 'uses: ^redis.write', 'redis.wirte'],
  ['invoice', 'write\n    with:\n      connection: ^target', 'tagret'],
  ['invoice', 'data_type: ^sorted_set', 'sortedset'],
  ['invoice', 'on_update: ^replace', 'repalce'],
  ['line', 'db: ^music', 'musik'],
  ['line', 'parent:\n          table: ^invoice', 'invoise'],
]
