import type { Timestamp } from 'mongodb'
import type { LoggedChange } from './change-log.ts'
import { fieldText } from './mongo-contents.ts'
import type { MongoDatabase } from './mongo-database.ts'

/** The place in the oplog that the server has reached. */
export async function mongoLogEnd({ client }: Pick<MongoDatabase, 'client'>): Promise<Timestamp> {
  const reply = await client.db('admin').command({ ping: 1 })
  return reply['operationTime'] as Timestamp
}

/** All changes of the database since it was made, as a change stream of the driver tells them. */
export async function readMongoLog(
  source: MongoDatabase,
  startAtOperationTime: Timestamp,
): Promise<LoggedChange[]> {
  const changes: LoggedChange[] = []
  const end = await source.db.collection('end').insertOne({ at: new Date() })
  await using stream = source.db.watch([], {
    startAtOperationTime,
    fullDocumentBeforeChange: 'whenAvailable',
  })
  for await (const event of stream) {
    if (!('documentKey' in event)) continue
    const { _id } = event.documentKey as unknown as { _id: unknown }
    if (String(_id) === String(end.insertedId)) break
    const key = fieldText(_id)
    const table = event.ns.coll
    if (event.operationType === 'delete') {
      const version = event.fullDocumentBeforeChange?.['version'] as unknown
      changes.push({ table, operation: 'd', key, version: String(version) })
    } else if (event.operationType === 'update') {
      const version = event.updateDescription.updatedFields?.['version'] as unknown
      changes.push({ table, operation: 'u', key, version: String(version) })
    } else if (event.operationType === 'insert' || event.operationType === 'replace') {
      const operation = event.operationType === 'insert' ? 'c' : 'u'
      changes.push({ table, operation, key, version: String(event.fullDocument['version']) })
    }
  }
  return changes
}
