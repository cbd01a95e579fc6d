// What tsd must not pass: this call is fine.
import { expectError } from 'tsd'
import { inspect } from '../../index.mjs'

expectError(inspect('fw1.'))
