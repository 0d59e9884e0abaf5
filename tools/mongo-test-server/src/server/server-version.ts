/** Wire versions by release: https://github.com/mongodb/mongo/blob/v8.0/src/mongo/db/wire_version.h. */
const wireVersions = {
  '4.2.0': 8,
  '4.4.0': 9,
  '5.0.0': 13,
  '6.0.9': 17,
  '7.0.0': 21,
  '8.0.0': 25,
} as const

/** A release that the server can pass for. */
export type ReleaseName = keyof typeof wireVersions

/** What a client is told of the release, and what that can do. */
export class ServerVersion {
  readonly name: ReleaseName
  readonly wireVersion: number

  constructor(name: ReleaseName) {
    this.name = name
    this.wireVersion = wireVersions[name]
  }

  get parts(): readonly number[] {
    return [...this.name.split('.').map(Number), 0]
  }

  /** Reads outside of transactions see one instant: 5.0 and later. */
  get readsSnapshots(): boolean {
    return this.wireVersion >= wireVersions['5.0.0']
  }
}
