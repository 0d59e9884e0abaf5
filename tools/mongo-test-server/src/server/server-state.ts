import { Users, type UserDefinition } from '../auth/users.ts'
import { OpenCursors } from '../cursors/open-cursors.ts'
import { FailPoint } from '../faults/fail-point.ts'
import type { DocumentDbEngine } from '../documentdb/documentdb-engine.ts'
import { ServerControl } from '../faults/server-control.ts'
import { Sessions } from '../sessions/sessions.ts'
import type { ClusterTime } from '../storage/cluster-clock.ts'
import { DataStore } from '../storage/data-store.ts'
import { CommandLog } from './command-log.ts'
import type { Connection } from './connection.ts'
import { ReplicaSet, type Deployment } from './replica-set.ts'
import { ServerVersion, type ReleaseName } from './server-version.ts'

/** What a test server is told when it is started. */
export interface MongoTestServerOptions {
  /** Of the primary, on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number
  /** Members beside the primary, which serve reads of the same data; default 0. */
  readonly secondaries?: number
  /** Serves as so many routers of a sharded cluster instead, each with cursors of its own, over the same data. */
  readonly routers?: number
  /** Serves as a single server instead, which keeps no operation log that clients could see. */
  readonly standalone?: boolean
  /** The release it passes for, as far as readers have to mind; default 8.0.0. */
  readonly version?: ReleaseName
  /** Name of the replica set; default `rs0`. */
  readonly replicaSet?: string
  /** How many operations change streams can go back; default 2,000,000. */
  readonly maxLogEntries?: number
  /** Serves TLS alone: key and certificate in PEM, and the authority that clients have to be certified by. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string }
  /** Who may log in; without any, nobody has to. */
  readonly users?: readonly UserDefinition[]
  /** Largest event of a change stream; default 16 MiB. */
  readonly maxEventBytes?: number
  /** A PostgreSQL with the extension DocumentDB, which holds the documents in the place of this process. */
  readonly backend?: string
}

const defaultLogEntries = 2_000_000
const largestDocumentBytes = 16 * 1024 * 1024

/** Everything that the connections of one server share. */
export class ServerState {
  readonly store: DataStore
  readonly cursors = new OpenCursors()
  readonly sessions: Sessions
  readonly replicaSet: ReplicaSet
  readonly version: ServerVersion
  readonly failPoint = new FailPoint()
  readonly users: Users
  readonly control = new ServerControl(this)
  readonly connections = new Set<Connection>()
  /** Stop listening, one for each member. */
  readonly stops: (() => Promise<void>)[] = []
  readonly commandLog = new CommandLog()
  /** How many documents cursors have given so far. */
  documentsReturned = 0
  readonly startedMs = Date.now()
  maxEventBytes: number
  /** Aborted, and made anew, when the primary steps down. */
  steppedDown = new AbortController()
  /** Every reply waits for this long. */
  replyDelayMs = 0
  /** What most members have, where that is less than everything. */
  majorityTime: ClusterTime | undefined
  /** The next reply that is not one to `hello` is cut off in its middle. */
  cutNextReply = false
  /** Carries out what is about documents; undefined: this process does. */
  readonly engine: DocumentDbEngine | undefined

  constructor(options: MongoTestServerOptions, engine?: DocumentDbEngine) {
    this.engine = engine
    this.store = new DataStore(options.maxLogEntries ?? defaultLogEntries)
    this.sessions = new Sessions(this.store)
    this.replicaSet = new ReplicaSet(options.replicaSet ?? 'rs0', deploymentOf(options))
    this.version = new ServerVersion(options.version ?? '8.0.0')
    this.users = new Users(options.users ?? [])
    this.maxEventBytes = options.maxEventBytes ?? largestDocumentBytes
  }
}

function deploymentOf({ routers, standalone }: MongoTestServerOptions): Deployment {
  if (routers !== undefined) return 'sharded cluster'
  return standalone === true ? 'standalone' : 'replica set'
}
