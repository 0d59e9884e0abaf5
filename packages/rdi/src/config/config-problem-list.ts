import type { ConfigDocument, ConfigPath, ProblemText } from '@millrace/core/dialect'
import { CleanProblemList, HiddenValues } from './hidden-values.ts'

/**
 * Problems of a file into which values of the environment were filled: no message shows any of them. Parts that were
 * brought into another form are found where they stand in the file.
 */
export class ConfigProblemList extends CleanProblemList {
  readonly #moves: { readonly from: ConfigPath; readonly to: ConfigPath }[] = []

  constructor(document: ConfigDocument) {
    super(document, new HiddenValues())
  }

  /** What was filled in, for the problems of other files that are compared with this one. */
  get hiddenValues(): HiddenValues {
    return this.hidden
  }

  /** What is named by a path that begins with `to` stands at `from` in the file. */
  move(from: ConfigPath, to: ConfigPath): void {
    this.#moves.push({ from, to })
  }

  override error(path: ConfigPath, text: ProblemText | string, part?: 'value' | 'key'): void {
    const place = this.#placeOf(path)
    super.error(place, this.#withoutFound(place, text), part)
  }

  override warn(path: ConfigPath, text: ProblemText | string, part?: 'value' | 'key'): void {
    const place = this.#placeOf(path)
    super.warn(place, this.#withoutFound(place, text), part)
  }

  override hasErrorAt(path: ConfigPath): boolean {
    return super.hasErrorAt(this.#placeOf(path))
  }

  override hasErrorWithin(path: ConfigPath): boolean {
    return super.hasErrorWithin(this.#placeOf(path))
  }

  #placeOf(path: ConfigPath): ConfigPath {
    const move = this.#moves.find(({ to }) => to.every((part, index) => path[index] === part))
    return move === undefined ? path : [...move.from, ...path.slice(move.to.length)]
  }

  /** What was found is perhaps cut short, and no longer to be recognised as the value. */
  #withoutFound(path: ConfigPath, text: ProblemText | string): ProblemText {
    const given = typeof text === 'string' ? { message: text } : text
    const references = this.hidden.referencesAt(path)
    if (references === '') return given
    const found = `found the value of ${references}`
    return { ...given, message: given.message.replace(/\bfound [\s\S]*$/, () => found) }
  }
}
