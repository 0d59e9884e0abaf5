import { changeTables } from './change-tables.ts'
import type { SourceKind } from './load-source.ts'
import { jmespath, write, pipelineFolder, type PipelineFolder } from './pipeline-folder.ts'
import type { RedisTarget } from './redis-test.ts'
import type { TestDatabase } from './test-database.ts'

/** The stream that has every change of every table. */
export const changeStream = 'changes'

/** Names the table by the field that has the first column of its key. */
const toStream = ([first = '', ...others]: readonly string[], table: string) =>
  write({
    data_type: 'stream',
    key: jmespath(`\`${changeStream}\``),
    mapping: [{ [first]: table }, ...others, 'version'],
  })

/** What is made of each table besides the stream. */
const outputs = {
  customer: [
    write({ data_type: 'hash' }),
    write({
      data_type: 'sorted_set',
      key: jmespath('`customers`'),
      args: { member: 'id', score: 'version' },
    }),
  ],
  line: [write({ data_type: 'hash' })],
  document: [write({ data_type: 'hash' })],
  seat: [
    write({
      data_type: 'string',
      key: jmespath("concat(['seat:', seat])"),
      args: { value: 'holder' },
    }),
  ],
  tag: [
    write({
      data_type: 'set',
      key: jmespath("concat(['label:', label])"),
      args: { member: 'id' },
    }),
    // A key that moves with a column.
    write({ data_type: 'hash', key: jmespath("concat(['tag:', owner, ':', id])") }),
  ],
} as const

/** A pipeline of the tables of `createChangeTables` into every kind of key, and all their changes into one stream. */
export function changePipelineFolder(
  target: RedisTarget,
  kind: SourceKind,
  database: TestDatabase,
  connection: Readonly<Record<string, unknown>> = {},
): PipelineFolder {
  const namespace = kind === 'mysql' ? database.name : 'public'
  const names = Object.keys(changeTables)
  const pipeline = pipelineFolder(target, kind, database, {
    tables: Object.fromEntries(names.map((name) => [`${namespace}.${name}`, {}])),
    connection,
    // Small batches, so that the snapshot takes long enough to be killed.
    others: { processors: { write_batch_size: 50 } },
  })
  for (const [name, { key }] of Object.entries(changeTables)) {
    const own = outputs[name as keyof typeof outputs]
    pipeline.job(name, { source: { table: name }, output: [...own, toStream(key, name)] })
  }
  return pipeline
}
