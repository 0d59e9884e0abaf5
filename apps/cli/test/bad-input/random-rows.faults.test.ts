import { memoryReader } from '@millrace/testkit'
import type { TableSchema } from '@millrace/core/record'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { streamRows } from '../support/jobs.ts'
import { fuzzParameters } from './fuzz-parameters.ts'
import { columnNames, largeRows, randomRow, type RandomRow } from './random-rows.ts'
import { openRowTrial, type RowTrial } from './row-trial.ts'
import { writeVariants, type WriteVariant } from './write-variants.ts'

const rowsPerRun = 250
const replayedRuns = 5
let trial: RowTrial

beforeAll(async () => {
  trial = await openRowTrial()
})

afterAll(async () => {
  await trial[Symbol.asyncDispose]()
})

describe.each(writeVariants)('$title', (variant) => {
  test('random rows arrive byte for byte, or are dirty', { timeout: 3_600_000 }, async () => {
    const rows = fc.array(randomRow, { minLength: rowsPerRun, maxLength: rowsPerRun })
    const runs = Math.ceil(10_000 / rowsPerRun / writeVariants.length)
    let run = 0
    await fc.assert(
      fc.asyncProperty(rows, async (some) => {
        run += 1
        await writeRows(variant, some, run <= replayedRuns)
      }),
      fuzzParameters(`random rows, ${rowsPerRun} each, as ${variant.title}`, runs),
    )
  })

  test('large rows arrive byte for byte, or are dirty', { timeout: 120_000 }, async () => {
    await writeRows(variant, largeRows(variant.largeBytes ?? 400_000), false)
  })
})

const schema: TableSchema = {
  table: 'random',
  version: 1,
  key: [],
  fields: columnNames.map((name) => ({ name, type: 'string', nullable: true, nativeType: 'any' })),
}

/** Writes rows that stand in memory, in place of those of a stream reader with the same columns. */
async function writeRows(
  variant: WriteVariant,
  rows: readonly RandomRow[],
  isReplayed: boolean,
): Promise<void> {
  const types = columnNames.map(() => 'string' as const)
  const column = columnNames.map((name) => ({ type: 'string', name }))
  const reader = { stepType: 'stream', parameter: { ...streamRows(types, []).parameter, column } }
  const plan = await trial.planOf(variant, reader)
  const { plugin } = memoryReader({ schema, rows })
  const memory = { ...plan.reader, plugin, config: {}, dataSources: [] }
  await trial.expectRows({ ...plan, reader: memory }, variant, rows, isReplayed)
}
