import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z, type Finding, type PluginContext, type ReadOptions } from '@millrace/core/plugin'
import type { Position, Row, UnreadableRow } from '@millrace/core/record'
import { onTestFinished } from 'vitest'
import { configSchema } from '../src/config.ts'
import { csvReader } from '../src/index.ts'

/** A folder with these files, for one test. */
export async function folderOf(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-reader-csv-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

const { signal } = new AbortController()

function open(parameters: z.input<typeof configSchema>) {
  const context: PluginContext = {
    step: 'Reader',
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    timeZone: 'UTC',
    concurrency: 1,
    dataSources: [],
  }
  return csvReader.open(configSchema.parse(parameters), context, { signal })
}

export async function check(parameters: z.input<typeof configSchema>): Promise<readonly Finding[]> {
  await using session = await open(parameters)
  return await session.check({ signal })
}

export interface Found {
  readonly columns: readonly string[]
  readonly rows: Row[]
  readonly unreadable: UnreadableRow[]
  readonly positions: Position[]
}

/** All that the reader gives, in one split. */
export async function read(
  parameters: z.input<typeof configSchema>,
  options: Partial<ReadOptions> = {},
): Promise<Found> {
  await using session = await open(parameters)
  const [schema] = await session.describe({ signal })
  const columns = schema?.fields.map(({ name }) => name) ?? []
  const found: Found = { columns, rows: [], unreadable: [], positions: [] }
  const { splits } = await session.split(1, { signal })
  const limits = { maxRows: 2, maxBytes: 1_000_000, maxDelayMs: 100, positions: true, signal }
  for (const split of splits)
    for await (const batch of session.read(split, { ...limits, ...options })) {
      found.rows.push(...batch.rows)
      found.unreadable.push(...(batch.unreadable ?? []))
      if (batch.position !== undefined) found.positions.push(batch.position)
    }
  return found
}
