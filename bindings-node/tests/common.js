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

/** What a call gives, or `{error: code}`. */
const outcome = (call) => {
  try {
    return call()
  } catch (error) {
    if (!(error instanceof fw.FieldwardError)) throw error
    return { error: error.code }
  }
}

module.exports = { ROOT, START, cases, fieldOf, optionsOf, outcome, schemaOf }
