import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { startRedis, type PrivateRedis } from '../../writer-redis/test/redis-server.ts'
import { runPipeline, type PipelineRun, type PipelineSetup, type RunInput } from './pipeline-run.ts'

/** A Redis of the test file's own, empty before each test. */
export class AcceptanceRedis {
  #server: PrivateRedis | undefined
  #client: Redis | undefined

  constructor() {
    beforeAll(async () => {
      this.#server = await startRedis()
      this.#client = new Redis({ port: this.#server.port })
    })
    afterEach(async () => await this.client.flushall())
    afterAll(async () => {
      this.#client?.disconnect()
      await this.#server?.[Symbol.asyncDispose]()
    })
  }

  get client(): Redis {
    if (this.#client === undefined) throw new Error('the server is not started yet')
    return this.#client
  }

  /** Jobs that write to it. */
  setup(jobs: PipelineSetup['jobs'], more: Partial<PipelineSetup> = {}): PipelineSetup {
    const { port = 0 } = this.#server ?? {}
    return { jobs, target: { host: '127.0.0.1', port }, ...more }
  }

  /** Runs jobs once. */
  async run(
    jobs: PipelineSetup['jobs'],
    input: RunInput,
    more?: Partial<PipelineSetup>,
  ): Promise<PipelineRun> {
    return await runPipeline(this.setup(jobs, more), input)
  }

  /** All keys but those of checkpoints, in order. */
  async keys(): Promise<readonly string[]> {
    const all = await this.client.keys('*')
    return all.filter((key) => !key.startsWith('millrace:')).sort()
  }

  /** Messages of a stream: fields and values with spaces between them. */
  async messages(key: string): Promise<readonly string[]> {
    return (await this.client.xrange(key, '-', '+')).map(([, fields]) => fields.join(' '))
  }
}
