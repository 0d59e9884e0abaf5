import type { DataSource, PluginContext } from '@millrace/core/plugin'

/** A context as the runtime gives it, and everything that was logged to it. */
export interface TestContext {
  readonly context: PluginContext
  readonly messages: readonly string[]
}

/** A signal that is never aborted. */
export const never: AbortSignal = new AbortController().signal

/** Makes a context for one session. */
export function testContext(
  dataSources: readonly DataSource[] = [],
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
