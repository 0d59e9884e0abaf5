import { normalize } from 'node:path'
import {
  formatPath,
  ProblemList,
  type ConfigDocument,
  type ConfigPath,
  type ProblemText,
} from '@millrace/core/dialect'

interface HiddenValue {
  readonly where: string
  /** `${NAME}` */
  readonly reference: string
  readonly value: string
}

/** Shorter ones are hidden as whole words only. */
const distinctFrom = 8
/** Shorter ones say nothing, and stand in many messages by chance. */
const hiddenFrom = 3

/** Values of the environment that were filled into a file, kept out of messages. */
export class HiddenValues {
  readonly #values: HiddenValue[] = []

  /** Keeps a value that was put in at `path` out of all messages from now on. */
  hide(path: ConfigPath, reference: string, value: string): void {
    // The name of a file is shown without blanks around it, and without `..` in it.
    for (const form of new Set([value, value.trim(), normalize(value.trim())])) {
      if (form !== '' && form !== '.')
        this.#values.push({ where: formatPath(path), reference, value: form })
    }
    this.#values.sort((a, b) => b.value.length - a.value.length)
  }

  /** What was filled in at a path or around it, as the file has it: `${A} and ${B}`; empty for nothing. */
  referencesAt(path: ConfigPath): string {
    const where = formatPath(path)
    const here = this.#values.filter((one) => where.startsWith(one.where))
    return [...new Set(here.map(({ reference }) => reference))].join(' and ')
  }

  /** The text with `${NAME}` for every value. */
  clean(text: string): string {
    let cleaned = text
    for (const { value, reference } of this.#values) {
      const quoted = JSON.stringify(value).slice(1, -1)
      for (const form of new Set([quoted, value])) {
        if (form.length < hiddenFrom || !cleaned.includes(form)) continue
        cleaned = cleaned.replaceAll(patternOf(form), () => reference)
      }
    }
    return cleaned
  }
}

function patternOf(value: string): string | RegExp {
  if (value.length >= distinctFrom) return value
  const escaped = value.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
  return new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`, 'gu')
}

/** Problems whose messages show none of the hidden values. */
export class CleanProblemList extends ProblemList {
  protected readonly hidden: HiddenValues

  constructor(document: ConfigDocument, hidden: HiddenValues) {
    super(document)
    this.hidden = hidden
  }

  override error(path: ConfigPath, text: ProblemText | string, part?: 'value' | 'key'): void {
    super.error(path, this.cleaned(text), part)
  }

  override warn(path: ConfigPath, text: ProblemText | string, part?: 'value' | 'key'): void {
    super.warn(path, this.cleaned(text), part)
  }

  protected cleaned(text: ProblemText | string): ProblemText {
    const { message, hint } = typeof text === 'string' ? { message: text, hint: undefined } : text
    return {
      message: this.hidden.clean(message),
      ...(hint === undefined ? {} : { hint: this.hidden.clean(hint) }),
    }
  }
}
