/** An error as Redis answered it: `-CODE message`. A value, not thrown: it belongs to one command. */
export class RespError {
  /** First word of the reply, in capitals: `WRONGTYPE`, `OOM`, `ERR`. */
  readonly code: string
  /** The whole reply without its sign. */
  readonly message: string

  constructor(message: string) {
    this.message = message
    const space = message.indexOf(' ')
    this.code = space < 0 ? message : message.slice(0, space)
  }
}
