import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { exitCodeOf, PluginError, type PluginContext } from '@millrace/core/plugin'
import { conformanceCase, type ConformanceCase } from './conformance-case.ts'
import { lacking, type PartialHarness } from './optional-part.ts'
import { testContext, type TestContext } from './test-context.ts'

/** Parts of a harness that lead to nobody, or to somebody who refuses. */
export type ClosedPart = 'refused' | 'unreachable'

/** What came of an attempt to get in. */
export interface AccessAttempt {
  readonly secret: string
  /** What the first call that failed threw; `undefined` when none did. */
  readonly error: unknown
  /** Everything else that was said: findings, log messages, the identity of the parameters. */
  readonly said: readonly unknown[]
}

const promises: Readonly<Record<ClosedPart, string>> = {
  refused: 'refused access',
  unreachable: 'unreachable hosts',
}

/** Cases about passwords that are wrong and hosts that are not there, of readers and writers alike. */
export function accessCases<H extends PartialHarness>(
  attempt: (harness: H, part: ClosedPart) => Promise<AccessAttempt>,
): readonly ConformanceCase<H>[] {
  return (['refused', 'unreachable'] as const).flatMap((part) => [
    conformanceCase<H>({
      promise: promises[part],
      name: 'they end open or check with an error that is made for users, and nothing stays open',
      skipReason: lacking(part),
      async run(harness) {
        const { error } = await attempt(harness, part)
        assert.ok(error !== undefined, 'neither open nor check fails')
        const isForUsers = PluginError.isInstance(error)
        assert.ok(isForUsers, `the error is no PluginError: ${inspect(error, { depth: 0 })}`)
        const exitCode = exitCodeOf(error.code)
        assert.equal(exitCode, 3, `${error.code} makes the exit code ${exitCode}, expected 3`)
      },
    }),
    conformanceCase<H>({
      promise: 'secrets',
      name: `the password stands in no error, cause, finding, log or identity (${promises[part]})`,
      skipReason: lacking(part),
      async run(harness) {
        const { secret, error, said } = await attempt(harness, part)
        assertHidden(secret, 'the error or one of its causes', error)
        for (const one of said)
          assertHidden(secret, 'a finding, a log message or the identity', one)
      },
    }),
  ])
}

/** Why cases about passwords that let the plugin in are skipped. */
export function withoutSecrets(harness: PartialHarness): string | undefined {
  return harness.lacks?.['accepted'] ?? harness.lacks?.['refused']
}

/** A logger, and everything that was logged to it. */
export function logging(): Pick<TestContext, 'messages'> & Pick<PluginContext, 'logger'> {
  const { context, messages } = testContext()
  return { logger: context.logger, messages }
}

/** Fails when a password stands in a value, plainly or in one of the forms it is sent in. */
export function assertHidden(secret: string, place: string, value: unknown): void {
  const text = inspect(value, { depth: 8, showHidden: true, maxStringLength: null })
  const stack = value instanceof Error ? (value.stack ?? '') : ''
  const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]
  const isTold = forms.some((form) => text.includes(form) || stack.includes(form))
  assert.ok(!isTold, `${place} tells the password`)
}
