import type { BsonDocument } from '../documents/bson-document.ts'
import type { CommandContext } from './command.ts'

/** Answers and nothing else. */
export function ping(): BsonDocument {
  return {}
}

export function buildInfo({ server: { version } }: CommandContext): BsonDocument {
  return {
    version: version.name,
    versionArray: version.parts,
    gitVersion: 'millrace-mongo-test-server',
    modules: [],
    bits: 64,
    maxBsonObjectSize: 16 * 1024 * 1024,
    storageEngines: ['wiredTiger'],
  }
}

export function serverStatus({ server, connection }: CommandContext): BsonDocument {
  const { replicaSet, connections, cursors, documentsReturned, startedMs, version } = server
  return {
    host: connection.member.host,
    version: version.name,
    process: 'mongod',
    pid: process.pid,
    uptimeMillis: Date.now() - startedMs,
    localTime: new Date(),
    connections: { current: connections.size },
    repl: replicaSet.describe(connection.member),
    metrics: {
      cursor: { open: { total: cursors.count } },
      document: { returned: documentsReturned },
    },
    storageEngine: { name: 'wiredTiger', supportsCommittedReads: true },
  }
}

/** @returns the members of the set */
export function replSetGetStatus({ server, connection }: CommandContext): BsonDocument {
  const { replicaSet } = server
  return {
    set: replicaSet.name,
    date: new Date(),
    myState: replicaSet.isPrimary(connection.member) ? 1 : 2,
    members: replicaSet.members.map((member, id) => ({
      _id: id,
      name: member.host,
      health: 1,
      state: replicaSet.isPrimary(member) ? 1 : 2,
      stateStr: replicaSet.isPrimary(member) ? 'PRIMARY' : 'SECONDARY',
      self: member === connection.member,
    })),
  }
}

export function getParameter({ command }: CommandContext): BsonDocument {
  const known: BsonDocument = {
    featureCompatibilityVersion: { version: '8.0' },
    minSnapshotHistoryWindowInSeconds: 300,
  }
  return Object.fromEntries(Object.entries(known).filter(([name]) => command[name] !== undefined))
}
