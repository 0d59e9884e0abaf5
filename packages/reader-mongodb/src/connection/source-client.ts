import type { Document, MongoClient } from 'mongodb'
import { PluginError, type DataSource } from '@millrace/core/plugin'
import { addressesText, clientSettings, wantedReplicaSet } from './client-options.ts'
import { loadDriver } from './driver.ts'
import { connectError, statementError } from './source-error.ts'

/** What the server says of itself. */
export interface ServerFacts {
  readonly maxWireVersion: number
  /** A member of a replica set, or a router of a sharded cluster: what can read as of one instant and follow changes. */
  readonly hasOplog: boolean
  /** What a cursor belongs to. */
  readonly hasSessions: boolean
}

/** The driver's client for one data source. Whoever opens it calls {@link SourceClient.close}. */
export class SourceClient {
  readonly client: MongoClient
  readonly facts: ServerFacts

  private constructor(client: MongoClient, facts: ServerFacts) {
    this.client = client
    this.facts = facts
  }

  /**
   * Connects and logs in.
   *
   * @param connections - that are used at the same time at most
   * @throws PluginError SOURCE_UNREACHABLE, SOURCE_NOT_PERMITTED, CONFIG_INVALID
   */
  static async open(
    dataSource: DataSource,
    connections: number,
    signal: AbortSignal,
  ): Promise<SourceClient> {
    signal.throwIfAborted()
    const client = newClient(dataSource, connections)
    try {
      await abortable(client.connect(), signal)
      const hello = await abortable(preferred(client, 'admin', { hello: 1 }), signal)
      return new SourceClient(client, factsOf(hello))
    } catch (error) {
      await closeQuietly(client)
      signal.throwIfAborted()
      throw (
        (await wrongReplicaSet(dataSource, signal)) ??
        connectError(placeOf(dataSource), error, dataSource.tls)
      )
    }
  }

  /**
   * Runs a command with a short answer, on a member that the data source prefers to read from.
   *
   * @param doing - for the message
   * @throws PluginError
   */
  async command(
    database: string,
    command: Document,
    doing: string,
    signal: AbortSignal,
  ): Promise<Document> {
    try {
      return await preferred(this.client, database, command, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw statementError(doing, error)
    }
  }

  /** Closes every connection without waiting for what goes on. May be called again. */
  async close(): Promise<void> {
    await closeQuietly(this.client)
  }
}

/** The driver sends commands to the primary unless it is told otherwise, and waits for one where there is none. */
async function preferred(
  client: MongoClient,
  database: string,
  command: Document,
  signal?: AbortSignal,
): Promise<Document> {
  const { readPreference } = client
  const options = { readPreference, ...(signal === undefined ? {} : { signal }) }
  return await client.db(database).command(command, options)
}

function factsOf(hello: Document): ServerFacts {
  return {
    maxWireVersion: Number(hello['maxWireVersion'] ?? 0),
    hasSessions: typeof hello['logicalSessionTimeoutMinutes'] === 'number',
    hasOplog: typeof hello['setName'] === 'string' || hello['msg'] === 'isdbgrid',
  }
}

function newClient(dataSource: DataSource, connections: number): MongoClient {
  const { MongoClient: Client } = loadDriver()
  const { url, options } = clientSettings(dataSource, connections)
  try {
    return new Client(url, options)
  } catch (error) {
    throw new PluginError({
      code: 'CONFIG_INVALID',
      message: `data source ${JSON.stringify(dataSource.name)}: ${(error as Error).message}`,
      hint: 'Check its properties.',
      cause: error,
    })
  }
}

function placeOf(dataSource: DataSource): string {
  const user = dataSource.user === undefined ? '' : ` as ${dataSource.user}`
  return `mongodb at ${addressesText(dataSource)}${user}`
}

async function closeQuietly(client: MongoClient): Promise<void> {
  try {
    await client.close(true)
  } catch {
    // What was open is gone either way.
  }
}

/** Rejects with the reason of the signal as soon as it is aborted, and leaves the promise alone then. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = () => {}
  try {
    return await new Promise<T>((resolve, reject) => {
      abort = () => reject(signal.reason as Error)
      signal.addEventListener('abort', abort, { once: true })
      promise.then(resolve, reject)
    })
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

const probeTimeoutMs = 3000

/** The driver only says that no server came up when the name of the replica set is another one: asks the servers for it. */
async function wrongReplicaSet(
  dataSource: DataSource,
  signal: AbortSignal,
): Promise<PluginError | undefined> {
  const wanted = wantedReplicaSet(dataSource)
  if (wanted === undefined) return undefined
  for (const host of dataSource.hosts) {
    const found = await replicaSetOf({ ...dataSource, hosts: [host] }, signal)
    if (found === undefined || found === wanted) continue
    const actual =
      found === '' ? 'is in no replica set' : `is in the replica set ${JSON.stringify(found)}`
    return new PluginError({
      code: 'SOURCE_UNREACHABLE',
      message: `connecting to ${placeOf(dataSource)}: the server ${actual}, the data source asks for ${JSON.stringify(wanted)}`,
      hint: 'Change replicaSet in the data source, or take it out.',
    })
  }
  return undefined
}

/** The replica set of a server, empty when it is in none; `undefined` when it does not answer. */
async function replicaSetOf(
  dataSource: DataSource,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { user: _, password: __, ...anonymous } = dataSource
  const client = newClient(
    {
      ...anonymous,
      properties: {
        directConnection: 'true',
        connectTimeoutMS: String(probeTimeoutMs),
      },
    },
    1,
  )
  try {
    const hello = await abortable(client.db('admin').command({ hello: 1 }), signal)
    return typeof hello['setName'] === 'string' ? hello['setName'] : ''
  } catch {
    signal.throwIfAborted()
    return undefined
  } finally {
    await closeQuietly(client)
  }
}
