import { accessCases, type AccessAttempt, type ClosedPart } from '../access-cases.ts'
import { registerCases, type ConformanceCase, type RunCasesOptions } from '../conformance-case.ts'
import { manifestCase } from '../manifest-case.ts'
import { given } from '../optional-part.ts'
import { schemaCases, validConfig } from '../schema-cases.ts'
import { never, testContext } from '../test-context.ts'
import { within } from '../waiting.ts'
import { readerBatchCases } from './batch-cases.ts'
import { readerFollowCases } from './follow-cases.ts'
import { readerFollowDefinitionCases } from './follow-definition-cases.ts'
import { readerFollowLifetimeCases } from './follow-lifetime-cases.ts'
import { readerFollowPositionCases } from './follow-position-cases.ts'
import { readerLifetimeCases } from './lifetime-cases.ts'
import { assertAllClosed } from './open-reader.ts'
import { readerPositionCases } from './position-cases.ts'
import type { ReaderHarness } from './reader-harness.ts'
import { readerSecretCases } from './secret-cases.ts'
import { readerSlowConsumerCases } from './slow-consumer-cases.ts'
import { readerSnapshotCases } from './snapshot-cases.ts'
import { readerSplitCases } from './split-cases.ts'
import { readerTableCases } from './table-cases.ts'
import { readerTypeCases } from './type-cases.ts'

/** Opens and checks where nobody gets in. */
async function tryAccess(harness: ReaderHarness, part: ClosedPart): Promise<AccessAttempt> {
  const { plugin, timeoutMs } = harness
  const closed = given(harness, part)
  const { secret } = closed
  await using source = await closed.source()
  const { context, messages } = testContext(source.dataSources)
  const said: unknown[] = [messages]
  const attempt = async (): Promise<unknown> => {
    const config = await validConfig(plugin.config, source.config)
    said.push(plugin.validate?.(config), plugin.identity?.(config))
    try {
      await using session = await plugin.open(config, context, { signal: never })
      said.push(await session.check({ signal: never }))
      return undefined
    } catch (error) {
      return error
    }
  }
  const error = await within(attempt(), 'open and check never end', timeoutMs)
  await assertAllClosed(harness, source, 'an attempt to get in')
  return { secret, error, said }
}

/** Every promise of a reader that the suite can see. */
export const readerCases: readonly ConformanceCase<ReaderHarness>[] = [
  manifestCase,
  ...schemaCases,
  ...readerSplitCases,
  ...readerBatchCases,
  ...readerTableCases,
  ...readerTypeCases,
  ...readerPositionCases,
  ...readerLifetimeCases,
  ...readerSlowConsumerCases,
  ...accessCases(tryAccess),
  ...readerSecretCases,
  ...readerFollowCases,
  ...readerFollowPositionCases,
  ...readerSnapshotCases,
  ...readerFollowDefinitionCases,
  ...readerFollowLifetimeCases,
]

/**
 * Registers the cases of a reader as tests; those that are not for it as skipped tests that say why.
 *
 * @example
 * ```ts
 * import { test } from 'vitest'
 *
 * declare const harness: ReaderHarness
 * runReaderCases(harness, { test })
 * ```
 */
export function runReaderCases(harness: ReaderHarness, options: RunCasesOptions): void {
  registerCases(readerCases, harness, options)
}
