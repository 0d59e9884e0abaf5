/** What is wrong with a pattern or a replacement, to go on a sentence. */
export class PatternError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PatternError'
  }
}
