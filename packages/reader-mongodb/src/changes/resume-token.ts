import type { Document } from 'mongodb'
import type { JsonValue } from '@millrace/core/record'
import { loadDriver } from '../connection/driver.ts'
import { ChangeEvent, valuesOf } from './change-event.ts'
import type { ClusterTime } from './stream-position.ts'

/** The resume token of an event, as it is kept. */
export function tokenOf(event: ChangeEvent): JsonValue {
  const bytes = event.document('_id')
  if (!bytes) return {}
  // Nearly always all there is.
  const data = valuesOf(bytes).size === 1 ? new ChangeEvent(bytes).text('_data') : undefined
  return data === undefined ? tokenValue(loadDriver().BSON.deserialize(bytes)) : { _data: data }
}

/** A resume token as it is kept: in Extended JSON. */
export function tokenValue(token: Document): JsonValue {
  return loadDriver().BSON.EJSON.serialize(token, { relaxed: false }) as JsonValue
}

/**
 * The cluster time that a resume token begins with. Every server since 4.0.7 writes it so: `82`, and 16 hexadecimal digits
 * (https://github.com/mongodb/mongo/blob/v8.0/src/mongo/db/pipeline/resume_token.h).
 */
export function timeOfToken(data: string): ClusterTime | undefined {
  const match = /^82([0-9a-f]{8})([0-9a-f]{8})/i.exec(data)
  if (match === null) return undefined
  const [, seconds = '', increment = ''] = match
  return { seconds: Number.parseInt(seconds, 16), increment: Number.parseInt(increment, 16) }
}
