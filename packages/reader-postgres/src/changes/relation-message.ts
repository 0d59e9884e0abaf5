/** A column as the log describes it. */
export interface RelationColumn {
  readonly name: string
  readonly typeOid: number
  readonly typeModifier: number
  /** Whether it belongs to the replica identity. */
  readonly isIdentity: boolean
}

/** A table as the log describes it: as it was when the changes that follow were made. */
export interface RelationMessage {
  readonly oid: number
  readonly namespace: string
  readonly name: string
  /** `pg_class.relreplident`: `d` default, `n` nothing, `f` full, `i` index. */
  readonly replicaIdentity: string
  readonly columns: readonly RelationColumn[]
}

/** Reads a Relation message (PostgreSQL documentation, "Logical Replication Message Formats") that begins at `start`. */
export function relationMessageOf(bytes: Buffer, start: number): RelationMessage {
  let at = start + 1
  const oid = bytes.readUInt32BE(at)
  at += 4
  const text = () => {
    const end = bytes.indexOf(0, at)
    const value = bytes.toString('utf8', at, end)
    at = end + 1
    return value
  }
  const namespace = text()
  const name = text()
  const replicaIdentity = String.fromCharCode(bytes.readUInt8(at))
  const count = bytes.readInt16BE(at + 1)
  at += 3
  const columns = Array.from({ length: count }, (): RelationColumn => {
    const flags = bytes.readUInt8(at)
    at += 1
    const columnName = text()
    at += 8
    return {
      name: columnName,
      typeOid: bytes.readUInt32BE(at - 8),
      typeModifier: bytes.readInt32BE(at - 4),
      isIdentity: (flags & 1) === 1,
    }
  })
  return {
    oid,
    namespace: namespace === '' ? 'pg_catalog' : namespace,
    name,
    replicaIdentity,
    columns,
  }
}

/** Whether two descriptions of a relation say the same. */
export function isSameRelation(left: RelationMessage, right: RelationMessage): boolean {
  return (
    left.namespace === right.namespace &&
    left.name === right.name &&
    left.replicaIdentity === right.replicaIdentity &&
    left.columns.length === right.columns.length &&
    left.columns.every((column, index) => {
      const other = right.columns[index]
      return (
        column.name === other?.name &&
        column.typeOid === other.typeOid &&
        column.typeModifier === other.typeModifier &&
        column.isIdentity === other.isIdentity
      )
    })
  )
}
