/** The server's error in an ERR packet, in the form of the driver's errors. */
export function serverErrorOf(payload: Buffer): Error {
  const hasState = payload[3] === 0x23
  const message = payload.toString('utf8', hasState ? 9 : 3)
  return Object.assign(new Error(message), { errno: payload.readUInt16LE(1), sqlMessage: message })
}
