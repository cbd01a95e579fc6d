package fieldward

/** What an envelope's header says. */
class Inspection internal constructor(found: fieldward.ffi.Inspection) {
    /** The suite: 1 is randomized, 2 deterministic. */
    val suite: Int = found.suite.toInt()

    /** The key, eight hexadecimal digits. */
    val keyId: String = found.keyId

    /** Bytes of the plaintext, its type byte and any padding included. */
    val plaintextLength: Long = found.plaintextLen.toLong()

    /** Whether it is in text form. */
    val isText: Boolean = found.isText
}

/** Reads an envelope's header. Needs no key, and verifies nothing. */
fun inspect(stored: Stored): Inspection = guarded { Inspection(fieldward.ffi.inspect(stored.toFfi())) }
