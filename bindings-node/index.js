'use strict'

const native = require('./native.js')
const { FieldwardError, makeError } = require('./lib/errors.js')
const { fromJson, toJson } = require('./lib/json.js')
const { slices } = require('./lib/slices.js')

const { install, __napiBindingTarget, ...fieldward } = native
install(makeError, toJson, fromJson, slices)

module.exports = { ...fieldward, FieldwardError }
