// What many would write: a streamed query, and a pipeline for every 1,000 rows.
// Usage: mariadb-script.mjs, with the URLs in SOURCE_URL and TARGET_URL.
import { Redis } from 'ioredis'
import mysql from 'mysql2'

const rowsPerPipeline = 1000

const connection = mysql.createConnection(process.env['SOURCE_URL'] ?? '')
const redis = new Redis(process.env['TARGET_URL'] ?? '')

const rows = connection
  .query('SELECT id, name, email, country, total FROM customers')
  .stream({ highWaterMark: rowsPerPipeline })
let pipeline = redis.pipeline()
for await (const { id, name, email, country, total } of rows) {
  pipeline.hset(`customer:${id}`, { name, email, country, total })
  if (pipeline.length === rowsPerPipeline) {
    await execute(pipeline)
    pipeline = redis.pipeline()
  }
}
await execute(pipeline)

connection.end()
redis.disconnect()

/** @param {import('ioredis').ChainableCommander} commands */
async function execute(commands) {
  const results = (await commands.exec()) ?? []
  for (const [error] of results) if (error) throw error
}
