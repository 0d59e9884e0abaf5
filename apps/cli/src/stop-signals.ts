import type { Logger } from '@millrace/core/plugin'

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const

/** Turns SIGINT and SIGTERM into an abort: the first one drains, a second one exits at once. */
export interface StopSignals {
  readonly signal: AbortSignal
  /** 130 or 143 once a signal came. */
  readonly exitCode: number
  dispose(): void
}

export function listenForStop(logger: Logger): StopSignals {
  const controller = new AbortController()
  let exitCode = 0
  const onSignal = (name: keyof typeof exitCodes) => {
    if (controller.signal.aborted) process.exit(exitCodes[name])
    exitCode = exitCodes[name]
    logger.warn(`${name}: finishing the batches under way; once more to exit at once`)
    controller.abort(new Error(`stopped by ${name}`))
  }
  const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[]
  for (const name of names) process.on(name, onSignal)
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    dispose() {
      for (const name of names) process.off(name, onSignal)
    },
  }
}
