import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { exitCodeOf, PluginError, type DataSource, type PluginContext } from '@millrace/core/plugin'

/** A context as the runtime gives it, and everything that was logged to it. */
export interface TestContext {
  readonly context: PluginContext
  readonly messages: readonly string[]
}

/** Makes a context for one session. */
export function testContext(
  dataSources: readonly DataSource[],
  overrides: Partial<PluginContext> = {},
): TestContext {
  const messages: string[] = []
  const log = (message: string) => void messages.push(message)
  const context: PluginContext = {
    step: 'Conformance',
    logger: { debug: log, info: log, warn: log },
    timeZone: 'UTC',
    concurrency: 2,
    dataSources,
    ...overrides,
  }
  return { context, messages }
}

/** Fails when an error, its causes or a message holds a secret, or the error is not one for users. */
export function assertTellsNoSecret(
  error: unknown,
  secret: string,
  messages: readonly string[],
): void {
  assert.ok(
    PluginError.isInstance(error),
    `refused access must be a PluginError: ${inspect(error)}`,
  )
  assert.equal(exitCodeOf(error.code), 3, `refused access must end with 3, found ${error.code}`)
  const texts = [inspect(error, { depth: 8, showHidden: true }), error.stack, ...messages]
  for (const text of texts) {
    assert.ok(!text?.includes(secret), 'a message or a cause of the error tells a secret')
  }
}
