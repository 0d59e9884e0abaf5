import type { Logger } from '@millrace/core/plugin'
import { printable } from './render/printable.ts'

/** Levels of `--log-level`, from most to least. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** A logger with what the commands need besides. */
export interface CliLogger extends Logger {
  error(message: string): void
  /** These texts never appear in any message. */
  hide(secrets: readonly string[]): void
}

/** Writes messages of at least `level` to `write`, one line each, secrets blanked out. */
export function createLogger(level: LogLevel, write: (text: string) => void): CliLogger {
  const hidden = new Set<string>()
  const redact = (text: string) => {
    let redacted = text
    for (const secret of hidden) redacted = redacted.replaceAll(secret, '***')
    return redacted
  }
  const log = (messageLevel: LogLevel) => (message: string) => {
    if (logLevels.indexOf(messageLevel) < logLevels.indexOf(level)) return
    write(`${messageLevel === 'info' ? '' : `${messageLevel}: `}${printable(redact(message))}\n`)
  }
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    hide(secrets) {
      // A secret of one or two letters would blank out half of every message.
      for (const secret of secrets) if (secret.length > 2) hidden.add(secret)
    },
  }
}
