import { isRecord, type ConfigPath } from '../config/config-path.ts'
import { isSecretKey } from '../config/describe-value.ts'
import type { ProblemText } from '../config/problem-list.ts'
import { suggestKey } from '../config/suggest-key.ts'
import {
  businessDate,
  scheduledDate,
  systemParameter,
  type ScheduleClock,
} from './date-expression.ts'

const placeholder = /\$\{([^{}$]*)\}|\$\[([^[\]]*)\]|\$(bizdate|cyctime|gmtdate|bizmonth)(?![\w$])/g

/** Called for each placeholder that cannot be filled. */
export type OnParameterProblem = (
  severity: 'error' | 'warning',
  path: ConfigPath,
  text: ProblemText,
) => void

/** Fills the parameters of job files: `${name}`, `$[yyyymmdd-1]`, `$bizdate`, `${yyyymmdd}`. */
export class ParameterFiller {
  readonly #values: ReadonlyMap<string, string>
  readonly #clock: ScheduleClock
  readonly #used = new Set<string>()

  /**
   * `given` are the values of `--set`; date expressions in them are computed here, once.
   * Problems in them are reported with the name as path.
   */
  constructor(
    given: Readonly<Record<string, string>>,
    clock: ScheduleClock,
    onProblem: OnParameterProblem,
  ) {
    this.#clock = clock
    const dates = new Map<string, string>()
    for (const [name, value] of Object.entries(given)) {
      const text = value.replaceAll(
        placeholder,
        (match, name_?: string, date?: string, system?: string) => {
          const filled = this.#dateValue(name_, date, system)
          if (filled === undefined) return match
          if ('text' in filled) return filled.text
          onProblem('error', [name], { message: `${match}: ${filled.problem}` })
          return match
        },
      )
      dates.set(name, text)
    }
    this.#values = dates
  }

  /** Names of `--set` that no placeholder has used so far. */
  get unused(): readonly string[] {
    return [...this.#values.keys()].filter((name) => !this.#used.has(name))
  }

  /**
   * A copy of a value tree with the parameters in its texts filled, once each: what a parameter brings is not looked
   * at again. Keys are left alone, and so are secrets and URLs of data sources.
   */
  fill(value: unknown, onProblem: OnParameterProblem, path: ConfigPath = []): unknown {
    if (typeof value === 'string') return this.#fillText(value, path, onProblem)
    if (Array.isArray(value)) {
      return value.map((item, index) => this.fill(item, onProblem, [...path, index]))
    }
    if (!isRecord(value)) return value
    const copy: Record<string, unknown> = {}
    for (const [key, child] of Object.entries(value)) {
      Object.defineProperty(copy, key, {
        value: this.fill(child, onProblem, [...path, key]),
        enumerable: true,
        writable: true,
        configurable: true,
      })
    }
    return copy
  }

  #fillText(text: string, path: ConfigPath, onProblem: OnParameterProblem): string {
    if (!text.includes('$')) return text
    const key = path.findLast((part) => typeof part === 'string') ?? ''
    if (isSecretKey(key)) {
      if (/^\$\{(?!env:)[^{}]*\}$/.test(text)) {
        const hint = 'Secrets are taken as written; write ${env:NAME} for an environment variable.'
        onProblem('warning', path, { message: 'parameters are not filled in secrets', hint })
      }
      return text
    }
    if (key === 'datasource' && text.includes('://')) return text
    const isConnection = key === 'jdbcUrl' || key === 'username'
    return text.replaceAll(placeholder, (match, name?: string, date?: string, system?: string) => {
      if (isConnection && name?.startsWith('env:') === true) return match
      const filled = this.#value(name, date, system)
      if (filled === undefined) return match
      if ('text' in filled) return filled.text
      onProblem('error', path, { message: `${match}: ${filled.problem}`, hint: filled.hint })
      return match
    })
  }

  #value(
    name: string | undefined,
    date: string | undefined,
    system: string | undefined,
  ): { text: string } | { problem: string; hint?: string } | undefined {
    const wanted = (name ?? system)?.trim()
    const given = wanted === undefined ? undefined : this.#values.get(wanted)
    if (wanted !== undefined && given !== undefined) {
      this.#used.add(wanted)
      return { text: given }
    }
    const filled = this.#dateValue(name, date, system)
    if (filled !== undefined || name === undefined) return filled
    return { problem: `the parameter has no value`, hint: this.#hint(name.trim()) }
  }

  #hint(name: string): string {
    if (name.startsWith('env:')) return 'Environment variables are filled in data sources only.'
    if (/^[yY]{2,4}[\W_]?(MM|mm)/.test(name)) {
      return 'Date formats are written in small letters: ${yyyymmdd}.'
    }
    const nearest = suggestKey(name, this.#values.keys())
    const give = `Give it with --set ${name === '' ? 'name' : name}=value.`
    return nearest === undefined ? give : `${give} Did you mean \${${nearest}}?`
  }

  #dateValue(
    name: string | undefined,
    date: string | undefined,
    system: string | undefined,
  ): { text: string } | { problem: string } | undefined {
    if (date !== undefined) return scheduledDate(date.trim(), this.#clock)
    const wanted = system ?? name?.trim() ?? ''
    const value = systemParameter(wanted, this.#clock)
    if (value !== undefined) return { text: value }
    return system === undefined ? businessDate(wanted, this.#clock) : undefined
  }
}
