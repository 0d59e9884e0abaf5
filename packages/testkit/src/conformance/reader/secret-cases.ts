import { assertHidden, logging, withoutSecrets } from '../access-cases.ts'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given, lacking } from '../optional-part.ts'
import { validConfig } from '../schema-cases.ts'
import { never } from '../test-context.ts'
import { rejectionOf } from '../waiting.ts'
import { OpenReader } from './open-reader.ts'
import type { ReaderHarness } from './reader-harness.ts'

/** Cases about passwords of sources that let the reader in. */
export const readerSecretCases: readonly ConformanceCase<ReaderHarness>[] = [
  conformanceCase<ReaderHarness>({
    promise: 'secrets',
    name: 'the password of a source that is read stands in no log, finding, identity, split or position',
    skipReason: withoutSecrets,
    async run(harness) {
      const accepted = given(harness, 'accepted')
      const { secret } = accepted
      await using source = await accepted.source()
      const { plugin } = harness
      const config = await validConfig(plugin.config, source.config)
      const { logger, messages } = logging()
      await using reader = await OpenReader.open(harness, source, { logger })
      const findings = await reader.session.check({ signal: never })
      assertHidden(secret, 'a finding', [plugin.validate?.(config), findings])
      assertHidden(secret, 'the identity', plugin.identity?.(config))
      const plan = await reader.plan(2)
      assertHidden(secret, 'a split or its range', plan)
      const positions = plugin.capabilities.resumableSplits
      for (const split of plan.splits)
        for (const { position } of await reader.read(split, { positions, maxRows: 1 }))
          assertHidden(secret, 'a position', position)
      await reader[Symbol.asyncDispose]()
      assertHidden(secret, 'a log message', messages)
    },
  }),
  conformanceCase<ReaderHarness>({
    promise: 'secrets',
    name: 'the password of a source that fails in mid-read stands in no error, cause or log',
    skipReason: (harness) => withoutSecrets(harness) ?? lacking('failingSource')(harness),
    async run(harness) {
      const { secret } = given(harness, 'accepted')
      await using source = await given(harness, 'failingSource')()
      const passwords = source.dataSources.flatMap(({ password }) => password ?? [])
      const { logger, messages } = logging()
      await using reader = await OpenReader.open(harness, source, { logger })
      const reading = reader.read(await reader.onlySplit(), { maxRows: 1 })
      const error = await rejectionOf(reading, 'a source that fails is read to its end')
      await reader[Symbol.asyncDispose]()
      for (const hidden of new Set([secret, ...passwords])) {
        assertHidden(hidden, 'the error of a read or one of its causes', error)
        assertHidden(hidden, 'a log message', messages)
      }
    },
  }),
]
