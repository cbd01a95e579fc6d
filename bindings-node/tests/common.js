'use strict'

// A keyring in memory with a clock that the test moves.

const fs = require('node:fs')
const path = require('node:path')
const fw = require('..')

const START = 1_767_225_600
const ROOT = path.resolve(__dirname, '../..')

const schemaOf = (fields, options = {}) => fw.Schema.fromJson(JSON.stringify({
  format: 'fieldward-schema', version: 1, table: 'patients', record_id: [{ path: 'id', type: 'text' }], ...options, fields
}))

/** A randomized field `x` of this type that binds no record. */
const fieldOf = (type, options = {}) => ({ id: 'x', type, mode: 'randomized', record_binding: 'none', ...options })

const optionsOf = (options = {}) => ({
  id: 'clinic',
  providers: { primary: fw.LocalKeyProvider.generate() },
  store: new fw.MemoryStore(),
  noPin: 'tests of one process',
  clock: new fw.ManualClock(START),
  ...options
})

const cases = (room) => JSON.parse(fs.readFileSync(path.join(ROOT, 'core/vectors', `${room}.json`), 'utf8')).cases

/** Text of the vectors, as it is or as a part and how often it stands. */
const textOf = (source) => typeof source === 'string' ? source : source.repeat.repeat(source.times)

/** Bytes of the vectors, as hexadecimal digits or as a beginning and what fills the rest. */
function bytesOf (source) {
  if (typeof source === 'string') return Buffer.from(source, 'hex')
  const beginning = bytesOf(source.prefix)
  return Buffer.concat([beginning, Buffer.alloc(source.len - beginning.length, bytesOf(source.fill))])
}

/** What a call gives, or `{error: code}`. */
const outcome = (call) => {
  try {
    return call()
  } catch (error) {
    if (!(error instanceof fw.FieldwardError)) throw error
    return { error: error.code }
  }
}

module.exports = { ROOT, START, bytesOf, cases, fieldOf, optionsOf, outcome, schemaOf, textOf }
