// The driver alone: every document as raw bytes, nothing looked at, nothing written.
// Usage: mongodb-bare-loop.mjs, with the URL in SOURCE_URL and the database in SOURCE_DATABASE.
import { MongoClient } from 'mongodb'

const client = new MongoClient(process.env['SOURCE_URL'] ?? '')
const documents = client.db(process.env['SOURCE_DATABASE']).collection('customers')
let count = 0
for await (const _ of documents.find({}, { raw: true })) count += 1
await client.close()
if (count === 0) throw new Error('the collection is empty')
