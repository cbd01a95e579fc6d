#!/bin/sh
# The Kotlin part of the exchange between languages: exchange.sh write DIR | read DIR LANGUAGE... Needs what test.sh built.
exec "$(dirname "$0")/run.sh" fieldward.Exchange "$@"
