import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { DocumentDbEngine } from '../documentdb/documentdb-engine.ts'
import type { ServerControl } from '../faults/server-control.ts'
import { Connection } from './connection.ts'
import type { Member } from './replica-set.ts'
import { ServerState, type MongoTestServerOptions } from './server-state.ts'

/** A running test server. */
export interface MongoTestServer {
  /** For clients: all members and the name of the replica set. */
  readonly url: string
  /** Of the primary. */
  readonly port: number
  /** What a test can do to it. */
  readonly control: ServerControl
  /** Ends all connections and gives up the ports. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a MongoDB replica set, or what the options say, in this process, on 127.0.0.1, with no data.
 *
 * @param options
 * @returns resolves when it takes connections
 */
export async function startMongoTestServer(
  options: MongoTestServerOptions = {},
): Promise<MongoTestServer> {
  const state = new ServerState(options, await engineOf(options))
  const count = options.routers ?? 1 + (options.secondaries ?? 0)
  for (let index = 0; index < count; index += 1) {
    const listener = await listen(state, options, index)
    state.stops.push(() => stopListening(listener))
  }
  const { members, name, deployment } = state.replicaSet
  const hosts = members.map(({ host }) => host).join(',')
  const query = new URLSearchParams({
    ...(deployment === 'replica set' ? { replicaSet: name } : {}),
    ...(options.tls === undefined ? {} : { tls: 'true' }),
  })
  const close = async () => {
    state.cursors.closeAll()
    for (const connection of state.connections) connection.destroy()
    await Promise.all(state.stops.map((stop) => stop()))
    await state.engine?.close()
  }
  return {
    url: `mongodb://${hosts}/?${query.toString()}`,
    port: Number(members[0]?.host.split(':')[1]),
    control: state.control,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function engineOf({
  backend,
}: MongoTestServerOptions): Promise<DocumentDbEngine | undefined> {
  if (backend === undefined) return undefined
  const { DocumentDbEngine } = await import('../documentdb/documentdb-engine.ts')
  return new DocumentDbEngine(backend)
}

function listen(
  state: ServerState,
  { tls, port = 0 }: MongoTestServerOptions,
  index: number,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    let member: Member | undefined
    const accept = (socket: Socket) => {
      if (member === undefined) socket.destroy()
      else new Connection(socket, member, state)
    }
    const server =
      tls === undefined
        ? createServer(accept)
        : createTlsServer({ ...tls, requestCert: tls.ca !== undefined }, accept)
    server.once('error', reject)
    server.listen(index === 0 ? port : 0, '127.0.0.1', () => {
      const { port: taken } = server.address() as AddressInfo
      const mayBePrimary = index === 0 || state.replicaSet.deployment === 'sharded cluster'
      member = { host: `127.0.0.1:${taken}`, mayBePrimary }
      state.replicaSet.members.push(member)
      resolve(server)
    })
  })
}

function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
