import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { makeJobFolder, type RunningCommand, type RunResult } from './job-folder.ts'
import { dataKeyCount } from './data-keys.ts'
import { redisJob, type Parameters } from './jobs.ts'
import { dataSourceOf, type TestDatabase } from './test-database.ts'
import { expectWholeTable, tableColumns, targetKinds, type TargetKind } from './whole-table.ts'

/** A job under way that writes a table as one kind of value into a database of its own. */
export interface Load {
  readonly kind: TargetKind
  /** Index of its database. */
  readonly database: number
  readonly running: RunningCommand
  /** Waits for its end. */
  result(): Promise<RunResult>
}

/** What loads are made of. */
export interface LoadOptions {
  /** Where the table is. */
  readonly source: TestDatabase
  readonly table: string
  /** The target without its database, as an entry of a data source file. */
  readonly target: Readonly<Record<string, unknown>>
  /** Over a timeout of 30 s and a deadline of 60 s. */
  readonly writer?: Parameters
  /** Default: a list, a string and a hash. */
  readonly kinds?: readonly TargetKind[]
  /** MiB a second that each job reads at most. */
  readonly mbps?: number
}

/** Several jobs on one server, one kind of value each, hit by the same fault. */
export class Loads implements AsyncDisposable {
  readonly all: readonly Load[]
  readonly #folders: ReturnType<typeof makeJobFolder>[] = []

  constructor({ source, table, target, writer, mbps = 1, kinds = targetKinds }: LoadOptions) {
    this.all = kinds.map((kind, database) => {
      const folder = makeJobFolder({
        source: dataSourceOf('postgresql', source),
        r: { ...target, database },
      })
      this.#folders.push(folder)
      const running = folder.startRun(
        redisJob({
          reader: {
            stepType: 'postgresql',
            parameter: { datasource: 'source', table, column: tableColumns, splitPk: 'id' },
          },
          writer: { batchSize: 200, retryTimeout: 60_000, ...kind.writer, ...writer },
          setting: { speed: { throttle: true, mbps, concurrent: 2 } },
        }),
        { file: `${table}-${kind.name}.json` },
      )
      const result = async () => ({ ...(await running.ended), report: folder.report() })
      return { kind, database, running, result }
    })
  }

  /** Waits until every load has put something into its database. */
  async flowing(server: Redis): Promise<void> {
    for (const { database } of this.all) {
      const client = server.duplicate({ db: database })
      client.on('error', () => {})
      for (let tries = 0; (await dataKeyCount(client)) < 50; tries += 1) {
        if (tries > 1000) throw new Error(`nothing came into database ${database}`)
        await sleep(20)
      }
      client.disconnect()
    }
  }

  /** Compares what every load left with the source. */
  async expectWhole(port: number, rowCount: number, width?: number): Promise<void> {
    for (const { kind, database } of this.all) {
      const client = new Redis({ port, db: database })
      try {
        await expectWholeTable(client, kind, rowCount, width)
      } finally {
        client.disconnect()
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const folder of this.#folders) folder.remove()
  }
}
