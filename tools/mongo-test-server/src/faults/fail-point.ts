import type { BsonDocument } from '../documents/bson-document.ts'
import { CommandError, errorName } from '../commands/command-error.ts'

/** What is to happen to a command. */
export interface CommandFault {
  readonly closeConnection: boolean
  /** How long to wait before. */
  readonly blockMs: number
  readonly error: CommandError | undefined
}

/**
 * The fail point `failCommand`, as MongoDB's own servers have it for tests:
 * https://github.com/mongodb/mongo/wiki/The-%22failCommand%22-fail-point.
 */
export class FailPoint {
  #data: BsonDocument = {}
  /** How many commands are still let through. */
  #skip = 0
  #times = 0

  /**
   * @param mode `'off'`, `'alwaysOn'`, `{times: n}`, `{skip: n}`
   * @param data `failCommands`, and `errorCode`, `errorLabels`, `closeConnection`, `blockConnection`, `blockTimeMS`
   */
  configure(mode: unknown, data: BsonDocument): void {
    const counts = Object(mode)
    this.#data = data
    this.#skip = Number(counts['skip'] ?? 0)
    this.#times = mode === 'off' ? 0 : Number(counts['times'] ?? Infinity)
  }

  /**
   * @param command name
   * @returns what is to happen to it, counted as done
   */
  take(command: string): CommandFault | undefined {
    const commands: unknown = this.#data['failCommands']
    if (this.#times <= 0 || !Array.isArray(commands) || !commands.includes(command))
      return undefined
    if (this.#skip > 0) {
      this.#skip -= 1
      return undefined
    }
    this.#times -= 1
    const { closeConnection, blockConnection, blockTimeMS, errorCode, errorLabels } = this.#data
    return {
      closeConnection: closeConnection === true,
      blockMs: blockConnection === true ? Number(blockTimeMS ?? 0) : 0,
      error: errorCode === undefined ? undefined : injected(Number(errorCode), errorLabels),
    }
  }
}

function injected(code: number, labels: unknown): CommandError {
  const codeName = errorName(code)
  const given = Array.isArray(labels) ? labels.map(String) : []
  return new CommandError({ code, codeName }, "Failing command via 'failCommand' failpoint", {
    labels: given,
  })
}
