import { decodeDocument, type BsonDocument } from '../documents/bson-document.ts'
import { idOf } from '../documents/document-id.ts'
import { projection } from '../query/projection.ts'
import { deleteOne, matching } from './delete.ts'
import { changeOne, upsertOne } from './update.ts'
import { namespaceOf, type CommandContext } from './command.ts'

/** Changes or deletes one document and gives it back, as it was before or is after. */
export async function findAndModify(context: CommandContext): Promise<BsonDocument> {
  const { command, server } = context
  const namespace = namespaceOf(context)
  const { query: filter = {}, sort, update: change, arrayFilters } = command
  const [found] = await matching(context, namespace, { filter, sort, one: true })
  const show = (bytes: Buffer | undefined): BsonDocument | null => {
    if (bytes === undefined) return null
    const project = projection(command['fields'], {})
    return decodeDocument(project === undefined ? bytes : project(bytes))
  }
  try {
    if (found === undefined && (command['upsert'] !== true || command['remove'] === true))
      return { lastErrorObject: { n: 0, updatedExisting: false }, value: null }
    if (found === undefined) {
      const document = upsertOne(context, namespace, { filter, change, arrayFilters })
      const upserted = idOf(document)
      const value = command['new'] === true ? show(document) : null
      return { lastErrorObject: { n: 1, updatedExisting: false, upserted }, value }
    }
    if (command['remove'] === true) {
      deleteOne(context, namespace, found)
      return { lastErrorObject: { n: 1 }, value: show(found.bytes) }
    }
    const after = changeOne(context, namespace, found, { filter, change, arrayFilters })
    const value = show(command['new'] === true ? after : found.bytes)
    return { lastErrorObject: { n: 1, updatedExisting: true }, value }
  } finally {
    server.store.log.publish()
  }
}
