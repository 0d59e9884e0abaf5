// What many would write: a loop over the documents, and a pipeline for every 1,000.
// Usage: mongodb-script.mjs, with the URLs in SOURCE_URL and TARGET_URL and the database in SOURCE_DATABASE.
import { Redis } from 'ioredis'
import { MongoClient } from 'mongodb'

const documentsPerPipeline = 1000

const client = new MongoClient(process.env['SOURCE_URL'] ?? '')
const redis = new Redis(process.env['TARGET_URL'] ?? '')

const documents = client.db(process.env['SOURCE_DATABASE']).collection('customers')
let pipeline = redis.pipeline()
for await (const { _id, since, tag, ...fields } of documents.find()) {
  pipeline.hset(`customer:${_id.toHexString()}`, {
    ...fields,
    since: since.toISOString(),
    tag: tag.buffer,
  })
  if (pipeline.length === documentsPerPipeline) {
    await execute(pipeline)
    pipeline = redis.pipeline()
  }
}
await execute(pipeline)

await client.close()
redis.disconnect()

/** @param {import('ioredis').ChainableCommander} commands */
async function execute(commands) {
  const results = (await commands.exec()) ?? []
  for (const [error] of results) if (error) throw error
}
