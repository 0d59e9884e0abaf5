import { accessCases, type AccessAttempt, type ClosedPart } from '../access-cases.ts'
import { registerCases, type ConformanceCase, type RunCasesOptions } from '../conformance-case.ts'
import { manifestCase } from '../manifest-case.ts'
import { given } from '../optional-part.ts'
import { schemaCases, validConfig } from '../schema-cases.ts'
import { never, testContext } from '../test-context.ts'
import { within } from '../waiting.ts'
import { writerChangeCases } from './change-cases.ts'
import { writerCheckpointCases } from './checkpoint-cases.ts'
import { writerFenceCases } from './fence-cases.ts'
import { writerLifetimeCases } from './lifetime-cases.ts'
import { assertWriterClosed } from './open-writer.ts'
import { writerRowCases } from './row-cases.ts'
import { writerSecretCases } from './secret-cases.ts'
import type { WriterHarness } from './writer-harness.ts'

/** Opens and checks where nobody gets in. */
async function tryAccess(harness: WriterHarness, part: ClosedPart): Promise<AccessAttempt> {
  const { plugin, timeoutMs } = harness
  const closed = given(harness, part)
  const { secret } = closed
  await using target = await closed.target()
  const { context, messages } = testContext(target.dataSources)
  const said: unknown[] = [messages]
  const attempt = async (): Promise<unknown> => {
    const config = await validConfig(plugin.config, target.config)
    const job = { readerColumns: undefined, concurrency: 1 }
    said.push(plugin.validate?.(config, job), plugin.identity?.(config))
    try {
      await using session = await plugin.open(config, context, { signal: never })
      said.push(await session.check([target.schema], { signal: never }))
      return undefined
    } catch (error) {
      return error
    }
  }
  const error = await within(attempt(), 'open and check never end', timeoutMs)
  await assertWriterClosed(harness, target, 'an attempt to get in')
  return { secret, error, said }
}

/** Every promise of a writer that the suite can see. */
export const writerCases: readonly ConformanceCase<WriterHarness>[] = [
  manifestCase,
  ...schemaCases,
  ...writerRowCases,
  ...writerChangeCases,
  ...writerLifetimeCases,
  ...accessCases(tryAccess),
  ...writerSecretCases,
  ...writerCheckpointCases,
  ...writerFenceCases,
]

/**
 * Registers the cases of a writer as tests; those that are not for it as skipped tests that say why.
 *
 * @example
 * ```ts
 * import { test } from 'node:test'
 *
 * declare const harness: WriterHarness
 * runWriterCases(harness, { test })
 * ```
 */
export function runWriterCases(harness: WriterHarness, options: RunCasesOptions): void {
  registerCases(writerCases, harness, options)
}
