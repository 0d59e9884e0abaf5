import { setText, type Contents } from './change-contents.ts'
import { changeStream } from './change-pipeline.ts'
import { documentContent, jsonPrefix } from './json-proxy.ts'
import { documentText, fieldText, jsonText } from './mongo-contents.ts'
import type { MongoDatabase } from './mongo-database.ts'
import { collectionNames, type CollectionName, type WorkDocument } from './mongo-documents.ts'
import { jmespath, write, pipelineFolder, type PipelineFolder } from './pipeline-folder.ts'
import type { RedisTarget } from './redis-test.ts'

/** Key columns of each collection, for reading the stream. */
export const mongoKeys: ReadonlyMap<string, readonly string[]> = new Map(
  collectionNames.map((name) => [name, ['_id']]),
)

const toJson = (name: string, on_update: 'replace' | 'merge') =>
  write({ data_type: 'json', on_update, key: jmespath(`concat(['${jsonPrefix}${name}:', _id])`) })

const outputs: Readonly<Record<CollectionName, readonly object[]>> = {
  customer: [
    write({ data_type: 'hash' }),
    toJson('customer', 'replace'),
    write({
      data_type: 'sorted_set',
      key: jmespath('`customers`'),
      args: { member: '_id', score: 'version' },
    }),
  ],
  // Its fields come and go.
  profile: [write({ data_type: 'hash' }), toJson('profile', 'merge')],
  // What its key is made of changes, and is swapped.
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
      args: { member: '_id' },
    }),
    write({ data_type: 'hash', key: jmespath("concat(['tag:', owner, ':', _id])") }),
  ],
}

/** Whether the server keeps documents as they were before and after changes, or they are looked up. */
export type MongoCapture = 'images' | 'lookups'

/** Without images no key can be made of what changes. */
const plainOutputs: typeof outputs = {
  customer: [write({ data_type: 'hash' }), toJson('customer', 'replace')],
  profile: [write({ data_type: 'hash' }), toJson('profile', 'merge')],
  seat: [write({ data_type: 'hash' })],
  tag: [write({ data_type: 'hash' })],
}

/** A pipeline of the collections into every kind of key, and all their changes into one stream. */
export function mongoPipelineFolder(
  target: RedisTarget,
  source: MongoDatabase,
  capture: MongoCapture,
): PipelineFolder {
  const pipeline = pipelineFolder(target, 'mongodb', source, {
    tables: Object.fromEntries(collectionNames.map((name) => [`${source.name}.${name}`, {}])),
    // Only with them does each message have the version of its own change.
    ...(capture === 'images' && {
      settings: {
        'capture.mode': 'change_streams_update_full_with_pre_image',
        'capture.mode.full.update.type': 'post_image',
      },
    }),
    others: { processors: { write_batch_size: 50 } },
  })
  for (const name of collectionNames) {
    const toStream = write({
      data_type: 'stream',
      key: jmespath(`\`${changeStream}\``),
      mapping: [{ _id: name }, 'version'],
    })
    const own = (capture === 'images' ? outputs : plainOutputs)[name]
    pipeline.job(name, { source: { table: name }, output: [...own, toStream] })
  }
  return pipeline
}

/** Every key that the collections as they are now have to have left in Redis, but for the stream. */
export async function expectedMongoContents(
  { db }: MongoDatabase,
  capture: MongoCapture,
): Promise<Contents> {
  const contents: Contents = new Map()
  const scores: string[] = []
  const labels = new Map<string, string[]>()
  for (const name of collectionNames)
    for (const document of await db.collection<WorkDocument>(name).find().toArray()) {
      const id = fieldText(document._id)
      const { version, seat, holder, owner, label } = document
      if (name === 'customer' || name === 'profile')
        contents.set(`${jsonPrefix}${name}:${id}`, documentContent(jsonText(document)))
      if (capture === 'lookups') {
        contents.set(`${name}:_id:${id}`, documentText(document))
        continue
      }
      if (name === 'seat') contents.set(`seat:${seat}`, `string ${holder}`)
      else if (name === 'tag') {
        contents.set(`tag:${owner}:${id}`, documentText(document))
        labels.set(label, [...(labels.get(label) ?? []), id])
      } else contents.set(`${name}:_id:${id}`, documentText(document))
      if (name === 'customer') scores.push(`${id}=${version}`)
    }
  if (scores.length > 0) contents.set('customers', `zset ${JSON.stringify(scores.sort())}`)
  for (const [label, members] of labels) contents.set(`label:${label}`, setText(members))
  return contents
}
