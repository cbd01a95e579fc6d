'use strict'

// The package over the native module with the feature `testing`: it panics where it is asked to, and runs the golden vectors. To be
// required before anything that requires the package.

const library = process.env.FIELDWARD_TESTING
if (library === undefined) throw new Error('missing: FIELDWARD_TESTING, the native module with the feature `testing`: run test.sh')
process.env.NAPI_RS_NATIVE_LIBRARY_PATH = library

module.exports = require('..')
