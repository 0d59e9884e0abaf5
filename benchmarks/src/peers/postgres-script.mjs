// What many would write: a streamed query, and a pipeline for every 1,000 rows.
// Usage: postgres-script.mjs, with the URLs in SOURCE_URL and TARGET_URL.
import { Redis } from 'ioredis'
import pg from 'pg'
import QueryStream from 'pg-query-stream'

const rowsPerPipeline = 1000

const client = new pg.Client({ connectionString: process.env['SOURCE_URL'] })
await client.connect()
const redis = new Redis(process.env['TARGET_URL'] ?? '')

const query = new QueryStream('SELECT id, name, email, country, total FROM customers', [], {
  batchSize: rowsPerPipeline,
})
let pipeline = redis.pipeline()
for await (const { id, name, email, country, total } of client.query(query)) {
  pipeline.hset(`customer:${id}`, { name, email, country, total })
  if (pipeline.length === rowsPerPipeline) {
    await execute(pipeline)
    pipeline = redis.pipeline()
  }
}
await execute(pipeline)

await client.end()
redis.disconnect()

/** @param {import('ioredis').ChainableCommander} commands */
async function execute(commands) {
  const results = (await commands.exec()) ?? []
  for (const [error] of results) if (error) throw error
}
