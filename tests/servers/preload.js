'use strict'

// Loaded with `node -r` ahead of a Kinesis server, which then behaves as a test needs it to.
//
// 1. It listens on loopback only: both servers bind every interface and have no flag for it.
// 2. It takes a port that the system picks, and prints the pair `asked taken`, because a port that was
//    free a moment ago may be gone by the time that a slow server binds it.
// 3. It ends when its standard input does. The test process holds the other end of that pipe, so no server
//    outlives its tests, however they end.
// 4. It keeps a connection that rests for longer than any client does. By itself it closes one after five seconds,
//    whatever is on its way there, and a client without retries fails now and then.
// 5. It keeps what it is given in CBOR and answers whole, which kinesalite does not by itself.

const net = require('net')

// Milliseconds; clients close after 90,000.
const RESTS = 300_000

const listen = net.Server.prototype.listen

net.Server.prototype.listen = function (...args) {
  const options = typeof args[0] === 'object' && args[0] !== null ? args[0] : { port: Number(args[0]) }
  if (options.port === undefined) return listen.apply(this, args)

  const done = args.find((arg) => typeof arg === 'function')
  const asked = options.port
  if (this.keepAliveTimeout !== undefined) this.keepAliveTimeout = RESTS
  this.once('listening', () => console.log(`headwater: ${asked} ${this.address().port}`))
  return listen.call(this, { ...options, port: 0, host: '127.0.0.1' }, done)
}

process.stdin.on('end', () => process.exit(0))
process.stdin.on('error', () => process.exit(0))
process.stdin.resume()

// kinesalite takes data that comes as bytes in CBOR for what JSON has, which is text in base64, and writes down
// `{"type":"Buffer","data":[..]}`, which nobody can read: it is given the text. And its answers in CBOR end after 16 KiB
// and whatever began within them: they are given room.
if (process.argv[1].includes('kinesalite')) {
  const { Decoder, Encoder } = require(require.resolve('cbor', { paths: [process.argv[1]] }))
  const withText = (value) => {
    if (Buffer.isBuffer(value)) return value.toString('base64')
    if (typeof value !== 'object' || value === null) return value
    for (const name of Object.keys(value)) value[name] = withText(value[name])
    return value
  }
  const decode = Decoder.decodeFirstSync
  Decoder.decodeFirstSync = (...args) => withText(decode.apply(Decoder, args))
  const encode = Encoder.encodeOne
  Encoder.encodeOne = (value) => encode.call(Encoder, value, { highWaterMark: 64 * 1024 * 1024 })
}
