import type { Field, TableSchema } from '@millrace/core/record'
import type { RelationMessage } from './relation-message.ts'

/** A table as it stood before. */
export interface FormerTable {
  readonly schema: TableSchema
  /** The column behind each field. */
  readonly columns: readonly (string | undefined)[]
}

/**
 * The schema of a table as a relation describes it, still with the version before.
 *
 * @param names - the column behind each of the fields
 */
export function relationSchema(
  { schema, columns: before }: FormerTable,
  { replicaIdentity, columns }: RelationMessage,
  names: readonly (string | undefined)[],
  fields: readonly Field[],
): TableSchema {
  const isWhole = replicaIdentity === 'f'
  const places = (wanted: readonly (string | undefined)[]) =>
    wanted.map((name) => (name === undefined ? -1 : names.indexOf(name))).filter((at) => at >= 0)
  const identity = places(
    columns.filter(({ isIdentity }) => isIdentity).map(({ name }) => name),
  ).toSorted((left, right) => left - right)
  const keyNames = schema.key.map((index) => before[index])
  const isKeyThere = keyNames.every((name) => name !== undefined && names.includes(name))
  const isKeyMoved =
    replicaIdentity === 'd' && identity.length > 0 && schema.key.length > 0 && !isKeyThere
  const { identity: _, omittable = [], ...rest } = schema
  const large = places(omittable.map((index) => before[index]))
  return {
    ...rest,
    fields,
    key: isKeyMoved ? identity : isKeyThere ? places(keyNames) : [],
    ...(isWhole ? {} : { identity }),
    ...(isWhole || large.length === 0 ? {} : { omittable: large }),
  }
}

/** Whether two schemas of one table are the same but for their version. */
export function isSameSchema(left: TableSchema, right: TableSchema): boolean {
  return (
    left.fields.length === right.fields.length &&
    left.fields.every((field, index) => {
      const other = right.fields[index]
      return (
        field.name === other?.name &&
        field.type === other.type &&
        field.nativeType === other.nativeType
      )
    }) &&
    left.key.join() === right.key.join() &&
    left.identity?.join() === right.identity?.join()
  )
}
