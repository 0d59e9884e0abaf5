import type { BsonDocument } from '../documents/bson-document.ts'

/**
 * @param errors of single statements
 * @returns what a reply says of them: nothing when there are none
 */
export function writeErrors(errors: readonly BsonDocument[]): BsonDocument {
  return errors.length === 0 ? {} : { writeErrors: errors }
}
