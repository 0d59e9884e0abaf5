import { assertHidden, logging, withoutSecrets } from '../access-cases.ts'
import { conformanceCase, type ConformanceCase } from '../conformance-case.ts'
import { given } from '../optional-part.ts'
import { validConfig } from '../schema-cases.ts'
import { never } from '../test-context.ts'
import { batchOf, OpenWriter } from './open-writer.ts'
import type { WriterHarness } from './writer-harness.ts'

/** Cases about passwords of targets that let the writer in. */
export const writerSecretCases: readonly ConformanceCase<WriterHarness>[] = [
  conformanceCase<WriterHarness>({
    promise: 'secrets',
    name: 'the password of a target that is written stands in no log, finding, identity, preview or result',
    skipReason: withoutSecrets,
    async run(harness) {
      const accepted = given(harness, 'accepted')
      const { secret } = accepted
      await using target = await accepted.target()
      const { plugin } = harness
      const config = await validConfig(plugin.config, target.config)
      const { logger, messages } = logging()
      await using writer = await OpenWriter.open(harness, target, { logger })
      const { session } = writer
      const job = { readerColumns: undefined, concurrency: 1 }
      const findings = await session.check([target.schema], { signal: never })
      assertHidden(secret, 'a finding', [plugin.validate?.(config, job), findings])
      assertHidden(secret, 'the identity', plugin.identity?.(config))
      assertHidden(secret, 'the guarantee', plugin.guarantee(config))
      assertHidden(secret, 'what is to be granted', session.requiredPermissions?.('conformance'))
      const rows = [target.row('k0', 'v0'), ...(target.badRow ? [target.badRow()] : [])]
      assertHidden(secret, 'a preview', session.preview(batchOf(target, rows)))
      assertHidden(secret, 'what became of a batch', await writer.writeRows(rows))
      await writer[Symbol.asyncDispose]()
      assertHidden(secret, 'a log message', messages)
    },
  }),
]
