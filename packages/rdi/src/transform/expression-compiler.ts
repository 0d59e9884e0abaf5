import type { ExpressionProgram, Language } from '../model/expression.ts'

/** Where the languages of expressions come from. */
export interface ExpressionCompiler {
  /**
   * Compiles expressions of one language together.
   *
   * @param realFields names of fields, dotted inside objects, whose numbers are floating-point
   * @throws ExpressionSyntaxError
   */
  compile(
    language: Language,
    texts: readonly string[],
    context: { readonly realFields: readonly string[] },
  ): ExpressionProgram | Promise<ExpressionProgram>
  /**
   * The fields of the object that a JMESPath expression always gives, each with the field of the record that it passes on
   * as it is, where it does; `undefined` where they cannot be told.
   */
  readonly fieldsOf: (text: string) => ReadonlyMap<string, string | undefined> | undefined
  /**
   * The fields of the record that an expression reads, each once, with the one below where it is told (`after.name`); for
   * warnings: rather one too few.
   *
   * @throws ExpressionSyntaxError
   */
  namesOf(language: Language, text: string): readonly string[] | Promise<readonly string[]>
}
